"""A block says of each row which facet it has."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.store.sqlite.blocks import (
    BLOCK_EVENTS,
    FEW_FACETS_MAX,
    Block,
    BlockRow,
    blocks_of,
    count_into,
    hits,
)

gaps = st.integers(1, 3)
facets = st.integers(0, 400)
histories = st.lists(st.tuples(gaps, facets, st.integers(0, 99)), min_size=1, max_size=600)


def rows_of(history: list[tuple[int, int, int]]) -> list[BlockRow]:
    rows, seq = [], 1 << 44
    for gap, facet, at in history:
        seq += gap
        rows.append((seq, facet, at))
    return rows


def seqs(block: Block, wanted: set[int] | None) -> list[int]:
    found, members = [], hits(block, wanted)
    at = members.at_or_before(block.last + 9) if members else None
    while members and at is not None:
        found.append(at)
        at = members.at_or_before(at - 1)
    return found


@given(histories, st.sets(facets, max_size=2 * FEW_FACETS_MAX) | st.none())
def test_rows_are_found_by_their_facets(
    history: list[tuple[int, int, int]], wanted: set[int] | None
) -> None:
    rows = rows_of(history)
    (block,) = blocks_of(rows)
    assert (block.first, block.last) == (rows[0][0], rows[-1][0])
    assert (block.since, block.until) == (min(r[2] for r in rows), max(r[2] for r in rows))
    expected = [seq for seq, facet, _ in rows if wanted is None or facet in wanted]
    assert seqs(block, wanted) == expected[::-1]
    assert (hits(block, wanted) is None) == (not expected)
    counts: Counter[int] = Counter({-1: 1})
    count_into(counts, block)
    assert counts == Counter([-1, *(facet for _, facet, _ in rows)])


@pytest.mark.parametrize("different", [1, 255, 256, 257, BLOCK_EVENTS])
def test_any_number_of_facets_can_be_told(different: int) -> None:
    rows = [(seq, seq * 7_919 % different + 70_000, 0) for seq in range(1, BLOCK_EVENTS + 1)]
    (block,) = blocks_of(rows)
    last = 70_000 + different - 1
    assert seqs(block, {last}) == [seq for seq, facet, _ in reversed(rows) if facet == last]
    assert not block.offsets, "without gaps there is nothing to say about them"


def test_rows_make_blocks_of_a_bounded_size() -> None:
    rows = [(seq, 1, 0) for seq in range(2 * BLOCK_EVENTS + 1)]
    assert [len(block.codes) for block in blocks_of(rows)] == [BLOCK_EVENTS, BLOCK_EVENTS, 1]
    assert blocks_of([]) == []


def test_a_jump_that_no_offset_reaches_begins_a_block() -> None:
    rows = [(1, 5, 0), (2**32, 5, 0), (2**32 + 1, 5, 0), (2**40, 5, 0)]
    blocks = blocks_of(rows)
    assert [(block.first, block.last) for block in blocks] == [
        (1, 2**32),
        (2**32 + 1, 2**32 + 1),
        (2**40, 2**40),
    ]
    assert [seq for block in blocks for seq in reversed(seqs(block, {5}))] == [r[0] for r in rows]
