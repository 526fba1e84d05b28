"""Sinks name their failures, and one event that cannot be stored does not hold up the rest."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from store.events import event
from trapgate.model import Dataset, Event, Now, Position
from trapgate.observe import Metrics, sounding
from trapgate.pipeline.leg import Blocked, Receipt
from trapgate.pipeline.sinks import CALM_NS, SIFT_WRITES_MAX, UNSTORABLE, MatchesSink, StoreSink
from trapgate.spool import FRAME_RECORDS_MAX, Doorbell, SpoolFull, SpoolReader, SpoolWriter
from trapgate.store import Rejected, StoreUnavailable, Unstorable
from trapgate.store.quarantine import Quarantine


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


class Conflicting(Store):
    """Refuses all that it must at once, when the rest is written, as Elasticsearch does."""

    def write(self, events: Sequence[Event]) -> None:
        refused = [
            each.position
            for each in events
            if each.position.sequence in self.unstorable and UNSTORABLE not in each.problems
        ]
        self.written += [each for each in events if each.position not in refused]
        if refused:
            raise Rejected([(position, "no long: x") for position in refused])


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


Making = Callable[[Store], StoreSink]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


class Clock:
    """The test's time."""

    def __init__(self) -> None:
        self.elapsed_ns = 0

    def __call__(self) -> Now:
        return Now(0, self.elapsed_ns)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sink(tmp_path: Path, metrics: Metrics, clock: Clock) -> Making:
    quarantine = Quarantine(tmp_path / "quarantine", metrics, clock)

    def made(store: Store) -> StoreSink:
        return StoreSink(store, "sqlite", quarantine, metrics, clock)  # type: ignore[arg-type]  # what it uses

    return made


def kept(folder: Path) -> list[dict[str, Any]]:
    """The lines of the quarantine."""
    return [
        json.loads(line)
        for line in (folder / "quarantine" / "newest.jsonl").read_text().splitlines()
    ]


def test_events_are_written(sink: Making) -> None:
    store = Store()
    assert sink(store)([event(1), event(2)]).durable
    assert store.written == [event(1), event(2)]


def test_nobody_knocks_at_the_store_for_nothing(sink: Making) -> None:
    assert sink(Store(broken=True))([]).durable


def test_a_store_that_is_away_blocks(sink: Making, metrics: Metrics) -> None:
    with pytest.raises(Blocked) as caught:
        sink(Store(broken=True))([event(1)])
    assert caught.value.reason == "database or disk is full"
    assert metrics.registry.get_sample_value("trapgate_store_write_failures_total") == 1


def test_a_store_that_is_away_is_an_alarm_until_it_has_taken_all_for_a_minute(
    sink: Making, metrics: Metrics, clock: Clock
) -> None:
    store = Store(broken=True)
    made = sink(store)
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(Blocked):
                made([event(1)])
        assert [str(each) for each in sounding(metrics, ())] == [
            "store.away (sqlite): the event store takes nothing: events wait in the spool; paging "
            "does not wait for it; reason: database or disk is full"
        ]
        store.broken = False
        made([event(1)])
        clock.elapsed_ns = CALM_NS
        made([event(2)])
        assert [line["event"] for line in logs] == ["store.away"]
        clock.elapsed_ns += 1
        made([event(3)])
    assert sounding(metrics, ()) == []
    assert [line["event"] for line in logs] == ["store.away", "store.away.over"]
    assert logs[0]["reason"] == "database or disk is full"


def test_a_store_that_takes_some_and_refuses_some_is_one_alarm(
    sink: Making, metrics: Metrics, clock: Clock
) -> None:
    """A full disk has room for a small batch now and then."""
    store = Store()
    made = sink(store)
    with capture_logs() as logs:
        for number in range(100):
            clock.elapsed_ns += CALM_NS // 2
            store.broken = number % 2 == 0
            try:
                made([event(number)])
            except Blocked:
                continue
            made.tend()
    assert [line["event"] for line in logs] == ["store.away"]
    assert len(sounding(metrics, ())) == 1


def test_the_alarm_ends_also_when_nothing_comes_any_more(
    sink: Making, metrics: Metrics, clock: Clock
) -> None:
    store = Store(broken=True)
    made = sink(store)
    with capture_logs() as logs:
        with pytest.raises(Blocked):
            made([event(1)])
        clock.elapsed_ns = 2 * CALM_NS
        made.tend()  # nobody knows whether it would take anything
        made([])  # nor now
        assert len(sounding(metrics, ())) == 1
        with pytest.raises(Blocked):
            made([event(1)])
        store.broken = False
        made([event(1)])
        made.tend()
        assert len(sounding(metrics, ())) == 1
        clock.elapsed_ns += CALM_NS + 1
        made.tend()
    assert sounding(metrics, ()) == []
    assert [line["event"] for line in logs] == ["store.away", "store.away.over"]


