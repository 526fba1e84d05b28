"""The event store by its kind: the one that ingest writes, and the one that others read."""

from trapgate.app.layout import Layout
from trapgate.app.settings import StoreSettings
from trapgate.observe import Metrics, logger
from trapgate.ports import KeptStore
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.folder import held_parts
from trapgate.store.sqlite.store import refuse_newer

COUNTED_MAX = 2_000_000
"""Events that one count reads in the process that pages: a minute of a thread beside it, which
costs a page some milliseconds. Counts by the fields that files are indexed by read none."""


def store_to_write(settings: StoreSettings, layout: Layout, metrics: Metrics) -> KeptStore:
    """The store of the one process that writes. Raises what the store raises that cannot be opened;
    that a server does not answer is no reason."""
    if settings.kind == "elasticsearch":
        _tell_left_behind(layout)
        return _elasticsearch(settings, metrics, read_only=False)
    return SqliteEventStore.open(layout.events, metrics=metrics)


def check_schema(settings: StoreSettings, layout: Layout) -> None:
    """Raises `NewerSchema` if the data folder has event files of a newer trapgate, which this one
    must neither change nor leave out."""
    if settings.kind == "sqlite":
        refuse_newer(layout.events)


def store_to_read(
    settings: StoreSettings, layout: Layout, metrics: Metrics, counted_max: int | None = None
) -> KeptStore:
    """The store for those who only read, of whom there may be many. A count of SQLite's reads
    `counted_max` events at most; that of servers has a bound of its own."""
    if settings.kind == "elasticsearch":
        return _elasticsearch(settings, metrics, read_only=True)
    return SqliteEventStore.open(layout.events, read_only=True, counted_max=counted_max)


def _tell_left_behind(layout: Layout) -> None:
    files = len(held_parts(layout.events))
    if files:
        logger().warning(
            "store.left-behind",
            folder=str(layout.events),
            files=files,
            help="events of before are in these files only: read them with `trapgate events "
            "--config` and a configuration with kind: sqlite, or delete them",
        )


def _elasticsearch(settings: StoreSettings, metrics: Metrics, *, read_only: bool) -> KeptStore:
    # loaded only where it is used: the client takes half a second and 20 MB
    from trapgate.store.elastic.store import ElasticsearchEventStore

    return ElasticsearchEventStore.open(
        settings.elasticsearch,
        retention_days=settings.retention_days,
        metrics=metrics,
        read_only=read_only,
    )
