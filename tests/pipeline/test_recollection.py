"""What legs remember: over restarts, in all lanes, and no more than of their own place."""

import pytest
from structlog.testing import capture_logs

from pipeline.datagrams import LINES, T0, UNLIMITED, WordDecoder, record, storms, translator
from pipeline.ingesting import Gates, Process, TwoLanes, codes, downs, spooled, stored, turns
from pipeline.spools import MemorySpool
from trapgate.model import NS_PER_S, Now, Position, Protocol
from trapgate.normalize.previous import GAP_CODE, Previous
from trapgate.normalize.settings import RateLimitSettings
from trapgate.pipeline.leg import BATCH_RECORDS, BATCH_SIZE_MAX, WARM_UP_STEPS
from trapgate.pipeline.memory import Memory
from trapgate.pipeline.recollection import REST_S, SAVE_S


@pytest.mark.parametrize("saved", [True, False])
def test_a_memory_survives_a_restart(saved: bool) -> None:
    """From what was saved, or else from the spool."""
    gates, spool = Gates(), spooled(*turns(3))
    process = Process(spool, gates)
    process.run()
    if saved:
        process.save(at_once=True)
    spool.append(turns(2, 3))
    process.run()
    spool.append(turns(4, 5))
    Process(spool, gates).run()
    assert stored(gates) == [1, 3, 5, 7, 9]


def test_who_builds_a_memory_again_goes_on() -> None:
    gates, spool = Gates(), spooled(*(record(b"word", at) for at in range(3 * BATCH_SIZE_MAX)))
    process = Process(spool, gates)
    process.run()
    assert process.beats == 0
    restarted = Process(spool, gates)
    spool.append([record(b"word", 3 * BATCH_SIZE_MAX)])
    restarted.run()
    assert restarted.beats >= 3


def test_a_leg_that_falls_behind_remembers_its_own_place() -> None:
    gates, spool = Gates(), spooled(*turns(3))
    process = Process(spool, gates)
    process.run()
    gates.store_shut = True
    spool.append(turns(3, 3))
    with capture_logs():
        process.run()
        spool.append(turns(3, 6))
        process.run()
        gates.store_shut = False
        process.later()
        process.run()
    assert stored(gates) == [1, 3, 5, 7, 9]
    assert process.ledger() == {"stored": 5, "usm/not-its-turn": 4}


def test_a_memory_that_is_ahead_of_its_place_is_not_used() -> None:
    decoders = {protocol: WordDecoder(protocol, turns=1) for protocol in Protocol}
    gates, spool = Gates(), spooled(*turns(3))
    for name in ("store", "rules"):
        memory = Memory(decoders, {}, storms(), Previous())
        spool.snapshot(name).save({spool.stream: 99}, memory.saved())
    Process(spool, gates).run()
    assert stored(gates) == [1, 3]


def test_a_memory_is_no_further_than_its_cursor_after_a_power_cut() -> None:
    """One that is would be of no use, and what it says of records that are gone is nowhere else."""
    gates, spool = Gates(), spooled(*turns(3))
    for records in (turns(2, 3), turns(2, 5)):
        process = Process(spool, gates)
        process.run()
        process.save(at_once=True)
        spool.cut_power()
        spool.delete(to=spool.last)
        spool.append(records)
    Process(spool, gates).run()
    assert stored(gates) == [1, 3, 5, 7]


def test_a_gap_over_a_restart_is_seen() -> None:
    gates = Gates()
    spool = spooled(record(b"line 7", listener=LINES), record(b"other", 500))
    process = Process(spool, gates)
    process.run()
    process.save(at_once=True)
    spool.append([record(b"line 9", 1_000, listener=LINES)])
    Process(spool, gates).run()
    assert codes(gates) == ["line", "other", GAP_CODE, "line"]


def test_a_new_configuration_keeps_the_memory() -> None:
    gates, spool = Gates(), spooled(*turns(1))
    process = Process(spool, gates)
    process.run()
    decoders = {protocol: WordDecoder(protocol) for protocol in Protocol}
    process.adopt(translator(decoders=decoders))
    spool.append(turns(2, 1))
    process.run()
    assert stored(gates) == [1, 3]
    assert len(decoders[Protocol.SNMP].decoded) == 2  # once, for both legs


