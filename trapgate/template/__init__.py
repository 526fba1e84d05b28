"""To come: template."""
