"""Where the legs of ingest lead: the event store and the matches spool, with their failures named.

A sink that cannot take a batch raises `Blocked`; one event that cannot be stored is replaced by a
note of that, and dropped if not even the note can be: it does not hold up the rest.
"""

from collections.abc import Callable, Sequence

import msgspec

from trapgate.model import Event, Position, Problem
from trapgate.normalize.undecoded import UNDECODED_CODE
from trapgate.observe import logger
from trapgate.pipeline.leg import Blocked
from trapgate.ports import EventStore, SpoolWriter
from trapgate.spool import Doorbell, SpoolFull
from trapgate.store import StoreUnavailable, Unstorable

UNSTORABLE = Problem("unstorable", "error", "the event could not be stored as it was: a bug")


class StoreSink:
    """Batches of events into the store. `on_lost` is called for each event that is dropped."""

    def __init__(self, store: EventStore, on_lost: Callable[[], None]) -> None:
        self._store = store
        self._on_lost = on_lost

    def __call__(self, events: Sequence[Event]) -> None:
        """Raises `Blocked`."""
        remaining = list(events)
        while True:
            try:
                self._store.write(remaining)
                return
            except StoreUnavailable as error:
                raise Blocked(error.reason) from error
            except Unstorable as error:
                logger().error("store.unstorable", reason=str(error))
                remaining = self._without(remaining, error.position)

    def _without(self, events: Sequence[Event], position: Position) -> list[Event]:
        """These events, a note instead of the one at this position; if that is a note already, it
        is left out. Raises `ValueError` if there is none, which is a bug of the store."""
        index = [event.position for event in events].index(position)
        event = events[index]
        instead = [_note(event)]
        if UNSTORABLE in event.problems:
            logger().error("store.lost", position=position.sequence)
            self._on_lost()
            instead = []
        return [*events[:index], *instead, *events[index + 1 :]]


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