def test_an_event_that_cannot_be_stored_leaves_a_note(sink: Making, tmp_path: Path) -> None:
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
    first, second = kept(tmp_path)
    assert (first["reason"], first["detail"]) == ("refused-by-store", "surrogates not allowed")
    assert (first["event"]["id"], first["event"]["severity"]) == (bad.id, 1 << 70)
    assert second["event"]["position"] == {"stream": "raw-1", "sequence": 3}


def test_several_may_be_refused_at_once(sink: Making, tmp_path: Path, metrics: Metrics) -> None:
    store = Conflicting(unstorable=(2, 4))
    with capture_logs() as logs:
        sink(store)([event(number) for number in range(1, 6)])
    assert sorted(each.position.sequence for each in store.written) == [1, 2, 3, 4, 5]
    noted = [each.position.sequence for each in store.written if UNSTORABLE in each.problems]
    assert noted == [2, 4]
    assert [entry["event"] for entry in logs] == ["store.unstorable"]
    assert [line["event"]["position"]["sequence"] for line in kept(tmp_path)] == [2, 4]
    labels = {"reason": "refused-by-store"}
    name = "trapgate_ingest_quarantined_total"
    assert metrics.registry.get_sample_value(name, labels) == 2


class Misfit(Store):
    """Takes no events of these kinds, and no notes of them; or no notes of these events. It writes
    the rest, as Elasticsearch does."""

    def __init__(self, *kinds: Dataset, hopeless: Sequence[int] = ()) -> None:
        super().__init__()
        self.kinds = kinds
        self.hopeless = hopeless
        self.calls = 0

    def write(self, events: Sequence[Event]) -> None:
        self.calls += 1
        fits = {
            each.position: each
            for each in events
            if each.kind not in self.kinds and each.position.sequence not in self.hopeless
        }
        known = {each.position for each in self.written}
        self.written += [each for each in fits.values() if each.position not in known]
        refused = [(each.position, "no long") for each in events if each.position not in fits]
        if refused:
            raise Rejected(refused)


def lost(metrics: Metrics) -> float:
    """How many events are counted as being nowhere."""
    labels = {"reason": "unstorable"}
    return metrics.registry.get_sample_value("trapgate_ingest_failures_total", labels) or 0


def test_a_store_that_refuses_even_notes_is_wrong_itself(
    sink: Making, tmp_path: Path, metrics: Metrics, clock: Clock
) -> None:
    """It is waited for: nothing is lost, and the quarantine does not fill up with what is stored
    when it is mended."""
    store = Misfit("snmp.trap", "syslog.network")
    made = sink(store)
    events = [event(number) for number in range(1, 2_001)]
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(Blocked, match="even notes of them: no long"):
                made(events)
    assert [line["event"] for line in logs] == ["store.away"]
    assert [alarm.name for alarm in sounding(metrics, ())] == ["store.away"]
    assert [line["event"]["position"]["sequence"] for line in kept(tmp_path)] == [1]
    assert (lost(metrics), store.written) == (0, [])
    store.kinds = ()
    clock.elapsed_ns = CALM_NS + 1
    assert made(events).lost == ()
    assert store.written == events
    assert sounding(metrics, ()) == []


def test_a_store_that_refuses_one_kind_is_wrong_for_that(
    sink: Making, tmp_path: Path, metrics: Metrics
) -> None:
    """The other's events say nothing about it."""
    store = Misfit("snmp.trap")
    made = sink(store)
    events = [event(1), event(2, kind="syslog.network"), event(3)]
    with capture_logs(), pytest.raises(Blocked, match="no long"):
        made(events)
    assert lost(metrics) == 0
    assert [line["event"]["position"]["sequence"] for line in kept(tmp_path)] == [1]
    store.kinds = ()
    made(events)
    assert sorted(store.written, key=lambda each: each.position) == events


def test_events_that_are_all_refused_have_notes_if_these_are_taken(
    sink: Making, tmp_path: Path
) -> None:
    store = Conflicting(unstorable=range(1, 101))
    with capture_logs() as logs:
        assert sink(store)([event(number) for number in range(1, 101)]).lost == ()
    assert {each.position.sequence for each in store.written} == set(range(1, 101))
    assert all(UNSTORABLE in each.problems for each in store.written)
    assert len(kept(tmp_path)) == 100
    assert [line["event"] for line in logs] == ["store.unstorable"]


def test_a_note_that_is_refused_is_lost_if_others_are_stored(
    sink: Making, tmp_path: Path, metrics: Metrics
) -> None:
    store = Misfit(hopeless=(2, 4))
    events = [event(number) for number in range(1, 6)]
    with capture_logs() as logs:
        receipt = sink(store)(events)
    assert receipt.durable
    assert receipt.lost == [events[1], events[3]]
    assert store.written == [events[0], events[2], events[4]]
    assert lost(metrics) == 2
    assert [line["event"]["position"]["sequence"] for line in kept(tmp_path)] == [2, 4]
    assert [line["event"] for line in logs] == ["store.unstorable", "store.lost"]
    assert logs[-1]["events"] == 2


