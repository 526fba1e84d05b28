"""Who is diverted, when, and for how long."""

from trapgate.listen import encode, origin
from trapgate.model import Endpoint
from trapgate.pipeline.diversion import (
    BACKLOG_CALM,
    PEER_RECORDS_MIN,
    WINDOW_RECORDS,
    Diversion,
    FairShare,
)

ORIGIN = origin("traps", Endpoint("::", 162))
FLOOD, QUIET = b"10.0.0.1", b"10.0.0.2"


def records(peer: bytes, count: int) -> list[bytes]:
    return [encode(ORIGIN, 0, peer.decode(), 1, b"trap")] * count


class Spools:
    """Two backlogs, and how often they were asked for."""

    def __init__(self) -> None:
        self.first = self.bulk = 0
        self.asked = 0
        self.diversion = Diversion(self.first_backlog, lambda: self.bulk, set())

    def first_backlog(self) -> int:
        self.asked += 1
        return self.first


def test_in_the_calm_case_nothing_is_looked_at() -> None:
    """What waits is asked for once in as many records as may wait."""
    spools = Spools()
    for _ in range(10 * BACKLOG_CALM // 64):
        assert spools.diversion.judge([b"not a record"] * 64) == (set(), False)
    assert spools.asked <= 10


def test_a_flood_is_diverted_and_others_are_not() -> None:
    spools = Spools()
    spools.first = BACKLOG_CALM
    batch = records(FLOOD, 400) + records(QUIET, 10)
    assert spools.diversion.judge(batch) == ({FLOOD}, True)
    spools.bulk = 400
    assert spools.diversion.judge(batch) == ({FLOOD}, False)


def test_it_stays_diverted_until_the_lane_is_read_to_its_end() -> None:
    spools = Spools()
    spools.first = BACKLOG_CALM
    spools.diversion.judge(records(FLOOD, 400))
    spools.first, spools.bulk = 0, 1
    assert spools.diversion.judge(records(FLOOD, 1)) == ({FLOOD}, False)
    assert spools.diversion.judge(records(QUIET, 1000)) == ({FLOOD}, False)
    spools.bulk = 0
    assert spools.diversion.judge(records(FLOOD, 1)) == (set(), False)


def test_a_large_burst_of_one_is_diverted_from_its_start() -> None:
    spools = Spools()
    assert spools.diversion.judge(records(FLOOD, BACKLOG_CALM + 1)) == ({FLOOD}, True)


def test_who_comes_later_needs_a_barrier_too() -> None:
    spools = Spools()
    spools.first, spools.bulk = BACKLOG_CALM, 1
    assert spools.diversion.judge(records(FLOOD, 400)) == ({FLOOD}, True)
    assert spools.diversion.judge(records(QUIET, 400)) == ({FLOOD, QUIET}, True)


def test_when_all_send_alike_nobody_is_diverted() -> None:
    spools = Spools()
    spools.first = 100_000
    batch = [record for peer in range(100) for record in records(b"10.0.1.%d" % peer, 16)]
    for _ in range(20):
        assert spools.diversion.judge(batch) == (set(), False)


def test_a_flood_in_small_batches_is_one_too() -> None:
    share = FairShare()
    assert share.over([FLOOD] * PEER_RECORDS_MIN + [QUIET]) == set()
    assert share.over([FLOOD]) == {FLOOD}


def test_what_was_long_ago_does_not_count() -> None:
    share = FairShare()
    share.over([FLOOD] * 500)
    others = [b"%d" % number for number in range(WINDOW_RECORDS)]
    for _ in range(12):
        share.over(others)
    assert share.over([FLOOD]) == set()


def test_peers_that_are_gone_are_forgotten() -> None:
    """A scan of spoofed sources does not grow it."""
    share = FairShare()
    for start in range(0, 100 * WINDOW_RECORDS, WINDOW_RECORDS):
        share.over([b"%d" % number for number in range(start, start + WINDOW_RECORDS)])
    assert len(share) <= 2 * WINDOW_RECORDS
    share.clear()
    assert len(share) == 0