def test_the_memory_is_saved_now_and_then() -> None:
    spool = spooled(*turns(1))
    process = Process(spool, Gates())
    process.run()
    process.save()
    assert spool.snapshot("rules").load()[0] == {}
    process.elapsed_ns += SAVE_S * NS_PER_S
    process.save()
    assert spool.snapshot("rules").load()[0] == {spool.stream: 1}


def test_a_message_is_known_by_what_its_decoder_says() -> None:
    """Also to a memory that is built again."""
    gates = Gates()
    spool = spooled(record(b"as one 1"), record(b"as one 2"), record(b"as two 1"))
    Process(spool, gates).run()
    spool.append([record(b"as one 3", 1)])
    process = Process(spool, gates)
    process.run()
    assert stored(gates) == [1, 3]
    assert process.ledger() == {"stored": 2, "duplicate": 2}


# -- storms --------------------------------------------------------------------------------------


def test_a_storm_is_told_when_it_is_over() -> None:
    """By the next record, or by the clock; to the store and to the rules."""
    gates, spool = Gates(), spooled(*downs(6))
    process = Process(spool, gates, limit=RateLimitSettings(events_per_second=1, burst=2))
    process.run()
    assert process.ledger() == {"stored": 3, "rate-limited/repeat": 3}
    assert codes(gates) == ["down"] * 3
    process.wall_ns = T0 + 13 * NS_PER_S
    process.run()
    assert codes(gates) == ["down"] * 3 + ["trapgate.rate-limited"]
    process.run()
    spool.append([record(b"other", 60)])
    process.run()
    assert codes(gates).count("trapgate.rate-limited") == 1
    assert process.level()


@pytest.mark.parametrize("killed_at", [3, 5, 6])
def test_a_storm_is_told_whole_after_a_restart(killed_at: int) -> None:
    """What was folded before the kill is counted, and what comes behind it is still over the
    budget."""
    limit = RateLimitSettings(events_per_second=1, burst=2)
    gates, spool = Gates(), spooled(*downs(killed_at))
    Process(spool, gates, limit=limit).run()
    spool.append(downs(7, 0)[killed_at:])
    spool.append([record(b"other", 10), record(b"other 2", 20)])
    process = Process(spool, gates, limit=limit)
    process.run()
    assert process.ledger() == {"stored": 5, "rate-limited/repeat": 4}
    told = [event for event in gates.stored if event.code == "trapgate.rate-limited"]
    assert [event.fields["trapgate.storm.folded"] for event in told] == [4]
    assert codes(gates)[-1] in ("other", "trapgate.rate-recovered")


def test_a_leg_alone_tells_of_a_storm_too() -> None:
    gates, spool = Gates(), spooled(*downs(6))
    process = Process(spool, gates, limit=RateLimitSettings(events_per_second=1, burst=2))
    gates.matches_shut = True
    with capture_logs():
        process.run()
        process.wall_ns = T0 + 13 * NS_PER_S
        process.run()
        assert codes(gates) == ["down"] * 3 + ["trapgate.rate-limited"]
        gates.matches_shut = False
        process.later()
        process.run()
    assert len(gates.matches) == 3


# -- lanes ---------------------------------------------------------------------------------------


LIMIT = RateLimitSettings(events_per_second=1, burst=2)


def test_a_device_that_changes_lanes_is_folded_by_what_it_said_in_both() -> None:
    """It went down again in the other lane, so that its clear in this one is none that repeats."""
    raw, bulk, gates = MemorySpool("raw-1"), MemorySpool("bulk-1"), Gates()
    lanes = TwoLanes(raw, bulk, gates=gates, limit=LIMIT)
    said = [(raw, "down"), (raw, "down"), (raw, "down"), (raw, "up"), (bulk, "down"), (raw, "up")]
    for number, (spool, word) in enumerate(said):
        spool.append([record(f"{word} {number}".encode(), number / 100)])
        lanes.run()
    assert [match.verb for event in gates.matches for match in event.matches] == [
        *(["raise"] * 3),
        "clear",
        "raise",
        "clear",
    ]