def test_what_was_stored_in_an_earlier_call_says_nothing(sink: Making, metrics: Metrics) -> None:
    store = Misfit()
    made = sink(store)
    made([event(1)])
    store.kinds = ("snmp.trap",)
    with capture_logs(), pytest.raises(Blocked):
        made([event(2)])
    assert lost(metrics) == 0


def test_who_writes_nothing_of_a_batch_may_refuse_all_of_it_too(
    sink: Making, metrics: Metrics
) -> None:
    """One by one, as SQLite does."""
    worse = [msgspec.structs.replace(event(number), raw=b"worse") for number in (1, 2)]
    made = sink(Store(unstorable=(1, 2)))
    with capture_logs(), pytest.raises(Blocked, match="still not"):
        made(worse)
    assert lost(metrics) == 0
    with capture_logs(), pytest.raises(Blocked, match="still not"):
        made([*worse, event(3, kind="syslog.network")])
    assert lost(metrics) == 0
    with capture_logs():
        assert made([*worse, event(4)]).lost == worse
    assert lost(metrics) == 2


class Confused(Store):
    """Refuses what it was not given."""

    def write(self, events: Sequence[Event]) -> None:
        raise Rejected([(Position("another", 1), "what?")])


def test_a_bug_of_the_store_blocks_it_and_nothing_else(sink: Making, metrics: Metrics) -> None:
    made = sink(Confused())
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(Blocked, match=r"ValueError: .* not given"):
                made([event(1)])
    assert [line["event"] for line in logs if line["event"] != "store.unstorable"] == [
        "store.failed",
        "store.away",
    ]
    assert len(sounding(metrics, ())) == 1


class Raising(Store):
    """Raises what nobody expects of it: at these events, and if it is `worse` at their notes."""

    def __init__(self, *poison: int, worse: bool = False, away_after: int = 1 << 30) -> None:
        super().__init__()
        self.poison = frozenset(poison)
        self.worse = worse
        self.away_after = away_after
        self.calls = 0

    def write(self, events: Sequence[Event]) -> None:
        self.calls += 1
        if self.calls > self.away_after:
            raise StoreUnavailable("gone")
        for each in events:
            if each.position.sequence in self.poison and (
                self.worse or UNSTORABLE not in each.problems
            ):
                raise ZeroDivisionError(f"at {each.position.sequence}")
        known = {each.position for each in self.written}
        self.written += [each for each in events if each.position not in known]


def numbers(store: Store, *, noted: bool = False) -> list[int]:
    """What is stored, or what has a note there instead."""
    return sorted(
        each.position.sequence for each in store.written if not noted or UNSTORABLE in each.problems
    )


@pytest.mark.parametrize("poison", [(1,), (700,), (1_000,), (1, 2, 500)])
def test_an_event_at_which_the_store_raises_is_found(
    sink: Making, tmp_path: Path, metrics: Metrics, poison: tuple[int, ...]
) -> None:
    store = Raising(*poison)
    with capture_logs() as logs:
        assert sink(store)([event(number) for number in range(1, 1_001)]).durable
    assert numbers(store) == list(range(1, 1_001))
    assert numbers(store, noted=True) == list(poison)
    assert [(line["detail"], line["event"]["position"]["sequence"]) for line in kept(tmp_path)] == [
        (f"ZeroDivisionError: at {number}", number) for number in poison
    ]
    told = [line["event"] for line in logs]
    assert told == ["store.failed", *["store.unstorable"] * len(poison)]
    assert sounding(metrics, ()) == []


def test_what_is_not_found_at_once_is_found_in_the_next_calls(
    sink: Making, metrics: Metrics, clock: Clock
) -> None:
    """No call takes more than so many writes, and none begins anew."""
    poison = range(1, 601, 3)
    store = Raising(*poison)
    made = sink(store)
    events = [event(number) for number in range(1, 601)]
    blocked = 0
    with capture_logs():
        for _ in range(30):
            before = store.calls
            try:
                made(events)
            except Blocked:
                blocked += 1
            else:
                break
            finally:
                assert store.calls - before <= 2 * SIFT_WRITES_MAX
    assert 0 < blocked < 20
    assert numbers(store) == list(range(1, 601))
    assert numbers(store, noted=True) == list(poison)
    clock.elapsed_ns = CALM_NS + 1
    made.tend()
    assert sounding(metrics, ()) == []


