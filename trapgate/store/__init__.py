"""Where events are kept and found: `sqlite`, the embedded default, or `elastic`, a cluster's data
streams, which is imported only where it is configured (`trapgate.store.elastic.store`).

In: batches of events, in the order of the raw spool. Out: events by query, position or id.
"""

from trapgate.store.elastic.settings import ElasticsearchSettings, check_elasticsearch
from trapgate.store.elastic.tls import check_elasticsearch_files
from trapgate.store.errors import (
    NewerSchema,
    OlderSchema,
    Rejected,
    StoreLocked,
    StoreUnavailable,
    TooManyGroups,
    TooManyRows,
    TooManyWords,
    TooWide,
    Unstorable,
)
from trapgate.store.sqlite.indexer import Indexer
from trapgate.store.sqlite.store import RETENTION_BYTES_MAX, RETENTION_DAYS, SqliteEventStore

__all__ = [
    "RETENTION_BYTES_MAX",
    "RETENTION_DAYS",
    "ElasticsearchSettings",
    "Indexer",
    "NewerSchema",
    "OlderSchema",
    "Rejected",
    "SqliteEventStore",
    "StoreLocked",
    "StoreUnavailable",
    "TooManyGroups",
    "TooManyRows",
    "TooManyWords",
    "TooWide",
    "Unstorable",
    "check_elasticsearch",
    "check_elasticsearch_files",
]
