"""The loop of the index process: full text, a second behind the store.

In: what another process has written into the event store. Out: the words of it, and how far behind
they are. Nothing waits for it: who searches reads the events that have no words yet.
"""

import select
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from trapgate.model import NS_PER_S, Now
from trapgate.observe import Follower, Metrics
from trapgate.store import Indexer

LOOK_S = 1.0
"""Pause between two looks at the store: with each second's events in one transaction a quiet
network costs next to nothing."""

REST_S = 10.0
"""Longest rest between two pieces of work while ingest has a backlog: what comes in a flood is
stored before its words are indexed, but not for ever."""

PUBLISH_NS = NS_PER_S
"""How often the metrics are published while there is no pause."""


class Indexing:
    """Runs until `stop`, a descriptor, is readable."""

    def __init__(
        self,
        indexer: Indexer,
        metrics: Metrics,
        metrics_path: Path,
        *,
        stop: int,
        clock: Callable[[], Now],
        backlog: Callable[[], bool] = lambda: False,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`backlog` says whether ingest has one; `beat` is called as the loop turns."""
        self._indexer = indexer
        self._metrics = metrics
        self._metrics_path = metrics_path
        self._stop = stop
        self._clock = clock
        self._backlog = backlog
        self._beat = beat
        self._lag = metrics.gauge("trapgate_store_words_lag_events")
        failures = metrics.counter("trapgate_store_words_failures_total")
        self._count_failures = Follower(failures, lambda: indexer.failures)
        self._publish_at = 0

    def run(self) -> None:
        """Go on until told to stop, then close what is open."""
        while self.turn() and not self._stopped(LOOK_S):
            continue
        self._publish()
        self.close()

    def turn(self) -> bool:
        """Index all that is new; returns whether to go on: a piece of work lies between two looks
        at `stop`."""
        for _ in self._indexer.round():
            if self._rested():
                return False
            if self._clock().elapsed_ns >= self._publish_at:
                self._publish()
        self._publish()
        return True

    def close(self) -> None:
        """Close the file that is open; safe twice."""
        with suppress(sqlite3.Error):  # a full disk refuses to fold the journal in: it stays
            self._indexer.close()

    def _rested(self) -> bool:
        """Let a backlog of ingest pass, for a while; returns whether to stop."""
        until = self._clock().elapsed_ns + int(REST_S * NS_PER_S)
        stopped = self._stopped(0)
        while not stopped and self._backlog() and self._clock().elapsed_ns < until:
            stopped = self._stopped(LOOK_S)
        return stopped

    def _stopped(self, within_s: float) -> bool:
        self._beat()
        return bool(select.select([self._stop], [], [], within_s)[0])

    def _publish(self) -> None:
        self._publish_at = self._clock().elapsed_ns + PUBLISH_NS
        self._count_failures()
        self._lag.set(self._indexer.lag)
        with suppress(OSError):  # a full disk must not end it
            self._metrics.publish(self._metrics_path)
