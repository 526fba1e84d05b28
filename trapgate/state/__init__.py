"""To come: state."""
