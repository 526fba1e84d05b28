"""What a spool has lost to damage, and who tells of it: each place once.

A record has a sequence, and in a segment sequences have no gaps: how many records are missing is
what lies between those on both sides.
"""

from collections.abc import Callable

import msgspec

from trapgate.spool.segment import FRAME_RECORDS_MAX

PLACES_MAX = 4_096
"""Damaged places that are remembered as told: a disk that has more is dying, and may say some of
them twice."""


class Damage(msgspec.Struct, frozen=True):
    """A stretch of a segment that nobody can read.

    `offset` in the file (its name, without its folder) and `size_bytes` say where; 0 bytes: the
    file ends before what should be there. The record before it has the sequence `after`, and so
    many `records` behind that are missing; 0: nobody waits for anything that was there.
    """

    file: str
    offset: int
    size_bytes: int
    after: int
    records: int


Tell = Callable[[Damage], object]
"""Called for each damaged place; must not raise."""


def untold(damage: Damage) -> None:
    """What becomes of damage where nobody listens."""


class Damages:
    """The damage that the readers of one spool meet, in one process: two of them, or one that looks
    back, come to the same place. For one thread."""

    def __init__(self, tell: Tell = untold) -> None:
        self.count = 0
        self._tell = tell
        self._told: dict[tuple[str, int], Damage] = {}

    def meet(self, damage: Damage) -> None:
        """Tell of it, if something is missing and was not told. A place is known by its end: who
        comes from the middle of several damaged batches meets the last of them only, and the rest
        is told when somebody meets it."""
        place = damage.file, damage.offset + damage.size_bytes
        known = self._told.get(place)
        if known is not None:
            part = msgspec.structs.replace(
                damage,
                size_bytes=known.offset - damage.offset,
                records=known.after - damage.after,
            )
        else:
            part = damage
        if part.records <= 0:
            return
        if known is None and len(self._told) >= PLACES_MAX:
            del self._told[next(iter(self._told))]
        self._told[place] = damage
        self.count += 1
        self._tell(part)


def missing_between(expected: int, first: int) -> int:
    """How many records are missing at the end of a segment that should go on with the sequence
    `expected`, where the next segment has the name `first`.

    Sequences jump by `FRAME_RECORDS_MAX` when a spool is opened again: that is taken off where it
    can be. So it is too few where more than that are missing and nobody has opened it."""
    gap = max(0, first - expected)
    return gap - FRAME_RECORDS_MAX if gap >= FRAME_RECORDS_MAX else gap
