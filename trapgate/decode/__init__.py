"""To come: decode."""
