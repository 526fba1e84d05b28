"""To come: rules."""
