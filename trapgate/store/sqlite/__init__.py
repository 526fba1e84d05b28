"""The embedded event store: SQLite files, one folder for one trapgate."""
