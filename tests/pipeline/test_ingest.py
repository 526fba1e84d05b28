"""The two legs: level or apart, blocked, killed and started again, they lead to the same end."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from pipeline.datagrams import LINES, TRAPS, decode_record, record
from pipeline.ingesting import (
    MIXED,
    MIXED_LEDGER,
    MIXED_STORED,
    MIXED_VERBS,
    Gates,
    Process,
    Window,
    check_mixed,
    check_outputs,
    downs,
    spooled,
    stored,
    verbs,
)
from pipeline.spools import Died, MemoryReader, MemorySpool
from rules.samples import rules
from trapgate.model import NS_PER_S, Event, Match, Position
from trapgate.normalize.settings import RateLimitSettings
from trapgate.observe import sounding
from trapgate.pipeline.ingest import IDLE_S, PUBLISH_S, run_ingest
from trapgate.pipeline.leg import (
    BATCH_RECORDS,
    BATCH_SIZE_MAX,
    DURABLE,
    WARM_UP_STEPS,
    Leg,
    Receipt,
)
from trapgate.pipeline.translate import Batch
from trapgate.rules import Matcher


def test_level_legs_share_the_decoding() -> None:
    gates = Gates()
    spool = spooled(*MIXED)
    process = Process(spool, gates)
    process.run()
    check_mixed(gates, process)
    assert process.decoded() == len(MIXED)
    assert [reply.data for reply in gates.replies] == [b"ok"]
    assert process.value("trapgate_store_events_total") == len(MIXED_STORED)
    assert process.value("trapgate_rules_matches_total", verb="clear") == 2
    assert [spool.places[name][0] for name in ("store", "rules")] == [len(MIXED)] * 2


def test_the_store_is_away_and_rules_go_on() -> None:
    gates, spool = Gates(), spooled(*MIXED)
    process = Process(spool, gates)
    gates.store_shut = True
    with capture_logs() as logs:
        process.run()
        spool.append(downs(3, 1))
        process.run()
    assert len(gates.matches) == len(MIXED_VERBS) + 3
    assert gates.stored == []
    assert process.ledger() == {}
    assert not process.level()
    assert [line["event"] for line in logs] == ["ingest.blocked"]
    gates.store_shut = False
    process.run()
    assert gates.stored == []  # its time to try again has not come
    process.later()
    with capture_logs() as logs:
        process.run()
    assert [line["event"] for line in logs] == ["ingest.resumed"]
    assert stored(gates) == [*MIXED_STORED, 9, 10, 11]
    assert process.ledger() == MIXED_LEDGER | {"stored": 8}
    assert len(gates.replies) == 1  # the late leg answers nobody a second time
    assert len(gates.matches) == len(MIXED_VERBS) + 3
    assert process.level()


def test_each_outage_is_logged_once() -> None:
    gates, spool = Gates(), spooled(*downs(1))
    process = Process(spool, gates)
    with capture_logs() as logs:
        for outage in range(2):
            gates.store_shut = True
            for second in range(3):
                spool.append(downs(1, 3 * outage + second + 1))
                process.run()
                process.later()
            gates.store_shut = False
            process.run()
            spool.append(downs(1, 100 + outage))
            process.run()
    assert [line["event"] for line in logs] == ["ingest.blocked", "ingest.resumed"] * 2


def test_the_matches_spool_is_full_and_the_store_goes_on() -> None:
    gates, spool = Gates(), spooled(*MIXED)
    process = Process(spool, gates)
    gates.matches_shut = True
    with capture_logs():
        process.run()
        assert stored(gates) == MIXED_STORED
        assert (gates.matches, gates.replies) == ([], [])
        assert process.ledger() == MIXED_LEDGER
        gates.matches_shut = False
        process.later()
        process.run()
    check_mixed(gates, process)
    assert len(gates.replies) == 1
    assert process.value("trapgate_rules_matches_total", verb="raise") == 1


def test_both_are_blocked() -> None:
    gates = Gates()
    process = Process(spooled(*MIXED), gates)
    gates.store_shut = gates.matches_shut = True
    with capture_logs() as logs:
        for _ in range(3):
            process.run()
            process.later()
        told = Counter(line["event"] for line in logs)
        assert told == {"ingest.blocked": 2, "rules.blocked": 1}  # once for each outage
        gates.store_shut = gates.matches_shut = False
        process.run()
    check_mixed(gates, process)


def alarms(process: Process) -> list[str]:
    return [str(alarm).partition(":")[0] for alarm in sounding(process.metrics, ())]


def test_rules_that_cannot_hand_over_are_an_alarm() -> None:
    """Not so a store: paging goes on then."""
    gates, spool = Gates(), spooled(*MIXED)
    process = Process(spool, gates)
    gates.store_shut = True
    with capture_logs():
        process.run()
        assert alarms(process) == []
        gates.matches_shut = True
        spool.append(downs(2, 1))
        process.run()
        assert alarms(process) == ["rules.blocked (raw)"]
        gates.matches_shut = False
        process.later()
        process.run()
    assert alarms(process) == []


def test_the_alarm_ends_with_the_cursor_on_a_quiet_network() -> None:
    """The disk takes it again; there is nothing behind it to hand over."""
    gates, spool = Gates(), FramedSpool()
    spool.append(MIXED)
    spool.refused = {"rules"}
    process = Process(spool, gates)
    with capture_logs():
        process.run()
        assert alarms(process) == ["rules.blocked (raw)"]
        spool.refused = set()
        process.later()
        process.run()
    assert alarms(process) == []


def test_legs_that_have_met_share_again() -> None:
    gates, spool = Gates(), spooled(*MIXED)
    process = Process(spool, gates)
    gates.store_shut = True
    with capture_logs():
        process.run()
        gates.store_shut = False
        process.later()
        process.run()
    before = process.decoded()
    spool.append([record(b"down 1"), *downs(5, 0.5)])
    process.run()
    assert process.decoded() == before + 6
    assert process.ledger()["duplicate"] == 2  # what was before is still known


@pytest.mark.parametrize("dies", ["store", "rules"])
def test_killed_between_sink_and_acknowledgement(dies: str) -> None:
    gates, spool = Gates(), spooled(*MIXED)
    first = Process(spool, gates)
    first.readers[dies].broken = True
    with pytest.raises(Died):
        first.run()
    taken = [event.id for event in gates.stored]
    second = Process(spool, gates)
    second.run()
    assert stored(gates) == MIXED_STORED
    assert [event.id for event in gates.stored][: len(taken)] == taken
    assert second.ledger() == MIXED_LEDGER
    replayed = Counter(event.position for event in gates.matches)
    assert set(replayed.values()) == ({1} if dies == "store" else {2})
    once = dict.fromkeys(msgspec.json.encode(event) for event in gates.matches)
    assert len(once) == len(MIXED_VERBS)  # what comes again says the same


def test_ids_are_the_same_when_a_batch_is_read_again() -> None:
    """Identical lines are counted: the memory must be that of the place, not of the last try."""
    spool = spooled(*[record(b"up", listener=LINES)] * 4)
    expected, gates = Gates(), Gates()
    Process(spooled(*spool.payloads), expected).run()
    process = Process(spool, gates)
    gates.store_shut = True
    with capture_logs():
        for _ in range(3):
            process.run()
            process.later()
        gates.store_shut = False
        process.run()
    assert [event.id for event in gates.stored] == [event.id for event in expected.stored]
    assert [m.event_id for e in gates.matches for m in e.matches] == [
        event.id for event in expected.stored
    ]


@pytest.mark.parametrize(
    "before", [1, WARM_UP_STEPS[0] + 500, BATCH_RECORDS + 700, BATCH_SIZE_MAX + 700]
)
def test_a_restart_within_a_bucket_recognises_duplicates(before: int) -> None:
    spool = MemorySpool()
    spool.append([record(b"early", -60)] * 3)
    repeated = [record(b"line", 1, listener=LINES), record(b"trap", 1)]
    spool.append(repeated)
    spool.append(downs(before, 2))
    gates = Gates()
    Process(spool, gates).run()
    spool.append([spool.payloads[-1], *repeated, record(b"new", 9)])
    second = Process(spool, gates)
    second.run()
    assert second.ledger() == {"duplicate": 2 + 1 + 1, "stored": 1 + 2 + before + 2}
    assert [event.code for event in gates.stored[-2:]] == ["line", "new"]
    assert len({event.id for event in gates.stored}) == len(gates.stored)


@pytest.mark.parametrize(
    ("second", "ledger"), [(10.0, {"stored": 1, "duplicate": 1}), (20.0, {"stored": 2})]
)
def test_a_repeat_is_known_to_the_end_of_the_next_bucket(
    second: float, ledger: dict[str, int]
) -> None:
    spool, gates = spooled(record(b"trap", 9.9)), Gates()
    Process(spool, gates).run()
    spool.append([record(b"trap", second)])
    again = Process(spool, gates)
    again.run()
    assert again.ledger() == ledger


def test_a_spool_whose_beginning_is_deleted() -> None:
    spool, gates = MemorySpool(first=5_001), Gates()
    spool.append([record(b"trap", 1), *downs(3, 2)])
    Process(spool, gates).run()
    spool.append([record(b"trap", 3)])
    second = Process(spool, gates)
    second.run()
    assert second.ledger() == {"stored": 4, "duplicate": 1}


def test_a_bug_is_a_malformed_event_and_counted() -> None:
    gates = Gates()
    process = Process(spooled(record(b"bug"), record(b"down")), gates)
    with capture_logs():
        process.run()
    assert process.ledger() == {"malformed/internal-error": 1, "stored": 1}
    assert process.value("trapgate_ingest_failures_total", reason="internal-error") == 1
    assert gates.stored[0].fields["event.reason"] == "internal-error"
    assert gates.stored[0].raw == b""
    assert verbs(gates) == ["raise"]


def test_a_batch_without_events_moves_the_cursors() -> None:
    gates, spool = Gates(), spooled(*[record(b"denied")] * 5)
    gates.store_shut = gates.matches_shut = True  # nobody knocks
    process = Process(spool, gates)
    process.run()
    assert process.ledger() == {"community-denied/unknown": 5}
    assert process.level()


MANY = 256
"""Messages in a datagram of syslog at the most."""


class Measured(Gates):
    """Notes how many events come at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def store(self, events: Sequence[Event]) -> Receipt:
        self.sizes.append(len(events))
        self.stored += events
        return DURABLE


