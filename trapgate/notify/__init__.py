"""To come: notify."""
