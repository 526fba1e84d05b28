"""What a reader keeps from being deleted, by standing where it stands."""

from pathlib import Path

import msgspec

from trapgate.model import NS_PER_S
from trapgate.spool.age import not_later
from trapgate.spool.segment import segment_name, segment_sequences

LOOK_BACK_S = 20
"""How far a reader that starts again looks back from its place, in arrivals, so as to recognise
duplicates and to give identical lines the numbers that they had: the two 10 s buckets before
(`pipeline.leg`). What it has read of that age stays."""


class Held(msgspec.Struct, frozen=True):
    """What a place in a spool keeps.

    `size_bytes`: of the segments that hold, or may hold, records behind it. `before`: the sequence
    before which all of the oldest of them lies; `None` if there is no other behind that.
    `look_back_bytes`: of the segments before these that are kept for `LOOK_BACK_S`.
    """

    size_bytes: int
    before: int | None
    look_back_bytes: int


def held(folder: Path, after: int) -> Held:
    """What is kept in a folder for a reader that has acknowledged up to the sequence `after`;
    nothing if there is no folder. Raises `OSError`."""
    sequences = segment_sequences(folder)
    earlier = sum(sequence <= after + 1 for sequence in sequences)
    place = max(0, earlier - 1)
    behind = sequences[place + 1 :]
    size_bytes = sum(_size_and_time(folder, sequence)[0] for sequence in sequences[place:])
    done = [_size_and_time(folder, sequence) for sequence in sequences[:place]]
    reached_at = done[-1][1] if done else 0
    written_at = not_later([stamp for _, stamp in done], reached_at)
    needed_from = reached_at - LOOK_BACK_S * NS_PER_S
    look_back_bytes = sum(
        size for (size, _), at in zip(done, written_at, strict=True) if at >= needed_from
    )
    return Held(size_bytes, behind[0] if behind else None, look_back_bytes)


def _size_and_time(folder: Path, sequence: int) -> tuple[int, int]:
    """Of a segment, with the time of its last batch; nothing if it was deleted just now."""
    try:
        status = (folder / segment_name(sequence)).stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
