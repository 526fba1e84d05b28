"""To come: spool."""
