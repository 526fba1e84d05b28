"""Runs of rows, and a day's file that goes while it is read."""

from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NEVER
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.folder import BUCKET_NS, DAY_NS, day_path, delete_day
from trapgate.store.sqlite.narrow import Narrowing
from trapgate.store.sqlite.reader import DayReader, Span, Spot, spans

B = BUCKET_NS


@pytest.mark.parametrize(
    ("buckets", "before", "expected"),
    [
        ([], None, []),
        ([(5, 1, 9)], None, [Span(1, 9, 5 * B, 6 * B)]),
        # positions grow with time: one run, gaps and all
        ([(9, 20, 29), (7, 11, 15), (5, 1, 10)], None, [Span(1, 29, 5 * B, 10 * B)]),
        # the clock was set back: rows of bucket 5 lie among those of bucket 7
        ([(7, 1, 30), (5, 11, 20)], None, [Span(1, 30, 7 * B, 8 * B), Span(11, 20, 5 * B, 6 * B)]),
        # behind an event: not what is newer, not itself
        ([(9, 20, 29), (7, 11, 15)], Spot(9, 25), [Span(11, 24, 7 * B, 10 * B)]),
        ([(9, 20, 29), (7, 11, 15)], Spot(9, 20), [Span(11, 15, 7 * B, 8 * B)]),
        ([(9, 20, 29), (7, 11, 15)], Spot(8, 16), [Span(11, 15, 7 * B, 8 * B)]),
    ],
)
def test_spans(
    buckets: list[tuple[int, int, int]], before: Spot | None, expected: list[Span]
) -> None:
    assert spans(buckets, 0, NEVER, before) == expected


def test_spans_end_where_the_question_does() -> None:
    found = spans([(9, 20, 29), (7, 11, 15)], 7 * B + 3, 9 * B + 5, None)
    assert found == [Span(11, 29, 7 * B + 3, 9 * B + 5)]


def test_a_day_that_is_deleted_is_read_to_its_end(tmp_path: Path) -> None:
    day = MIDNIGHT // DAY_NS
    store = SqliteEventStore.open(tmp_path)
    store.write([event(n) for n in range(1, 101)])
    reader = DayReader.open(day_path(tmp_path, day))
    assert reader is not None
    with reader:
        events = reader.newest_first(0, NEVER, Narrowing(), None)
        first = next(events)
        delete_day(tmp_path, day)
        assert [e.position.sequence for e in (first, *events)] == list(range(100, 0, -1))
    store.close()


def test_a_day_that_is_gone_is_none(tmp_path: Path) -> None:
    assert DayReader.open(day_path(tmp_path, 1)) is None


def test_a_snapshot_does_not_change(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path)
    store.write([event(1)])
    reader = DayReader.open(day_path(tmp_path, MIDNIGHT // DAY_NS))
    assert reader is not None
    with reader:
        store.write([event(2)])
        assert len(list(reader.newest_first(0, NEVER, Narrowing(), None))) == 1
    store.close()
