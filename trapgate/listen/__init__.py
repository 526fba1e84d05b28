"""To come: listen."""
