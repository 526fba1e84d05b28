"""Where the legs of ingest lead: the event store and the matches spool, with their failures named.

A sink that cannot take a batch raises `Blocked`; one event that cannot be stored goes to the
quarantine and is replaced by a note, which is dropped if it cannot be stored either: it does not
hold up the rest.
"""

from collections.abc import Callable, Sequence

import msgspec

from trapgate.model import Event, Problem
from trapgate.normalize.undecoded import UNDECODED_CODE
from trapgate.observe import Alarm, Metrics, logger
from trapgate.pipeline.leg import DURABLE, Blocked, Receipt
from trapgate.ports import EventStore, SpoolWriter
from trapgate.spool import Doorbell, SpoolFull
from trapgate.store import Rejected, StoreUnavailable
from trapgate.store.quarantine import Quarantine

UNSTORABLE = Problem("unstorable", "error", "the event could not be stored as it was")


class StoreSink:
    """Batches of events into the store. What the store refuses for good is kept in the quarantine,
    and a note of it is stored instead."""

    def __init__(
        self, store: EventStore, kind: str, quarantine: Quarantine, metrics: Metrics
    ) -> None:
        """`kind` is what the user calls the store."""
        self._store = store
        self._away = Alarm(metrics, "store.away", kind)
        self._quarantine = quarantine
        self._failures = metrics.counter("trapgate_store_write_failures_total")
        self._lost = metrics.counter("trapgate_ingest_failures_total").labels("unstorable")

    def __call__(self, events: Sequence[Event]) -> Receipt:
        """Write, durable on return. Raises `Blocked`, whatever the store raises: paging goes on
        then, and events wait in the spool for who mends it."""
        remaining = events
        try:
            while remaining:
                remaining = self._write(remaining)
        except StoreUnavailable as error:
            raise self._blocked(error.reason) from error
        except Exception as bug:
            if not self._away.on:
                logger().exception("store.failed")
            raise self._blocked(f"{type(bug).__name__}: {bug}") from bug
        return DURABLE

    def _blocked(self, reason: str) -> Blocked:
        self._failures.inc()
        self._away.begin(reason=reason)
        return Blocked(reason)

    def _write(self, events: Sequence[Event]) -> Sequence[Event]:
        """Write; returns what is still to be written."""
        try:
            self._store.write(events)
        except Rejected as error:
            logger().error("store.unstorable", reason=str(error))
            return self._without(events, error)
        self._away.end()
        return ()

    def _without(self, events: Sequence[Event], rejected: Rejected) -> list[Event]:
        """What is still to be written: a note instead of each event that is rejected, and the rest
        if it is not stored yet. If a note is rejected it is left out. Raises `ValueError` if there
        is none of the events, which is a bug of the store."""
        reasons = dict(rejected.events)
        if not reasons.keys() <= {event.position for event in events}:
            raise ValueError(f"the store refuses what it was not given: {rejected}")
        remaining: list[Event] = []
        originals: list[tuple[Event, str]] = []
        for event in events:
            if event.position not in reasons:
                if not rejected.rest_written:
                    remaining.append(event)
            elif UNSTORABLE in event.problems:
                logger().error("store.lost", position=event.position.sequence)
                self._lost.inc()
            else:
                originals.append((event, reasons[event.position]))
                remaining.append(_note(event))
        self._quarantine.events(originals)
        return remaining


def _note(event: Event) -> Event:
    """What is left of an event that cannot be stored: who, when it arrived, and its bytes.
    Everything that an earlier stage may have got wrong is replaced."""
    return msgspec.structs.replace(
        event,
        timestamp=event.received_at,
        clock="arrival",
        severity=None,
        code=UNDECODED_CODE,
        device=event.source.address,
        labels={},
        fields={"event.reason": UNSTORABLE.code},
        message=UNSTORABLE.summary,
        problems=(UNSTORABLE,),
    )


class MatchesSink:
    """Batches of matches into their spool, and a ring for who reads it.

    `trim` deletes what is read; it is given because deletion is not part of the port.
    """

    def __init__(self, writer: SpoolWriter, bell: Doorbell, trim: Callable[[], None]) -> None:
        self.trim = trim
        self._writer = writer
        self._bell = bell

    def __call__(self, payloads: Sequence[bytes]) -> None:
        """Raises `Blocked`."""
        try:
            self._writer.append(payloads)
        except SpoolFull as error:
            self.trim()
            raise Blocked(str(error)) from error
        except OSError as error:
            raise Blocked(f"the matches spool: {error.strerror}") from error
        self._bell.ring()
