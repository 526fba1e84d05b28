"""What a spool's folder holds when a writer opens it: after a stop, a kill, or a power cut."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from trapgate.spool.cursor import CURSOR_SUFFIX, cursor_sequence
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
    power cut has taken since."""

    segments: tuple[Finished, ...]
    last_sequence: int
    synced_sequence: int
    following: int


def recover(folder: Path, fsync: Callable[[int], None] = os.fsync) -> Found:
    """Look at all there is, cut what a crash left incomplete, and bring the rest to disk.

    A batch that was not synced may be gone although a reader has seen it that found no number to
    keep to (`synced`), and one batch only can be in that state (see `SpoolWriter`): the sequences
    behind the last record, behind every reader's place, behind the newest segment's name and behind
    that number (a repair may have taken what was on disk) may have been given to that one, and to
    no other. Raises `SpoolUnusable`, `OSError` if the folder or a segment cannot be read.
    """
    for scratch in folder.glob(f"*.seg{SCRATCH}"):
        with suppress(OSError):  # nobody reads it
            scratch.unlink()
    sequences = segment_sequences(folder)
    # before a torn tail is cut, which sets the time anew
    written_at = [(folder / segment_name(first)).stat().st_mtime_ns for first in sequences]
    last_sequence, last_at, is_synced = _newest_record(folder, sequences, fsync)
    said = synced_sequence(folder) or 0
    segments = []
    for index, first in enumerate(sequences):
        behind = index >= last_at
        last = last_sequence if behind else sequences[index + 1] - 1
        size_bytes = (folder / segment_name(first)).stat().st_size
        segments.append(Finished(first, last, size_bytes, written_at[index]))
    places = [cursor_sequence(path) for path in folder.glob(f"*{CURSOR_SUFFIX}")]
    used = max([last_sequence, said, *places, *[first - 1 for first in sequences[-1:]]])
    following = used + 1 + FRAME_RECORDS_MAX if sequences or used else 1
    synced = last_sequence if is_synced else said
    return Found(tuple(segments), last_sequence, synced, following)


def _newest_record(
    folder: Path, sequences: Sequence[int], fsync: Callable[[int], None]
) -> tuple[int, int, bool]:
    """Its sequence, the index of its segment, and whether it is on disk. Without any record, that
    is the one before the oldest segment."""
    for index in range(len(sequences) - 1, -1, -1):
        settled = _settled(folder, sequences[index], fsync)
        if settled is not None:
            last_sequence, is_synced = settled
            return last_sequence, index, is_synced
    return (sequences[0] - 1 if sequences else 0), 0, True


def _settled(
    folder: Path, first_sequence: int, fsync: Callable[[int], None]
) -> tuple[int, bool] | None:
    """The last sequence of a segment, whose torn tail is cut, and whether all of it is on disk;
    `None` if it has no record."""
    segment = Segment.open(folder, first_sequence)
    if segment is None:
        return None  # its header is damaged: no reader can enter it
    try:
        end, last_sequence = _sound_end(segment)
        torn = segment.size_bytes() > end
    finally:
        segment.close()
    path = folder / segment_name(first_sequence)
    if torn:
        with suppress(OSError):  # a reader takes the tail for damage then, and goes on
            os.truncate(path, end)
    is_synced = _synced(path, fsync)
    return (last_sequence, is_synced) if end > SEGMENT_HEADER_BYTES else None


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
