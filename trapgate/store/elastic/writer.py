"""The write side: templates first, then events in order, each once.

In: batches of events. Out: all of them stored, or why not: `Rejected`, `StoreUnavailable`.
"""

import time
from collections.abc import Callable, Sequence

from prometheus_client import Histogram

from trapgate.model import Event
from trapgate.store.elastic.bulk import Answered, Line, lines_of, requests, send
from trapgate.store.elastic.client import Cluster, Refused, Unanswered
from trapgate.store.elastic.replays import Replays
from trapgate.store.elastic.search import Search
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.errors import Rejected, StoreUnavailable

Try = Callable[[], Answered]
"""Writes what is left of a request's events. Raises `StoreUnavailable`."""


class Writer:
    """For one thread at a time."""

    def __init__(
        self,
        cluster: Cluster,
        search: Search,
        settings: ElasticsearchSettings,
        *,
        install: Callable[[], None],
        tried: Callable[[Try], Answered],
        replays: Replays,
        bulk_seconds: Histogram,
    ) -> None:
        """`install` makes the templates; it is called before the first write, and again after each
        that failed: the servers may be others then. `tried` calls something with the few quick
        tries of one attempt."""
        self._cluster = cluster
        self._search = search
        self._settings = settings
        self._install = install
        self._tried = tried
        self._bulk_seconds = bulk_seconds
        self._installed = False
        self._replays = replays

    def write(self, events: Sequence[Event]) -> None:
        """Store a batch; see `ElasticsearchEventStore.write`."""
        lines, refused = lines_of(events, self._settings.namespace)
        doubtful = self._replays.doubtful(events)
        ids = frozenset(event.id for event in doubtful)
        there: set[str] = set()
        try:
            for part in requests(lines, self._settings.bulk_size):
                done = self._tried(_Part(part, ids, self.prepare, self._search.there, self._send))
                refused += done.refused
                there |= done.there
        except StoreUnavailable:
            self._replays.doubt()
            self._installed = False
            raise
        self._replays.settled(doubtful, there)
        if refused:
            raise Rejected(refused)

    def prepare(self) -> None:
        """Make sure of the templates. Raises `StoreUnavailable`."""
        if not self._installed:
            self._install()
            self._installed = True

    def look(self) -> None:
        """Ask the servers for the templates, and make those that are missing; nothing is written.
        Raises `StoreUnavailable`."""
        self._installed = False
        self.prepare()

    def _send(self, lines: Sequence[Line]) -> Answered:
        started = time.monotonic()
        try:
            return send(self._cluster, lines)
        except Refused as refused:
            raise StoreUnavailable(f"_bulk is refused: {refused}") from refused
        finally:
            self._bulk_seconds.observe(time.monotonic() - started)


class _Part:
    """One request's worth of events: each call is a try, and does what earlier ones have left."""

    def __init__(
        self,
        lines: Sequence[Line],
        doubtful: frozenset[str],
        prepare: Callable[[], None],
        there: Callable[[Sequence[str]], set[str]],
        send: Callable[[Sequence[Line]], Answered],
    ) -> None:
        """`doubtful` are the ids that may be `there` already."""
        self._left = lines
        self._doubtful = doubtful
        self._prepare = prepare
        self._there = there
        self._send = send
        self._done = Answered()

    def __call__(self) -> Answered:
        self._prepare()
        asked = [line.event.id for line in self._left if line.event.id in self._doubtful]
        if asked:
            there = self._there(asked)
            self._done.there |= there
            self._left = [line for line in self._left if line.event.id not in there]
        if self._left:
            try:
                self._write()
            except Unanswered as error:
                if error.ambiguous:
                    self._doubtful |= {line.event.id for line in self._left}
                raise
        return self._done

    def _write(self) -> None:
        answered = self._send(self._left)
        self._left = answered.again
        self._done.refused += answered.refused
        self._done.there |= answered.there
        if answered.trouble is not None:
            raise answered.trouble
