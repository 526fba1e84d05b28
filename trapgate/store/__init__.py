"""To come: store."""
