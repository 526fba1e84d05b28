"""To come: app."""