def test_datagrams_of_many_messages_make_smaller_batches() -> None:
    """Else a batch takes gigabytes, and the leg that pages a minute."""
    datagrams = 3 * BATCH_SIZE_MAX // MANY
    gates = Measured()
    spool = spooled(*(record(b"many %d %d" % (MANY, n), listener=LINES) for n in range(datagrams)))
    process = Process(spool, gates)
    process.run()
    assert gates.sizes == [BATCH_SIZE_MAX] * 3
    assert process.ledger() == {"stored": datagrams}
    assert len({event.id for event in gates.stored}) == datagrams * MANY
    assert process.decoded() == datagrams
    assert process.level()


def test_to_be_refused_again_costs_one_batch() -> None:
    """The leg that is refused need not look back each time: who pages waits for it."""
    gates, spool = Gates(), spooled(*downs(500))
    process = Process(spool, gates)
    process.run()
    gates.store_shut = True
    spool.append(downs(3, 1))
    decoded = []
    with capture_logs():
        for _ in range(4):
            before = process.decoded()
            process.run()
            process.later()
            decoded.append(process.decoded() - before)
        gates.store_shut = False
        process.run()
    assert decoded == [3, 500 + 3, 3, 3]
    assert len({event.id for event in gates.stored}) == 503
    assert process.ledger() == {"stored": 503}


