"""Where events are kept and found: `sqlite`, the embedded default, one file a day.

In: batches of events, in the order of the raw spool. Out: events by query, position or id.
"""

from trapgate.store.errors import (
    NewerSchema,
    StoreLocked,
    StoreUnavailable,
    TooManyGroups,
    TooManyRows,
    Unstorable,
)
from trapgate.store.sqlite.store import RETENTION_BYTES_MAX, RETENTION_DAYS, SqliteEventStore

__all__ = [
    "RETENTION_BYTES_MAX",
    "RETENTION_DAYS",
    "NewerSchema",
    "SqliteEventStore",
    "StoreLocked",
    "StoreUnavailable",
    "TooManyGroups",
    "TooManyRows",
    "Unstorable",
]
