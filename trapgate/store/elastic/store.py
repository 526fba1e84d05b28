"""The event store in Elasticsearch: two data streams, written by ingest, read by anybody.

In: batches of events. Out: events by query, position or id. Every call blocks until the servers
have answered, or raises `StoreUnavailable`: who calls has to be a thread that may wait.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self, TypeVar

from trapgate.model import Event, Now, Place, Position
from trapgate.model.query import Query
from trapgate.observe import Metrics
from trapgate.store.elastic.client import Cluster, Unanswered, tries
from trapgate.store.elastic.install import install
from trapgate.store.elastic.replays import ASKED_EVENTS, Replays
from trapgate.store.elastic.search import Search
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.writer import Writer
from trapgate.store.errors import StoreUnavailable

T = TypeVar("T")


class ElasticsearchEventStore:
    """Implements `ports.EventStore`.

    `write` is for one thread at a time, any thread may read. What was written is found about a
    second later. Newest first means: by `received_at`, then by position (stream, sequence).
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ElasticsearchSettings,
        *,
        retention_days: int,
        metrics: Metrics,
        read_only: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        asked_events: int = ASKED_EVENTS,
    ) -> None:
        self._cluster = cluster
        self._read_only = read_only
        self._sleep = sleep
        self._failures = metrics.counter("trapgate_store_request_failures_total")
        self._search = Search(cluster, settings.namespace)
        self._writer = Writer(
            cluster,
            self._search,
            settings,
            install=lambda: install(cluster, settings, retention_days),
            tried=self._tried,
            replays=Replays(asked_events),
            bulk_seconds=metrics.histogram("trapgate_store_bulk_seconds"),
        )

    @classmethod
    def open(
        cls,
        settings: ElasticsearchSettings,
        *,
        retention_days: int,
        metrics: Metrics,
        read_only: bool = False,
    ) -> Self:
        """Open the store; no server is contacted. Raises `OSError` for certificates that cannot be
        read."""
        away = metrics.counter("trapgate_store_node_failures_total")
        return cls(
            Cluster(settings, lambda url: away.labels(url).inc()),
            settings,
            retention_days=retention_days,
            metrics=metrics,
            read_only=read_only,
        )

    def write(self, events: Sequence[Event]) -> None:
        """Store a batch: on return the servers have all of it, in order. Writing an event again
        changes nothing.

        Raises `Rejected` for events that the servers refuse for good, when all others are stored;
        `StoreUnavailable` when they cannot take it now: some of it may be stored.
        """
        if self._read_only:
            raise ValueError("the store was opened to read only")
        self._writer.write(events)

    def probe(self) -> None:
        """Ask whether the servers would take events, with the rights to make templates; for the
        thread that writes. Raises `StoreUnavailable`."""
        self._tried(self._writer.look)

    def search(
        self, query: Query, *, start: int, end: int, limit: int, before: Place | None = None
    ) -> Sequence[Event]:
        """The newest `limit` events received in [start, end) that meet the query."""
        return self._tried(lambda: list(self._search.newest(query, start, end, limit, before)))

    def aggregate(
        self, query: Query, by: Sequence[str], *, start: int, end: int
    ) -> Mapping[tuple[str, ...], int]:
        """How many events received in [start, end) meet the query, by the values of the fields.

        An event without a field counts under "", one with several values under each of them; a
        boolean is `true` or `false`. The servers count by fields with fixed names; by others
        (`snmp.vb.x`, labels, `message`) the events are read. Raises `TooManyGroups`,
        `TooManyRows`: the answer is never a part.
        """
        return self._tried(lambda: self._search.counts(query, by, start, end))

    def since(self, position: Position, limit: int) -> Sequence[Event]:
        """The first `limit` events of this stream after a position, oldest first."""
        return self._tried(lambda: list(self._search.after(position, limit)))

    def get(self, event_id: str) -> Event | None:
        """The event with this id."""
        return self._tried(lambda: self._search.named(event_id))

    def damaged(self, *, start: int, end: int) -> Sequence[str]:
        """Nothing: an answer of which the servers lack a part is refused."""
        return ()

    def retain(self, now: Now, *, days: int, bytes_max: int) -> Sequence[str]:
        """Nothing: the servers delete what is old, by the data streams' lifecycle."""
        return ()

    def close(self) -> None:
        """Close the connections; safe twice."""
        self._cluster.close()

    def _tried(self, what: Callable[[], T]) -> T:
        """A few quick tries; each failure is counted."""

        def counted() -> T:
            try:
                return what()
            except Unanswered as error:
                self._failures.labels(error.kind).inc()
                raise
            except StoreUnavailable:
                self._failures.labels("refused").inc()
                raise

        found: T = tries(self._sleep)(counted)
        return found