class FramedSpool(MemorySpool):
    """A spool that is read in whole frames, one an append, as files are; sequences may jump.

    At each read one of `arrivals` is appended first: the input does not wait. The cursors of the
    readers in `refused` cannot be written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[list[tuple[int, bytes]]] = []
        self.arrivals: list[list[bytes]] = []
        self.refused: set[str] = set()
        self.newest = 0

    def append(self, payloads: Sequence[bytes]) -> Position:
        self.payloads += payloads
        self.frames.append(list(enumerate(payloads, self.newest + 1)))
        self.newest += len(payloads)
        return Position(self.stream, self.newest)

    def reader(self, name: str) -> MemoryReader:
        return FramedReader(self, name)


class FramedReader(MemoryReader):
    def __init__(self, spool: FramedSpool, name: str) -> None:
        super().__init__(spool, name)
        self.framed = spool

    def read(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        if self.framed.arrivals:
            self.framed.append(self.framed.arrivals.pop(0))
        found: list[tuple[int, bytes]] = []
        for frame in self.framed.frames:
            if len(found) < limit:
                found += [record for record in frame if record[0] > after]
        return found

    def ack(self, sequence: int, ledger: bytes = b"") -> None:
        if self.name in self.framed.refused:
            raise OSError(28, "No space left on device")
        super().ack(sequence, ledger)


@pytest.mark.parametrize("late", ["store", "matches"])
def test_the_late_leg_meets_the_other_under_steady_input(late: str) -> None:
    """Frames are read whole and new ones come between the reads of the legs: one that reads on
    past the other is caught up with never."""
    gates, spool = Gates(), FramedSpool()
    process = Process(spool, gates)
    spool.arrivals = [downs(300, second) for second in range(80)]
    setattr(gates, f"{late}_shut", True)
    with capture_logs():
        for _ in range(20):
            process.ingest.turn()
        setattr(gates, f"{late}_shut", False)
        process.later()
        for _ in range(20):
            process.ingest.turn()
    assert spool.arrivals
    assert process.level()
    before = process.decoded()
    done = process.readers["store"].acked()[0]
    process.run()
    assert process.decoded() - before == len(spool.payloads) - done  # once for both
    assert stored(gates) == list(range(1, len(spool.payloads) + 1))
    assert len(gates.matches) == len(spool.payloads)


def test_legs_meet_where_there_are_no_records_any_more() -> None:
    """A power cut took what the store leg had seen; the writer goes on behind a gap."""
    gates, spool = Gates(), FramedSpool()
    spool.append(downs(3))
    process = Process(spool, gates)
    process.run()
    gates.matches_shut = True
    spool.append(downs(3, 1))
    with capture_logs():
        process.run()
    del spool.frames[-1]
    spool.newest += 65_536
    gates.matches_shut = False
    second = Process(spool, gates)
    second.run()
    assert not second.level()  # nothing is there to meet at
    spool.append(downs(4, 2))
    spool.append(downs(2, 3))
    second.run()
    assert second.level()
    assert len(gates.stored) == 3 + 3 + 4 + 2
    assert len(gates.matches) == 3 + 4 + 2
    assert second.decoded() == 3 + 4 + 2  # the first three for the memory, the rest once for both


@pytest.mark.parametrize("refused", [{"store"}, {"rules"}, {"store", "rules"}])
def test_a_cursor_that_cannot_be_written_is_owed(refused: set[str]) -> None:
    """One batch is done without it, and none is counted twice."""
    gates, spool = Gates(), FramedSpool()
    spool.append(MIXED)
    process = Process(spool, gates)
    spool.refused = refused
    with capture_logs() as logs:
        process.run()
        check_outputs(gates)
        spool.append(downs(2, 1))
        process.later()
        process.run()  # still refused
        assert ("store" in refused) == (stored(gates) == MIXED_STORED)
        assert process.ledger()["stored"] == len(gates.stored) - 1  # and one malformed
        spool.refused = set()
        process.later()
        process.run()
    told = [line["event"] for line in logs if line["event"].startswith("ingest.")]
    assert told == ["ingest.blocked"] * len(refused) + ["ingest.resumed"] * len(refused)
    assert process.ledger() == MIXED_LEDGER | {"stored": 7}
    assert stored(gates) == [*MIXED_STORED, 9, 10]
    assert len(gates.matches) == len(MIXED_VERBS) + 2  # nothing went twice
    assert process.level()


def test_a_restart_that_owes_a_cursor_repeats_harmlessly() -> None:
    gates, spool = Gates(), FramedSpool()
    spool.append(MIXED)
    spool.refused = {"store"}
    with capture_logs():
        Process(spool, gates).run()
    spool.refused = set()
    second = Process(spool, gates)
    second.run()
    check_mixed(gates, second)


UNREADABLE = b"\x09 a record of another version"


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_record_that_cannot_be_read_is_counted_and_passed(at: int) -> None:
    """Also where a leg starts again, and looks back over it."""
    gates, payloads = Gates(), [record(b"down 1"), record(b"other")]
    payloads.insert(at, UNREADABLE)
    spool = spooled(*payloads)
    with capture_logs() as logs:
        Process(spool, gates).run()
        spool.append([record(b"down 1"), UNREADABLE, record(b"up")])
        second = Process(spool, gates)
        second.run()
    assert [line["event"] for line in logs] == ["ingest.unreadable"] * 2
    assert second.ledger() == {"stored": 3, "malformed/unreadable-record": 2, "duplicate": 1}
    assert verbs(gates) == ["raise", "clear"]
    assert second.level()


class Losing(Gates):
    """A store that takes some events in no form."""

    def __init__(self, *sequences: int) -> None:
        super().__init__()
        self.sequences = sequences

    def store(self, events: Sequence[Event]) -> Receipt:
        lost = [event for event in events if event.position.sequence in self.sequences]
        super().store([event for event in events if event not in lost])
        return Receipt(durable=True, lost=lost)


def test_what_the_store_takes_in_no_form_is_not_counted_as_stored() -> None:
    """Sequence 4 is malformed. The sum is that of all datagrams, also after a restart."""
    gates, spool = Losing(1, 4), spooled(*MIXED)
    process = Process(spool, gates)
    process.run()
    expected = {**MIXED_LEDGER, "stored": 4, "malformed/truncated": 0, "given-up/unstorable": 2}
    assert process.ledger() == expected
    assert process.value("trapgate_store_events_total") == len(MIXED_STORED) - 2
    assert stored(gates) == [2, 6, 7, 8]
    assert verbs(gates) == MIXED_VERBS
    assert Process(spool, gates).ledger() == expected


def test_a_message_that_is_lost_leaves_its_datagram_stored_if_it_is_not_the_first() -> None:
    gates = Losing()
    spool = spooled(record(b"many 3"))
    process = Process(spool, gates)
    process.run()
    later = [event for event in gates.stored if event.position.stream != spool.stream]
    assert len(later) == 2
    leg = Leg(spool.reader("other"), decode_record)
    batch = Batch(1, [*gates.stored], {"stored": 1}, [])
    leg.advance(batch, Receipt(durable=True, lost=later))
    (confirmed,) = leg.confirmed()
    assert (confirmed.ledger, len(confirmed.events)) == ({"stored": 1}, 1)
    assert len(batch.events) == 3  # the other leg may have it, too


class RaisingMatcher(Matcher):
    """Raises at some events."""

    def __init__(self, *sequences: int) -> None:
        super().__init__(rules())
        self.sequences = sequences

    def matches(self, event: Event) -> tuple[Match, ...]:
        if event.position.sequence in self.sequences:
            raise ZeroDivisionError("in a rule")
        return super().matches(event)


def test_an_event_at_which_matching_raises_stops_nothing() -> None:
    gates, spool = Gates(), spooled(*downs(6))
    process = Process(spool, gates)
    process.ingest.translator.matcher = RaisingMatcher(3)
    with capture_logs() as logs:
        process.run()
    assert stored(gates) == [1, 2, 3, 4, 5, 6]
    assert [event.position.sequence for event in gates.matches] == [1, 2, 4, 5, 6]
    assert process.level()
    name = "trapgate_ingest_failures_total"
    assert process.value(name, reason="unmatched") == 1
    assert gates.unmatched == [(3, "ZeroDivisionError: in a rule")]
    assert [line["event"] for line in logs] == ["ingest.unmatched"]


def test_what_raised_is_told_once_when_its_batch_is_forwarded() -> None:
    gates, spool = Gates(), spooled(*downs(3))
    gates.matches_shut = True
    process = Process(spool, gates)
    process.ingest.translator.matcher = RaisingMatcher(2)
    with capture_logs():
        for _ in range(3):
            process.run()
            process.later()
        assert gates.unmatched == []
        gates.matches_shut = False
        process.run()
    assert gates.unmatched == [(2, "ZeroDivisionError: in a rule")]
    assert [event.position.sequence for event in gates.matches] == [1, 3]


def test_matching_that_raises_in_a_storm_stops_nothing() -> None:
    """There it is asked whether an event only repeats what was said."""
    gates, spool = Gates(), spooled(*downs(6))
    process = Process(spool, gates, limit=RateLimitSettings(events_per_second=1, burst=2))
    process.ingest.translator.matcher = RaisingMatcher(5)
    with capture_logs():
        process.run()
    assert process.ledger() == {
        "stored": 3,
        "rate-limited/repeat": 2,
        "malformed/internal-error": 1,
    }
    assert process.value("trapgate_ingest_failures_total", reason="internal-error") == 1
    assert gates.unmatched == [(5, "ZeroDivisionError: in a rule")]


class WildMatcher(Matcher):
    """Its match of `other` has a number that no record can hold."""

    def matches(self, event: Event) -> tuple[Match, ...]:
        found = super().matches(event)
        if event.code != "other":
            return found
        match = Match("uid", (), "raise", event.id, 1 << 70, event.received_at, "arrival", {})
        return (match,)


def test_matches_that_cannot_be_written_stop_nothing() -> None:
    gates = Gates()
    process = Process(spooled(record(b"other"), record(b"down")), gates)
    process.ingest.translator.matcher = WildMatcher(rules())
    with capture_logs() as logs:
        process.run()
    assert [line["event"] for line in logs] == ["ingest.unwritable"]
    assert verbs(gates) == ["raise"]
    assert stored(gates) == [1, 2]
    assert process.value("trapgate_ingest_failures_total", reason="unwritable-match") == 1


words = st.sampled_from((b"down", b"up", b"other", b"bad", b"denied", b"bug", b"inform", b"turns"))
acts = st.lists(
    st.one_of(
        st.tuples(words, st.sampled_from((TRAPS, LINES)), st.sampled_from(("10.0.0.1", "::1"))),
        st.sampled_from(
            ("run", "later", "save", "store", "matches", "write", "kill store", "kill rules")
        ),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(acts, st.sampled_from((None, 1, 3, 100)))
def test_whatever_happens_the_end_is_the_same(
    acts: list[tuple[bytes, str, str] | str], batches_max: int | None
) -> None:
    """Compared with a process that reads it all in one go and is never disturbed. The store may
    write behind, with a window of so many batches, which is lost with its process."""
    spool, gates = MemorySpool(), Gates()

    def window() -> Window | None:
        return None if batches_max is None else Window(gates, batches_max)

    process = Process(spool, gates, window=window())
    second = 0.0
    with capture_logs():
        for act in acts:
            second += 0.7
            match act:
                case (word, listener, peer):
                    spool.append([record(word, second * 3, listener=listener, peer=peer)])
                case "run":
                    process.run()
                    process.save()
                case "later":
                    process.later()
                case "save":
                    process.save(at_once=True)
                case "store":
                    gates.store_shut = not gates.store_shut
                case "write":
                    process.written()
                case "matches":
                    gates.matches_shut = not gates.matches_shut
                case str() as killed:
                    process.readers[killed.removeprefix("kill ")].broken = True
                    with suppress(Died):
                        process.run()
                    process = Process(spool, gates, process.elapsed_ns, window=window())
        gates.store_shut = gates.matches_shut = False
        process.later()
        process.run()
        while process.written():
            process.run()
        calm_spool, calm_gates = spooled(*spool.payloads), Gates()
        calm = Process(calm_spool, calm_gates)
        calm.run()
    assert process.ledger() == calm.ledger()
    assert sum(process.ledger().values()) == len(spool.payloads)
    by_place = sorted(gates.stored, key=lambda event: event.position)
    assert [(e.position, e.id) for e in by_place] == [(e.position, e.id) for e in calm_gates.stored]
    assert {e.position: e for e in gates.matches} == {e.position: e for e in calm_gates.matches}


def test_the_loop_reads_to_the_end_when_it_is_told_to_stop() -> None:
    """`between` comes before each turn, the metrics about every `PUBLISH_S` and at the end."""
    gates, spool = Gates(), spooled(*downs(BATCH_RECORDS + 1))
    process = Process(spool, gates)
    calls: list[str] = []
    bells: list[float] = []

    def bell(timeout_s: float) -> bool:
        bells.append(timeout_s)
        process.elapsed_ns += int(PUBLISH_S * NS_PER_S)
        if len(bells) == 1:
            spool.append(downs(2, 1))
        return True

    run_ingest(
        process.ingest.turn,
        idle=process.ingest.tell_when_idle,
        bell=bell,
        between=lambda: calls.append("between"),
        publish=lambda: calls.append("publish"),
        stopping=lambda: len(bells) == 2,
        now=process.now,
    )
    assert bells == [IDLE_S, IDLE_S]
    assert len(gates.stored) == BATCH_RECORDS + 3
    both, only = ["between", "publish"], ["between"]
    # two batches and the end; one more batch and the end; nothing; the last publication
    assert calls == [*both, *only, *only, *both, *only, *both, "publish"]


def test_the_loop_stops_at_a_sink_that_refuses() -> None:
    gates = Gates()
    process = Process(spooled(*downs(3)), gates)
    gates.store_shut = True
    with capture_logs():
        run_ingest(
            process.ingest.turn,
            idle=process.ingest.tell_when_idle,
            bell=lambda _: False,
            between=lambda: None,
            publish=lambda: None,
            stopping=lambda: True,
            now=process.now,
        )
    assert len(gates.matches) == 3
    assert gates.stored == []