def test_a_note_at_which_it_raises_too_is_lost(
    sink: Making, tmp_path: Path, metrics: Metrics
) -> None:
    store = Raising(3, worse=True)
    with capture_logs() as logs:
        sink(store)([event(number) for number in range(1, 6)])
    assert numbers(store) == [1, 2, 4, 5]
    name, labels = "trapgate_ingest_failures_total", {"reason": "unstorable"}
    assert metrics.registry.get_sample_value(name, labels) == 1
    assert [line["event"]["position"]["sequence"] for line in kept(tmp_path)] == [3]
    assert "store.lost" in [line["event"] for line in logs]


def test_what_is_lost_is_counted_once_however_often_its_batch_is_written(
    sink: Making, metrics: Metrics
) -> None:
    """It takes another call to find what the store raises at."""
    poison = [*range(2, 400, 3)]
    store = Raising(*poison, worse=True)
    made, events = sink(store), [event(number) for number in range(1, 401)]
    blocked, receipt = 0, Receipt()
    with capture_logs() as logs:
        while not receipt.durable and blocked < 20:
            try:
                receipt = made(events)
            except Blocked:
                blocked += 1
    assert 0 < blocked < 20
    assert [each.position.sequence for each in receipt.lost] == poison
    assert lost(metrics) == len(poison)
    assert [line["event"] for line in logs].count("store.lost") == 1


def test_a_store_that_raises_at_everything_loses_nothing(sink: Making, tmp_path: Path) -> None:
    """It is the store that is wrong: it is waited for."""
    store = Raising(*range(1, 101), worse=True)
    made = sink(store)
    with capture_logs():
        for _ in range(3):
            with pytest.raises(Blocked, match="ZeroDivisionError: at 1"):
                made([event(number) for number in range(1, 101)])
    assert not (tmp_path / "quarantine").exists()
    store.poison = frozenset()
    made([event(number) for number in range(1, 101)])
    assert numbers(store) == list(range(1, 101))
    assert numbers(store, noted=True) == []


@pytest.mark.parametrize("calls", range(1, 12))
def test_a_store_that_goes_away_meanwhile_is_waited_for(
    sink: Making, tmp_path: Path, calls: int
) -> None:
    store = Raising(5, away_after=calls)
    made = sink(store)
    events = [event(number) for number in range(1, 9)]
    with capture_logs():
        try:
            made(events)
        except Blocked as blocked:
            assert blocked.reason == "gone"  # noqa: PT017 - from some number of calls on it is done
        store.away_after = 1 << 30
        made(events)
    assert numbers(store) == list(range(1, 9))
    assert numbers(store, noted=True) == [5]
    assert len(kept(tmp_path)) == 1


def test_what_cannot_even_be_noted_is_dropped_and_counted(sink: Making, metrics: Metrics) -> None:
    store = Store(unstorable=(2,))
    worse = msgspec.structs.replace(event(2), raw=b"worse")
    with capture_logs() as logs:
        sink(store)([event(1), worse, event(3)])
    assert store.written == [event(1), event(3)]
    name, labels = "trapgate_ingest_failures_total", {"reason": "unstorable"}
    assert metrics.registry.get_sample_value(name, labels) == 1
    assert [entry["event"] for entry in logs][-1] == "store.lost"


def test_matches_are_appended_and_the_bell_rings() -> None:
    bell, writer = Doorbell(), Writer()
    MatchesSink(writer, bell, lambda: None)([b"1", b"2"])
    assert writer.payloads == [b"1", b"2"]
    assert bell.wait(0)
    bell.close()


def test_matches_of_any_number_are_appended_frame_by_frame(tmp_path: Path) -> None:
    """More than a frame of the spool takes: a batch of datagrams of many messages."""
    count = FRAME_RECORDS_MAX + 10
    spool = SpoolWriter.open(tmp_path, sync=lambda _: None)
    bell = Doorbell()
    MatchesSink(spool, bell, lambda: None)([b"match"] * count)
    assert len(SpoolReader.open(tmp_path, "core").read(0, 2 * count)) == count
    spool.close()
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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StoreUnavailable("not allowed: 401"), "not allowed: 401"),
        (KeyError("items"), "KeyError: 'items'"),
    ],
)
def test_a_store_that_would_take_nothing_is_an_alarm_before_there_is_an_event(
    sink: Making, metrics: Metrics, clock: Clock, error: Exception, reason: str
) -> None:
    def refused() -> None:
        raise error

    made = sink(Store())
    made.look(refused)
    (alarm,) = sounding(metrics, ())
    assert (alarm.name, alarm.reason) == ("store.away", reason)
    assert metrics.registry.get_sample_value("trapgate_store_write_failures_total") == 0
    made.look(lambda: None)
    assert len(sounding(metrics, ())) == 1
    clock.elapsed_ns = CALM_NS + 1
    made.look(lambda: None)
    assert sounding(metrics, ()) == []
