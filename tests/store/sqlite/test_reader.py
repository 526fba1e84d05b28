"""A part that is read while it is written and deleted, and how much of it is looked at."""

from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NEVER
from trapgate.model.query import Everything, Word
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.blocks import BLOCK_EVENTS
from trapgate.store.sqlite.folder import DAY_NS, Part, delete_part, part_path
from trapgate.store.sqlite.reader import PartReader, condition

TODAY = Part(MIDNIGHT // DAY_NS)
ANY = condition(Everything())


def seqs_of(reader: PartReader) -> list[int]:
    found = reader.events([1 << 44 | n for n in range(1, 101)], 0, NEVER, ANY)
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
