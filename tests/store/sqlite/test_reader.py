"""A part that is read while it is written and deleted, and how much of it is looked at."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NEVER, NS_PER_S
from trapgate.model.query import Everything, Word
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.blocks import BLOCK_EVENTS
from trapgate.store.sqlite.folder import DAY_NS, Part, delete_part, part_path
from trapgate.store.sqlite.reader import PartReader, condition

TODAY = Part(MIDNIGHT // DAY_NS)
ANY = condition(Everything())


def seqs_of(reader: PartReader) -> list[int]:
    found = reader.events([1 << 44 | n for n in range(1, 101)], ANY)
    return sorted(event.position.sequence for event in found)


def opened(folder: Path) -> PartReader:
    reader = PartReader.open(part_path(folder, TODAY))
    assert reader is not None
    return reader


def test_a_part_that_is_deleted_is_read_to_its_end(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path)
    store.write([event(n) for n in range(1, 101)])
    with opened(tmp_path) as reader:
        delete_part(tmp_path, TODAY)
        assert seqs_of(reader) == list(range(1, 101))
    store.close()


def test_a_part_that_is_gone_is_none(tmp_path: Path) -> None:
    assert PartReader.open(part_path(tmp_path, TODAY)) is None


def test_a_snapshot_does_not_change(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path)
    store.write([event(1)])
    with opened(tmp_path) as reader:
        store.write([event(2)])
        assert seqs_of(reader) == [1]
    store.close()


@pytest.mark.parametrize(
    ("first", "last", "lasts"),
    [
        (1, 10_000, [9_000, 8_192, 4_096]),
        (1, 8_192, [8_192, 4_096]),
        (5_000, 6_000, [8_192]),
        (4_096, 4_097, [8_192, 4_096]),
        (8_193, 9_000, [9_000]),
        (1, 1, [4_096]),
    ],
)
def test_no_other_blocks_are_read(tmp_path: Path, first: int, last: int, lasts: list[int]) -> None:
    assert BLOCK_EVENTS == 4_096
    store = SqliteEventStore.open(tmp_path)
    store.write([event(n, MIDNIGHT, stream=name) for name in "abc" for n in range(1, 9_001)])
    with opened(tmp_path) as reader:
        found = reader.blocks(2 << 44 | first, 2 << 44 | last)
        assert [block.last - (2 << 44) for block in found] == lasts
    store.close()


@pytest.mark.parametrize(
    ("first", "last", "spans"),
    [
        (1, 9_000, [(1, 4_096), (4_097, 8_192), (8_193, 9_000)]),
        (1, 8_192, [(1, 4_096), (4_097, 8_192)]),
        (5_000, 6_000, [(5_000, 6_000)]),
        (4_096, 4_097, [(4_096, 4_096), (4_097, 4_097)]),
        (8_900, 9_999, [(8_900, 9_000)]),
        (9_001, 9_999, []),
    ],
)
def test_spans_are_what_rows_share_blocks(
    tmp_path: Path, first: int, last: int, spans: list[tuple[int, int]]
) -> None:
    store = SqliteEventStore.open(tmp_path)
    store.write([event(n, MIDNIGHT + n, stream=name) for name in "abc" for n in range(1, 9_001)])
    with opened(tmp_path) as reader:
        base = 2 << 44
        found = reader.spans(base | first, base | last)
        assert [(span.first - base, span.last - base) for span in found] == spans
        for span in found:  # the bounds are those of the block
            assert span.since <= MIDNIGHT + span.first - base
            assert MIDNIGHT + span.last - base <= span.until < span.since + BLOCK_EVENTS
    store.close()


def test_a_span_has_the_earliest_and_the_latest_time(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path)
    times = {1: 5, 2: 9, 3: 2, 4: 7}
    store.write([event(n, MIDNIGHT + at) for n, at in times.items()])
    with opened(tmp_path) as reader:
        (span,) = reader.spans(1 << 44, 1 << 44 | 9)
        assert (span.since, span.until) == (MIDNIGHT + 2, MIDNIGHT + 9)
    store.close()


@pytest.mark.parametrize(
    "wanted", [range(1, 501), (3, 4, 400), (7,), (1, 2, 4, 5), (499, 500, 900)]
)
def test_the_times_of_rows_are_read_whether_they_are_many_or_few(
    tmp_path: Path, wanted: Sequence[int]
) -> None:
    store = SqliteEventStore.open(tmp_path)
    store.write([event(n, MIDNIGHT + n) for n in range(1, 501)])
    with opened(tmp_path) as reader:
        found = reader.received([1 << 44 | n for n in reversed(wanted)])
        expected = {1 << 44 | n: MIDNIGHT + n for n in wanted if n <= 500}
        assert sorted(found) == sorted(expected.items())
    store.close()


def test_where_rows_of_a_time_lie(tmp_path: Path) -> None:
    """The clock was set back behind the third one, and the other stream is late."""
    store = SqliteEventStore.open(tmp_path)
    offsets = {"a": (0, 10, 30, 10, 20), "b": (0, 0, 10)}
    for name, offsets_s in offsets.items():
        times = [MIDNIGHT + offset * NS_PER_S for offset in offsets_s]
        store.write([event(n, at, stream=name) for n, at in enumerate(times, 1)])
    a, b = 1 << 44, 2 << 44
    with opened(tmp_path) as reader:
        windows = [MIDNIGHT + n * 10 * NS_PER_S for n in range(5)]
        assert reader.extents(windows[0], windows[4]) == [(a | 1, a | 5), (b | 1, b | 3)]
        assert reader.extents(windows[1], windows[2]) == [(a | 2, a | 4), (b | 3, b | 3)]
        assert reader.extents(windows[3], windows[4]) == [(a | 3, a | 3)]
        assert reader.latest(windows[0], windows[4]) == windows[4]
        assert reader.latest(windows[1], windows[2]) == windows[2]
        assert reader.latest(windows[4], NEVER) is None
        assert reader.extents(windows[4], NEVER) == []
    store.close()


def test_facets_are_chosen_by_a_condition(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path)
    store.write([event(n, code=f"code-{n % 3}", severity=n % 2) for n in range(1, 13)])
    with opened(tmp_path) as reader:
        chosen = condition(Word("event.code", "code-1"))
        assert {facet.code for _, facet in reader.facets(chosen)} == {"code-1"}
        assert {number for number, _ in reader.facets(chosen)} == reader.wanted(chosen)
        assert len(reader.wanted(ANY)) == 6
    store.close()


@pytest.mark.parametrize("before", [0, 1, 2, 4_095, 4_096, 4_097, 4_999, 5_000, 5_001])
def test_facets_are_counted_to_the_nanosecond(tmp_path: Path, before: int) -> None:
    store = SqliteEventStore.open(tmp_path)
    store.write([event(n, MIDNIGHT + n) for n in range(1, 5_001)])
    with opened(tmp_path) as reader:
        counts = sum(reader.facet_counts(MIDNIGHT, MIDNIGHT + before).values())
        assert counts == max(0, min(before, 5_001) - 1)
        rest = sum(reader.facet_counts(MIDNIGHT + before, NEVER).values())
        assert counts + rest == 5_000
    store.close()
