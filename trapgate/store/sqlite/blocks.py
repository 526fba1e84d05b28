"""The facets of thousands of rows in a few kilobytes: instead of an index on each hot field.

A block is a copy of one column, in order, for a run of a stream's rows. An index would cost each
row a place in a tree of its own; a block costs one row for 4,096, and is judged as a whole: where
none of its facets is wanted, none of its rows is looked at.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from typing import NamedTuple

BLOCK_EVENTS = 4_096
"""Rows of a block: read with one page or two. As many rows at most stand behind the last block,
whose facets are read one by one."""

FEW_FACETS_MAX = 64
"""Wanted facets that are looked up one by one; of more, all of a block's are looked at."""

_OFFSET_MAX = 2**32 - 1
_NARROW = 256
"""So many facets can be told by one byte a row."""


class Block(NamedTuple):
    """The rows of one stream from seq `first` to `last`, received between `since` and `until`.

    `offsets` has each row's seq - `first` (nothing: there are no gaps), `facets` the different
    facet numbers in their order, both in 4 bytes; `codes` has each row's place in `facets`, in 1
    byte if there are 256 of them at most, else in 2. All are little-endian.
    """

    last: int
    first: int
    since: int
    until: int
    offsets: bytes
    facets: bytes
    codes: bytes


BlockRow = tuple[int, int, int]
"""What a block is made of: a row's seq, its facet's number and its received_at."""


def blocks_of(rows: Sequence[BlockRow]) -> list[Block]:
    """These rows, in order of seq, as blocks of at most `BLOCK_EVENTS`; no rows, no blocks."""
    found: list[Block] = []
    at = 0
    while at < len(rows):
        # a stream that was begun anew may have jumped further than an offset reaches
        reach = rows[at][0] + _OFFSET_MAX
        end = bisect_right(rows, reach, at, min(at + BLOCK_EVENTS, len(rows)), key=_seq)
        found.append(_block(rows[at:end]))
        at = end
    return found


def _seq(row: BlockRow) -> int:
    return row[0]


def _block(rows: Sequence[BlockRow]) -> Block:
    seqs, facets, times = zip(*rows, strict=True)
    first, last = seqs[0], seqs[-1]
    dense = last - first + 1 == len(seqs)
    places = {facet: place for place, facet in enumerate(sorted(set(facets)))}
    codes = map(places.__getitem__, facets)
    return Block(
        first=first,
        last=last,
        since=min(times),
        until=max(times),
        offsets=b"" if dense else _packed("I", [seq - first for seq in seqs]),
        facets=_packed("I", places),
        codes=bytes(codes) if len(places) <= _NARROW else _packed("H", codes),
    )


class Hits:
    """The rows of a block that have one of some facets, to be asked for from the last to the
    first."""

    def __init__(self, block: Block, last_below: Callable[[int], int]) -> None:
        """`last_below` answers with the place in the block of the last of them before a place, -1
        if there is none."""
        self._last_below = last_below
        self._first = block.first
        self._offsets = _unpacked("I", block.offsets)

    def at_or_before(self, seq: int) -> int | None:
        """The last of them whose seq is at most this; `None` if there is none."""
        if self._offsets:
            end = bisect_right(self._offsets, seq - self._first)
        else:
            end = seq - self._first + 1
        place = self._last_below(end) if end > 0 else -1
        if place < 0:
            return None
        return self._first + (self._offsets[place] if self._offsets else place)


def hits(block: Block, wanted: Set[int] | None) -> Hits | None:
    """The rows that have one of these facets (`None`: any); `None` if there is none."""
    facets = _unpacked("I", block.facets)
    narrow = len(facets) <= _NARROW
    if wanted is None:
        rows = len(block.codes) // (1 if narrow else 2)
        return Hits(block, lambda end: min(end, rows) - 1)
    codes = _places(facets, wanted)
    if not codes:
        return None
    if narrow:
        flags = bytearray(_NARROW)
        for code in codes:
            flags[code] = 1
        flagged = block.codes.translate(flags)
        return Hits(block, lambda end: flagged.rfind(1, 0, end))
    found = _wide_rows(block.codes, codes)
    return Hits(block, lambda end: found[at - 1] if (at := bisect_left(found, end)) else -1)


def _wide_rows(codes: bytes, wanted: Sequence[int]) -> list[int]:
    """Where in codes of 2 bytes one of these is, in order."""
    if len(wanted) > FEW_FACETS_MAX:
        members = set(wanted)
        return [row for row, code in enumerate(_unpacked("H", codes)) if code in members]
    found = []
    for code in wanted:
        sought = code.to_bytes(2, "little")
        at = codes.find(sought)
        while at >= 0:
            if at % 2 == 0:  # else it is the end of one code and the beginning of the next
                found.append(at // 2)
            at = codes.find(sought, at + 1)
    return sorted(found)


def _places(facets: Sequence[int], wanted: Set[int]) -> list[int]:
    """Where in a block's facets the wanted ones are."""
    if len(wanted) <= FEW_FACETS_MAX:
        found = [(bisect_left(facets, facet), facet) for facet in wanted]
        return [at for at, facet in found if at < len(facets) and facets[at] == facet]
    if wanted.isdisjoint(facets):  # four times as fast as looking where, and mostly so
        return []
    return [at for at, facet in enumerate(facets) if facet in wanted]


def count_into(counts: Counter[int], block: Block) -> None:
    """Add how many rows of a block have each facet."""
    facets = _unpacked("I", block.facets)
    if len(facets) <= _NARROW:
        for place, count in Counter(block.codes).items():
            counts[facets[place]] += count
    else:
        counts.update(map(facets.__getitem__, _unpacked("H", block.codes)))


def _packed(kind: str, numbers: Iterable[int]) -> bytes:
    packed = array(kind, numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpacked(kind: str, data: bytes) -> Sequence[int]:
    unpacked = array(kind, data)
    if sys.byteorder == "big":
        unpacked.byteswap()
    return unpacked
