"""What a reader keeps from being deleted, by standing where it stands."""

from contextlib import suppress
from pathlib import Path

import msgspec

from trapgate.spool.segment import segment_name, segment_sequences


class Held(msgspec.Struct, frozen=True):
    """The size of the segments that hold, or may hold, records behind a place, and the sequence
    before which all of the oldest of them lies; `None` if there is no other behind that."""

    size_bytes: int
    before: int | None


def held(folder: Path, after: int) -> Held:
    """What is kept in a folder for a reader that has acknowledged up to the sequence `after`;
    nothing if there is no folder. Raises `OSError`."""
    sequences = segment_sequences(folder)
    earlier = sum(sequence <= after + 1 for sequence in sequences)
    kept = sequences[max(0, earlier - 1) :]
    size_bytes = 0
    for sequence in kept:
        with suppress(FileNotFoundError):  # deleted just now
            size_bytes += (folder / segment_name(sequence)).stat().st_size
    return Held(size_bytes, kept[1] if len(kept) > 1 else None)
