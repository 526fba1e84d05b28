"""To come: mib."""
