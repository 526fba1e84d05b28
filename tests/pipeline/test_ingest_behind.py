"""Ingest before a store that writes behind: places move on, cursors follow what is written."""

from structlog.testing import capture_logs

from pipeline.datagrams import LINES, UNLIMITED, record
from pipeline.ingesting import (
    MIXED,
    MIXED_LEDGER,
    MIXED_STORED,
    MIXED_VERBS,
    Gates,
    Process,
    TwoLanes,
    Window,
    codes,
    downs,
    spooled,
    stored,
    turns,
)
from pipeline.spools import MemorySpool


def test_a_store_that_is_behind_holds_up_nobody() -> None:
    gates, spool = Gates(), spooled(*MIXED)
    window = Window(gates)
    process = Process(spool, gates, window=window)
    process.run()
    spool.append(downs(3, 1))
    process.run()
    assert len(gates.matches) == len(MIXED_VERBS) + 3
    assert process.decoded() == len(MIXED) + 3  # once for both
    assert (gates.stored, process.ledger()) == ([], {})
    assert process.acked() == {"store": 0, "rules": 11}
    window.write()
    process.run()
    assert process.ledger() == MIXED_LEDGER
    assert process.value("trapgate_store_events_total") == len(MIXED_STORED)
    assert process.acked() == {"store": 8, "rules": 11}
    window.write()
    process.ingest.collect()
    assert process.ledger() == MIXED_LEDGER | {"stored": 8}
    assert process.level()
    check_ledger_is_kept(spool, process)


def check_ledger_is_kept(spool: MemorySpool, process: Process) -> None:
    assert Process(spool, Gates()).ledger() == process.ledger()


def test_the_cursor_waits_for_the_first_of_several_batches() -> None:
    gates, spool = Gates(), MemorySpool()
    window = Window(gates)
    process = Process(spool, gates, window=window)
    for second in range(3):
        spool.append(downs(2, second))
        process.run()
    for _, receipt in window.taken[1:]:
        receipt.durable = True
    process.run()
    assert process.acked()["store"] == 0
    window.taken[0][1].durable = True
    process.run()
    assert process.acked()["store"] == 6


def test_a_full_window_parts_the_legs_and_they_meet_again() -> None:
    gates, spool = Gates(), MemorySpool()
    window = Window(gates, batches_max=2)
    process = Process(spool, gates, window=window)
    with capture_logs() as logs:
        for second in range(5):
            spool.append(downs(2, second))
            process.run()
    assert len(gates.matches) == 10
    assert len(window.taken) == 2
    assert logs == []  # the window tells of its store
    while window.taken:
        window.write()
        process.run()
    assert stored(gates) == list(range(1, 11))
    assert process.level()
    assert process.decoded() == 4 + 2 * 6  # nothing to remember what both had seen
    before = process.decoded()
    spool.append(downs(4, 6))
    process.run()
    assert process.decoded() == before + 4


def test_what_is_in_the_window_at_a_crash_is_read_again_and_is_the_same() -> None:
    gates, spool = Gates(), spooled(*MIXED, *[record(b"up", 0, listener=LINES)] * 3)
    window = Window(gates)
    process = Process(spool, gates, window=window)
    process.run()
    written = [event.id for events, _ in window.taken for event in events]
    second = Process(spool, gates)  # the store has nothing of it, or all
    second.run()
    assert [event.id for event in gates.stored] == written
    assert second.ledger() == MIXED_LEDGER | {"stored": 8}
    assert len(gates.matches) == len(MIXED_VERBS) + 3  # the rules leg repeats nothing


def test_a_duplicate_is_not_done_before_what_it_repeats() -> None:
    """In another lane: after a crash in between, what was not stored would be the duplicate."""
    raw, bulk, gates = MemorySpool("raw-1"), MemorySpool("bulk-1"), Gates()
    window = Window(gates)
    lanes = TwoLanes(raw, bulk, gates=gates, limit=UNLIMITED, window=window)
    for spool, second in ((raw, 1), (bulk, 2)):
        spool.append([record(b"down", second)])
        lanes.run()
    TwoLanes(raw, bulk, gates=gates, limit=UNLIMITED).run()
    assert codes(gates) == ["down"]


def test_the_memory_is_saved_with_what_was_confirmed_also_if_the_store_is_always_behind() -> None:
    gates, spool = Gates(), MemorySpool()
    window = Window(gates)
    process = Process(spool, gates, window=window)

    def saved() -> int:
        return spool.snapshot("store").load()[0].get(spool.stream, 0)

    for number in range(6):
        spool.append(turns(1, number))
        process.run()
        process.later()
        process.save()
        assert saved() <= process.acked()["store"]
        if len(window.taken) > 1:
            window.write()  # one is always left
            process.run()
    assert window.taken
    assert 3 <= saved() <= process.acked()["store"] == 5
    spool.append(turns(2, 6))
    Process(spool, gates).run()
    assert stored(gates) == [1, 3, 5, 7]


def test_a_stop_saves_what_is_confirmed() -> None:
    gates, spool = Gates(), spooled(*turns(3))
    window = Window(gates)
    process = Process(spool, gates, window=window)
    process.run()
    process.save(at_once=True)
    assert spool.snapshot("store").load()[0] == {}
    assert spool.snapshot("rules").load()[0] == {spool.stream: 3}
    window.write()
    process.ingest.collect()
    process.save(at_once=True)
    assert spool.snapshot("store").load()[0] == {spool.stream: 3}
