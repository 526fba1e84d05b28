"""To come: query."""
