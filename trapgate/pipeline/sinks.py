"""Where the legs of ingest lead: the event store and the matches spool, with their failures named.

A sink that cannot take a batch raises `Blocked`; one event that cannot be stored is replaced by a
note of that, so that it does not hold up the rest.
"""

from collections.abc import Callable, Sequence

import msgspec

from trapgate.model import Event, Problem
from trapgate.normalize.undecoded import UNDECODED_CODE
from trapgate.observe import logger
from trapgate.pipeline.ingest import Blocked
from trapgate.ports import EventStore, SpoolWriter
from trapgate.spool import Doorbell, SpoolFull
from trapgate.store import StoreUnavailable, Unstorable

UNSTORABLE = Problem("unstorable", "error", "the event could not be stored as it was: a bug")


class StoreSink:
    """Batches of events into the store."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

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
                remaining = [
                    _note(event, error) if event.position == error.position else event
                    for event in remaining
                ]


def _note(event: Event, error: Unstorable) -> Event:
    """What is left of an event that cannot be stored: who, when, and its bytes."""
    if UNSTORABLE in event.problems:
        raise error  # not even this: stop loudly
    return msgspec.structs.replace(
        event,
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
