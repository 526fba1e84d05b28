"""The event store by its kind: the one that ingest writes, and the one that others read."""

from trapgate.app.layout import Layout
from trapgate.app.settings import StoreSettings
from trapgate.observe import Metrics
from trapgate.ports import KeptStore
from trapgate.store import SqliteEventStore


def store_to_write(settings: StoreSettings, layout: Layout, metrics: Metrics) -> KeptStore:
    """The store of the one process that writes. Raises what the store raises that cannot be opened;
    that a server does not answer is no reason."""
    if settings.kind == "elasticsearch":
        return _elasticsearch(settings, metrics, read_only=False)
    return SqliteEventStore.open(layout.events)


def store_to_read(settings: StoreSettings, layout: Layout, metrics: Metrics) -> KeptStore:
    """The store for those who only read, of whom there may be many."""
    if settings.kind == "elasticsearch":
        return _elasticsearch(settings, metrics, read_only=True)
    return SqliteEventStore.open(layout.events, read_only=True)


def _elasticsearch(settings: StoreSettings, metrics: Metrics, *, read_only: bool) -> KeptStore:
    # loaded only where it is used: the client takes half a second and 20 MB
    from trapgate.store.elastic.store import ElasticsearchEventStore

    return ElasticsearchEventStore.open(
        settings.elasticsearch,
        retention_days=settings.retention_days,
        metrics=metrics,
        read_only=read_only,
    )