@pytest.mark.parametrize("saved", [True, False])
def test_the_memory_of_two_lanes_is_built_again_in_the_order_of_receipt(saved: bool) -> None:
    raw, bulk, gates = MemorySpool("raw-1"), MemorySpool("bulk-1"), Gates()
    lanes = TwoLanes(raw, bulk, gates=gates, limit=LIMIT)
    for number, spool in enumerate((raw, bulk, raw, bulk, raw)):
        spool.append([record(b"turns %d" % number, 100.0 * number)])
        lanes.run()
        if saved and number == 2:
            for kind in (lanes.memories.rules, lanes.memories.store):
                kind.save(Now(0, 0), at_once=True)
    again = TwoLanes(raw, bulk, gates=gates, limit=LIMIT)
    bulk.append([record(b"turns 5", 500.0)])
    raw.append([record(b"turns 6", 600.0)])
    again.run()
    assert [event.position for event in gates.stored] == [
        Position("raw-1", 1),
        Position("raw-1", 2),
        Position("raw-1", 3),
        Position("bulk-1", 3),  # the seventh: the sixth, of the first lane, was not its turn
    ]


def test_lanes_that_are_not_level_are_read_for_each_kind() -> None:
    raw, bulk, gates = MemorySpool("raw-1"), MemorySpool("bulk-1"), Gates()
    lanes = TwoLanes(raw, bulk, gates=gates, limit=LIMIT)
    raw.append(downs(2))
    lanes.run()
    gates.store_shut = True
    bulk.append(turns(3))
    raw.append([record(b"up", 400)])
    with capture_logs():
        lanes.run()
        assert len(gates.matches) == 3
        gates.store_shut = False
        again = TwoLanes(raw, bulk, gates=gates, limit=LIMIT)
        again.run()
    assert [event.code for event in gates.stored].count("turns") == 2
    assert again.memories.rules.memory is again.memories.store.memory


# -- how far is looked back ----------------------------------------------------------------------


def test_no_more_than_twice_what_is_needed_is_read_again() -> None:
    """Of the last two time buckets; the records before them are many, too."""
    needed = 5 * WARM_UP_STEPS[0]  # it is found at eight of them
    gates, spool = Gates(), spooled(*downs(4 * needed, -100), *downs(needed, 1))
    process = Process(spool, gates)
    process.run()
    process.save(at_once=True)
    spool.append([spool.payloads[-needed]])
    again = Process(spool, gates)
    again.run()
    assert again.ledger()["duplicate"] == 1
    assert needed < again.decoded() <= 8 * WARM_UP_STEPS[0] + 1


FOREVER = 1 << 63


def test_what_was_given_up_is_not_decoded() -> None:
    """But the last buckets of it: what comes next may repeat it."""
    gates = Gates()
    gates.store_shut = True
    spool = spooled(*(record(b"other %d" % n, n) for n in range(8 * WARM_UP_STEPS[0])))
    process = Process(spool, gates)
    with capture_logs():
        process.run()
        before = process.decoded()
        _, leg = process.ingest.legs()
        given_up = process.ingest.give_up(leg, "full", before=spool.last - 9, older_than=FOREVER)
        gates.store_shut = False
        process.later()
        process.run()
    assert (given_up, len(gates.stored)) == (spool.last - 10, 10)
    assert process.decoded() - before <= WARM_UP_STEPS[0] + 10


