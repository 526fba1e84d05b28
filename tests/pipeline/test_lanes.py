"""Lanes: who has the next turn, and that no record overtakes an earlier one of its peer."""

import pytest

from pipeline.spools import MemorySpool
from trapgate.model import Position
from trapgate.pipeline.lanes import (
    BULK_TURNS,
    BarrierReader,
    Lanes,
    OldestFirst,
    decode_barrier,
    encode_barrier,
)


class Work:
    """A lane with so many turns of work, which notes when it worked."""

    def __init__(self, name: str, turns: int, diary: list[str]) -> None:
        self.name = name
        self.turns = turns
        self.diary = diary

    def __call__(self) -> bool:
        if not self.turns:
            return False
        self.turns -= 1
        self.diary.append(self.name)
        return True


def turned(first: list[int], bulk: list[int]) -> str:
    """The lanes that worked, in order: `a`, `b` first ones, `x`, `y` bulk ones."""
    diary: list[str] = []
    lanes = Lanes(
        [Work(name, turns, diary) for name, turns in zip("ab", first, strict=False)],
        [Work(name, turns, diary) for name, turns in zip("xy", bulk, strict=False)],
    )
    while lanes.turn():
        continue
    return "".join(diary)


def test_bulk_has_one_turn_in_four_and_all_that_others_leave() -> None:
    assert BULK_TURNS == 4
    assert turned([9], [5]) == "aaaxaaaxaaaxxx"
    assert turned([9], [0]) == "a" * 9
    assert turned([0], [3]) == "xxx"
    assert turned([2], [2]) == "aaxx"


def test_lanes_of_one_kind_take_turns() -> None:
    assert turned([4, 4], [1, 1]) == "abaxbabyab"
    assert turned([2, 0], [0]) == "aa"


def test_an_idle_bulk_lane_saves_nothing_up() -> None:
    diary: list[str] = []
    first, bulk = Work("a", 100, diary), Work("x", 0, diary)
    lanes = Lanes([first], [bulk])
    for _ in range(50):
        lanes.turn()
    bulk.turns = 50
    for _ in range(8):
        lanes.turn()
    assert "".join(diary[50:]) == "xaaaxaaa"


def test_left_over_lanes_are_first_until_the_rules_have_read_them() -> None:
    """Then they have their turns as all others: the store may be behind in them for long."""
    diary: list[str] = []
    old, live = Work("o", 2, diary), Work("a", 5, diary)
    matched = [False] * 4 + [True] * 2 + [False] * 9  # it is asked no more
    lanes = OldestFirst(Lanes([old], []), Lanes([live, old], []), lambda: matched.pop(0))
    assert [lanes.turn() for _ in range(4)] == [True, True, False, False]  # it cannot go on
    assert "".join(diary) == "oo"
    old.turns = 2
    while lanes.turn():
        continue
    assert "".join(diary) == "ooaoaoaaa"
    assert len(matched) == 10


@pytest.mark.parametrize("stream", ["", "5f", "raw-1"])
def test_a_barrier_both_ways(stream: str) -> None:
    assert decode_barrier(encode_barrier(Position(stream, 2**40))) == Position(stream, 2**40)


@pytest.mark.parametrize("record", [b"", b"\0", b"\0" * 8, b"\x01" + bytes(20), b"data"])
def test_anything_else_is_no_barrier(record: bytes) -> None:
    assert decode_barrier(record) is None


class Bulk:
    """A bulk lane of two barriers, at 5 and at 9 of the first lane."""

    def __init__(self) -> None:
        self.place = Position("first", 0)
        self.spool = MemorySpool("bulk")
        self.spool.append([b"a", b"b"])
        self.spool.append([encode_barrier(Position("first", 5)), b"c", b"d"])
        self.spool.append([encode_barrier(Position("first", 9)), b"e"])
        self.reader = self.opened()

    def opened(self) -> BarrierReader:
        return BarrierReader(self.spool.reader("rules"), lambda: self.place)

    def read(self, after: int = 0) -> list[tuple[int, bytes]]:
        return list(self.reader.read(after, 100))


def test_reading_ends_at_a_barrier_until_it_may_be_passed() -> None:
    bulk = Bulk()
    assert bulk.read() == [(1, b"a"), (2, b"b")]
    assert bulk.read(2) == []
    bulk.place = Position("first", 4)
    assert bulk.read(2) == []
    bulk.place = Position("first", 5)
    assert bulk.read(2) == [(4, b"c"), (5, b"d")]
    assert bulk.read(5) == []
    assert bulk.read(4) == [(5, b"d")]
    bulk.place = Position("first", 100)
    assert bulk.read(5) == [(7, b"e")]
    assert bulk.read() == [(1, b"a"), (2, b"b"), (4, b"c"), (5, b"d"), (7, b"e")]


def test_a_barrier_alone_is_not_the_end() -> None:
    """A reader asked for little reads little, and a barrier may be all of it."""
    bulk = Bulk()
    bulk.spool.append([encode_barrier(Position("first", 1))])
    bulk.spool.append([encode_barrier(Position("first", 1))])
    bulk.spool.append([b"f"])
    bulk.place = Position("first", 100)
    assert list(bulk.reader.read(7, 1)) == [(10, b"f")]
    assert list(bulk.reader.read(10, 1)) == []


def test_what_was_acknowledged_can_be_read_again() -> None:
    """A leg looks back when it starts, and the first lane's cursor may be an older one then."""
    bulk = Bulk()
    bulk.reader.ack(5)
    bulk.place = Position("first", 1)
    assert bulk.read() == [(1, b"a"), (2, b"b"), (4, b"c"), (5, b"d")]
    assert bulk.read(4) == [(5, b"d")]


def test_a_barrier_of_a_spool_that_is_gone_holds_nobody_up() -> None:
    bulk = Bulk()
    bulk.place = Position("another", 0)
    assert [data for _, data in bulk.read()] == [b"a", b"b", b"c", b"d", b"e"]


def test_the_rest_is_the_readers() -> None:
    bulk = Bulk()
    bulk.reader.ack(2, b"ledger")
    bulk.reader.sync()
    assert bulk.opened().acked() == (2, b"ledger")
    assert bulk.reader.stream == "bulk"
