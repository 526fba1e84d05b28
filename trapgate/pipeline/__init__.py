"""To come: pipeline."""
