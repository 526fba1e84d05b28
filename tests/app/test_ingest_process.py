"""How the lanes of ingest take turns when there were more receive processes before."""

from structlog.testing import capture_logs

from pipeline.datagrams import LINES, UNLIMITED, record
from pipeline.ingesting import Gates, TwoLanes, verbs
from pipeline.spools import MemorySpool
from trapgate.app.ingest_process import oldest_first
from trapgate.pipeline.lanes import OldestFirst
from trapgate.pipeline.leg import BATCH_RECORDS

DOWN, UP = record(b"down", 2.0, listener=LINES), record(b"up", 60.0, listener=LINES)
OTHERS = [record(b"other %d" % n, 1.0) for n in range(2 * BATCH_RECORDS)]


class Site:
    """`spool.workers` was 2 and is 1: two lanes are left over, and two are live."""

    def __init__(self) -> None:
        names = ("raw-2", "raw-2-bulk", "raw", "raw-bulk")
        self.raw_2, self.bulk_2, self.raw, self.bulk = map(MemorySpool, names)
        self.gates = Gates()
        self.left = TwoLanes(self.raw_2, self.bulk_2, gates=self.gates, limit=UNLIMITED)
        self.live = TwoLanes(self.raw, self.bulk, gates=self.gates, limit=UNLIMITED)

    def lanes(self) -> OldestFirst:
        (old, old_bulk), (raw, bulk) = self.left.lanes, self.live.lanes
        return oldest_first([(old, old_bulk)], [(raw, bulk), (old, old_bulk)])

    def run(self) -> None:
        lanes = self.lanes()
        while lanes.turn():
            continue


def test_a_sender_is_not_overtaken_by_itself() -> None:
    """It is worker 1's now; what worker 2 has left is older."""
    for lane in ("raw_2", "bulk_2"):
        site = Site()
        getattr(site, lane).append([*OTHERS, DOWN])
        site.raw.append([UP])
        site.run()
        assert verbs(site.gates) == ["raise", "clear"]
        assert len(site.gates.stored) == len(OTHERS) + 2


def test_nobody_waits_for_the_store() -> None:
    site = Site()
    site.gates.store_shut = True
    site.raw_2.append([*OTHERS, DOWN])
    site.raw.append([UP])
    with capture_logs():
        site.run()
    assert verbs(site.gates) == ["raise", "clear"]
    assert site.gates.stored == []


def test_all_wait_while_matches_are_refused() -> None:
    site = Site()
    site.gates.matches_shut = True
    site.raw_2.append([DOWN])
    site.raw.append([UP])
    lanes = site.lanes()
    with capture_logs():
        while lanes.turn():
            continue
        site.gates.matches_shut = False
        assert not lanes.turn()  # its second is not over; the live lane waits with it
    assert site.gates.matches == []


def test_without_any_left_over_all_have_their_turns() -> None:
    site = Site()
    site.raw.append([DOWN])
    site.bulk.append([UP])
    raw, bulk = site.live.lanes
    lanes = oldest_first([], [(raw, bulk)])
    assert [lanes.turn() for _ in range(3)] == [True, True, False]
    assert verbs(site.gates) == ["raise", "clear"]
