"""To come: web."""
