"""To come: alerting."""
