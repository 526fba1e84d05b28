"""Sinks name their failures, and one event that cannot be stored does not hold up the rest."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from structlog.testing import capture_logs

from store.events import event
from trapgate.model import Event, Position
from trapgate.pipeline.leg import Blocked
from trapgate.pipeline.sinks import UNSTORABLE, MatchesSink, StoreSink
from trapgate.spool import Doorbell, SpoolFull
from trapgate.store import StoreUnavailable, Unstorable


class Store:
    """Refuses what it is told to refuse."""

    def __init__(self, *, broken: bool = False, unstorable: Sequence[int] = ()) -> None:
        self.broken = broken
        self.unstorable = unstorable
        self.written: list[Event] = []

    def write(self, events: Sequence[Event]) -> None:
        if self.broken:
            raise StoreUnavailable("database or disk is full")
        for each in events:
            if each.position.sequence in self.unstorable and UNSTORABLE not in each.problems:
                raise Unstorable(each.position, "surrogates not allowed")
            if each.position.sequence in self.unstorable and each.raw == b"worse":
                raise Unstorable(each.position, "still not")
        self.written += events


class Writer:
    """A spool that fails as it is told."""

    stream = "matches"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.payloads: list[bytes] = []

    def append(self, payloads: Sequence[bytes]) -> Position:
        if self.error is not None:
            raise self.error
        self.payloads += payloads
        return Position(self.stream, len(self.payloads))


def sink(store: Store, lost: Callable[[], None] = lambda: None) -> StoreSink:
    return StoreSink(store, lost)  # type: ignore[arg-type]  # the part of the port that it uses


def test_events_are_written() -> None:
    store = Store()
    sink(store)([event(1), event(2)])
    assert store.written == [event(1), event(2)]


def test_a_store_that_is_away_blocks() -> None:
    with pytest.raises(Blocked) as caught:
        sink(Store(broken=True))([event(1)])
    assert caught.value.reason == "database or disk is full"


def test_an_event_that_cannot_be_stored_leaves_a_note() -> None:
    store = Store(unstorable=(2, 3))
    bad = event(2, timestamp=1 << 70, fields={"host.name": "\ud800"}, labels={"site": "\ud800"})
    bad = msgspec.structs.replace(bad, severity=1 << 70, clock="device:\ud800")
    with capture_logs() as logs:
        sink(store)([event(1), bad, event(3), event(4)])
    assert [each.position.sequence for each in store.written] == [1, 2, 3, 4]
    assert store.written[0] == event(1)
    note = store.written[1]
    assert (note.id, note.raw, note.received_at) == (bad.id, bad.raw, bad.received_at)
    assert (note.timestamp, note.clock, note.severity) == (bad.received_at, "arrival", None)
    assert note.fields == {"event.reason": "unstorable"}
    assert (note.device, note.labels, note.problems) == ("192.0.2.1", {}, (UNSTORABLE,))
    assert [entry["event"] for entry in logs] == ["store.unstorable", "store.unstorable"]


def test_what_cannot_even_be_noted_is_dropped_and_counted() -> None:
    store = Store(unstorable=(2,))
    worse = msgspec.structs.replace(event(2), raw=b"worse")
    lost: list[int] = []
    with capture_logs() as logs:
        sink(store, lambda: lost.append(1))([event(1), worse, event(3)])
    assert store.written == [event(1), event(3)]
    assert lost == [1]
    assert [entry["event"] for entry in logs][-1] == "store.lost"


def test_matches_are_appended_and_the_bell_rings() -> None:
    bell, writer = Doorbell(), Writer()
    MatchesSink(writer, bell, lambda: None)([b"1", b"2"])
    assert writer.payloads == [b"1", b"2"]
    assert bell.wait(0)
    bell.close()


def test_a_full_spool_is_trimmed_and_blocks() -> None:
    bell = Doorbell()
    trims: list[int] = []
    full = MatchesSink(Writer(SpoolFull(10, 95, 100)), bell, lambda: trims.append(1))
    with pytest.raises(Blocked):
        full([b"1"])
    assert trims == [1]
    assert not bell.wait(0)
    broken = MatchesSink(Writer(OSError(28, "No space left on device")), bell, lambda: None)
    with pytest.raises(Blocked, match="the matches spool: No space left on device"):
        broken([b"1"])
    bell.close()
