"""What a spool's folder holds when a writer opens it: after a stop, a kill, or a power cut."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from trapgate.spool.cursor import CURSOR_SUFFIX, cursor_sequence
from trapgate.spool.damage import Damage
from trapgate.spool.disk import SCRATCH
from trapgate.spool.segment import (
    FRAME_RECORDS_MAX,
    SEGMENT_HEADER_BYTES,
    Segment,
    segment_name,
    segment_sequences,
)
from trapgate.spool.synced import synced_sequence


class Finished(msgspec.Struct, frozen=True):
    """A segment that is not written any more. No record in it, nor before it, has a sequence above
    `last_sequence`. `written_at` is when its last batch was written, wall time in nanoseconds as
    the clock had it then."""

    first_sequence: int
    last_sequence: int
    size_bytes: int
    written_at: int


class Found(msgspec.Struct, frozen=True):
    """What is there: the segments in order, the sequence of the newest record (0: there is none),
    that up to which all is on disk, and the first that was never given to any record, whatever a
    power cut has taken since. `lost` is what was cut from the newest segment, or is missing at its
    end; `None`: nothing."""

    segments: tuple[Finished, ...]
    last_sequence: int
    synced_sequence: int
    following: int
    lost: Damage | None


class _Newest(msgspec.Struct, frozen=True):
    """The newest record: its sequence, the index of its segment, and whether it is on disk. Without
    any record, that is the one before the oldest segment. `tail` is what was found behind it, if
    that is in the newest segment: the records of the damage are still to be known."""

    last_sequence: int
    index: int
    is_synced: bool
    tail: Damage | None


def recover(folder: Path, fsync: Callable[[int], None] = os.fsync) -> Found:
    """Look at all there is, cut what cannot be read at the end, and bring the rest to disk.

    A batch that was not synced may be gone although a reader has seen it that found no number to
    keep to (`synced`), and one batch only can be in that state (see `SpoolWriter`): the sequences
    behind the last record, behind every reader's place, behind the newest segment's name and behind
    that number (a repair may have taken what was on disk) may have been given to that one, and to
    no other.

    What is cut behind that number is a torn batch, of which nobody was told that it is kept; what
    is before it was on disk, and is damaged. Damage that has sound batches behind it stays, for
    readers to pass. Raises `SpoolUnusable`, `OSError` if the folder or a segment cannot be read.
    """
    for scratch in folder.glob(f"*.seg{SCRATCH}"):
        with suppress(OSError):  # nobody reads it
            scratch.unlink()
    sequences = segment_sequences(folder)
    # before a torn tail is cut, which sets the time anew
    written_at = [(folder / segment_name(first)).stat().st_mtime_ns for first in sequences]
    newest = _newest_record(folder, sequences, fsync)
    said = synced_sequence(folder) or 0
    segments = []
    for index, first in enumerate(sequences):
        last = newest.last_sequence if index >= newest.index else sequences[index + 1] - 1
        size_bytes = (folder / segment_name(first)).stat().st_size
        segments.append(Finished(first, last, size_bytes, written_at[index]))
    places = [cursor_sequence(path) for path in folder.glob(f"*{CURSOR_SUFFIX}")]
    used = max([newest.last_sequence, said, *places, *[first - 1 for first in sequences[-1:]]])
    return Found(
        tuple(segments),
        newest.last_sequence,
        synced_sequence=newest.last_sequence if newest.is_synced else said,
        following=used + 1 + FRAME_RECORDS_MAX if sequences or used else 1,
        lost=_lost(newest.tail, said, min(places, default=0)),
    )


def _newest_record(folder: Path, sequences: Sequence[int], fsync: Callable[[int], None]) -> _Newest:
    tail = None
    for index in range(len(sequences) - 1, -1, -1):
        segment = Segment.open(folder, sequences[index])
        if segment is None:
            continue  # its header is damaged: no reader can enter it
        try:
            end, last_sequence = _sound_end(segment)
            rest_bytes = segment.size_bytes() - end
        finally:
            segment.close()
        path = folder / segment_name(sequences[index])
        if index == len(sequences) - 1:
            tail = _cut(path, end, rest_bytes, last_sequence)
        is_synced = _synced(path, fsync)
        if end > SEGMENT_HEADER_BYTES:
            return _Newest(last_sequence, index, is_synced, tail)
    return _Newest(sequences[0] - 1 if sequences else 0, 0, True, tail)


def _cut(path: Path, end: int, rest_bytes: int, last_sequence: int) -> Damage | None:
    """Cut a file behind its last sound frame; `None` if that cannot be: a reader takes the rest for
    damage then, tells of it, and goes on."""
    if rest_bytes:
        try:
            os.truncate(path, end)
        except OSError:
            return None
    return Damage(path.name, end, rest_bytes, last_sequence, 0)


def _lost(tail: Damage | None, synced: int, slowest: int) -> Damage | None:
    """What was cut, with how many records of it were on disk and are missing to the slowest reader:
    in a segment, sequences have no gaps."""
    if tail is None:
        return None
    records = max(0, synced - max(tail.after, slowest))
    return msgspec.structs.replace(tail, records=records) if records or tail.size_bytes else None


def _synced(path: Path, fsync: Callable[[int], None]) -> bool:
    """Bring a file to disk; whether it is there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fsync(fd)
        finally:
            os.close(fd)
    except OSError:
        return False
    return True


def _sound_end(segment: Segment) -> tuple[int, int]:
    """Where the last sound frame of a segment ends, and its last sequence."""
    end, last_sequence = SEGMENT_HEADER_BYTES, segment.first_sequence - 1
    start: int | None = end
    while start is not None:
        frame = segment.frame_at(start)
        if frame is not None:
            start = end = frame.end
            last_sequence = frame.records[-1][0]
        else:
            start = segment.next_frame(start)
    return end, last_sequence