class Giving:
    """Two lanes: the rules have read them, and the store leg gives up one of them in parts."""

    def __init__(self) -> None:
        raw, bulk, self.gates = MemorySpool("raw-1"), MemorySpool("bulk-1"), Gates()
        self.gates.store_shut = True
        self.lanes = TwoLanes(raw, bulk, gates=self.gates, limit=UNLIMITED)
        raw.append(downs(BATCH_RECORDS))
        bulk.append(downs(1_000, 1))
        with capture_logs():
            for _ in range(2):  # the second time it does not forget
                self.lanes.run()
                self.lanes.elapsed_ns += 10 * NS_PER_S
        self.gates.store_shut = False
        self.given_up = 0

    def part(self) -> int:
        """A part is given up, both lanes have their turn; how many records were decoded for it."""
        before = self.lanes.decoded()
        bulk = self.lanes.lanes[1]
        _, leg = bulk.legs()
        place = leg.position + 51
        self.given_up += bulk.give_up(leg, "full", before=place, older_than=FOREVER)
        for lane in self.lanes.lanes:
            lane.turn()
        return self.lanes.decoded() - before


def test_nothing_is_built_between_two_parts_of_what_is_given_up() -> None:
    """In no lane: their memory is the same."""
    giving = Giving()
    with capture_logs():
        assert [giving.part() for _ in range(6)] == [0] * 6
        giving.lanes.elapsed_ns += REST_S * NS_PER_S
        giving.lanes.run()
    assert giving.given_up == 6 * 50
    assert len(giving.gates.stored) == BATCH_RECORDS + 1_000 - giving.given_up


def test_who_gives_up_all_the_time_goes_on_now_and_then() -> None:
    giving = Giving()
    with capture_logs():
        for _ in range(8):
            giving.part()
            giving.lanes.elapsed_ns += REST_S * NS_PER_S // 3
    assert len(giving.gates.stored) >= BATCH_RECORDS


def test_who_is_refused_is_told_once_also_when_the_store_is_late() -> None:
    gates = Gates()
    gates.store_shut = True
    process = Process(spooled(record(b"denied 1"), record(b"down 1")), gates)
    with capture_logs():
        process.run()
        gates.store_shut = False
        process.later()
        process.run()
    assert gates.refused == [("10.0.0.1", "unknown")]


def same_lines(count: int) -> list[bytes]:
    return [record(b"up", 1, listener=LINES)] * count


def test_identical_lines_in_both_lanes_are_as_many_events() -> None:
    """Their sender was diverted in the middle of a bucket. Read again they are the same."""
    raw, bulk, gates = MemorySpool("raw-1"), MemorySpool("bulk-1"), Gates()
    raw.append(same_lines(3))
    bulk.append(same_lines(4))
    TwoLanes(raw, bulk, gates=gates, limit=UNLIMITED).run()
    ids = {event.position: event.id for event in gates.stored}
    assert len(set(ids.values())) == 7
    raw.places.clear()
    del bulk.places["store"]
    again = Gates()
    TwoLanes(raw, bulk, gates=again, limit=UNLIMITED).run()
    assert {event.position: event.id for event in again.stored} == ids


def test_identical_lines_in_both_lanes_are_counted_on_after_a_restart() -> None:
    raw, bulk, gates = MemorySpool("raw-1"), MemorySpool("bulk-1"), Gates()
    for _ in range(3):
        raw.append(same_lines(2))
        bulk.append(same_lines(2))
        TwoLanes(raw, bulk, gates=gates, limit=UNLIMITED).run()
    whole = Gates()
    raw.places.clear()
    bulk.places.clear()
    TwoLanes(raw, bulk, gates=whole, limit=UNLIMITED).run()
    assert {event.id for event in gates.stored} == {event.id for event in whole.stored}
    assert len({event.id for event in gates.stored}) == 12


def test_a_copy_that_comes_when_its_peer_changes_lanes_is_found() -> None:
    raw, bulk, gates = MemorySpool("raw-1"), MemorySpool("bulk-1"), Gates()
    lanes = TwoLanes(raw, bulk, gates=gates, limit=UNLIMITED)
    for spool, second in ((raw, 1), (bulk, 2), (raw, 12)):
        spool.append([record(b"down", second)])
        lanes.run()
    assert codes(gates) == ["down"]
    bulk.append([record(b"down", 3)])
    TwoLanes(raw, bulk, gates=gates, limit=UNLIMITED).run()
    assert codes(gates) == ["down"]
