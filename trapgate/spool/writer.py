"""The appending end of a spool: one writer, whole batches, on disk when `append` returns."""

import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from trapgate.model import NS_PER_S, Position
from trapgate.spool.cursor import cursor_path, cursor_sequence, sync_cursor
from trapgate.spool.reader import STREAM_FILE
from trapgate.spool.segment import (
    FRAME_RECORDS_MAX,
    MARKER_BYTES,
    SEGMENT_HEADER_BYTES,
    Segment,
    SpoolUnusable,
    encode_frame,
    encode_segment_header,
    frame_bytes,
    segment_name,
    segment_sequences,
)

SIZE_MAX_BYTES = 1024**3
"""Default bound of a spool: some five million datagrams, hours of a quiet network's traffic and a
minute and a half of the fastest that one receiver takes."""

SEGMENT_BYTES = 64 * 1024 * 1024
"""Default size of a segment: deletion frees this much at once."""

SEGMENTS_MIN = 8
"""A small spool has smaller segments: the newest one is never deleted, so it must not be most of
the room."""

KEEP_S = 60
"""How long acknowledged records stay: a reader that starts again reads the last 10 s bucket of
arrivals once more to recognise duplicates, and it may take a while to start."""

KEEP_PRESSED_S = 20
"""The same when more than half of the room is taken: two buckets, no comfort."""

_STREAM_BYTES = 8
_SCRATCH = ".new"


class SpoolFull(Exception):
    """A batch does not fit under the spool's bound; nothing of it was kept."""

    def __init__(self, batch_bytes: int, size_bytes: int, size_max_bytes: int) -> None:
        super().__init__(f"{batch_bytes} bytes more than {size_bytes} of {size_max_bytes}")
        self.batch_bytes = batch_bytes
        self.size_bytes = size_bytes
        self.size_max_bytes = size_max_bytes


class _Finished(msgspec.Struct, frozen=True):
    """A segment that is not written any more: `last_sequence` is an upper bound."""

    first_sequence: int
    last_sequence: int
    size_bytes: int


class SpoolWriter:
    """The one appender. Implements `trapgate.ports.SpoolWriter`; for one thread."""

    def __init__(
        self,
        folder: Path,
        lock_fd: int,
        stream: str,
        size_max_bytes: int,
        segment_bytes: int,
        clock: Callable[[], int],
        entropy: Callable[[int], bytes],
        sync: Callable[[int], None],
    ) -> None:
        self.folder = folder
        self.stream = stream
        self.size_max_bytes = size_max_bytes
        self.last_sequence = 0
        self._lock_fd = lock_fd
        self._segment_bytes = max(1, min(segment_bytes, size_max_bytes // SEGMENTS_MIN))
        self._clock = clock
        self._entropy = entropy
        self._sync = sync
        self._finished: deque[_Finished] = deque()
        self._finished_bytes = 0
        self._fd = -1
        self._first = 0
        self._marker = b""
        self._end = 0
        self._next = 1
        self._spent = 0
        self._jump = (0, 1)
        self._tainted = False

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        size_max_bytes: int = SIZE_MAX_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        clock: Callable[[], int] = time.time_ns,
        entropy: Callable[[int], bytes] = os.urandom,
        sync: Callable[[int], None] = os.fdatasync,
    ) -> "SpoolWriter":
        """Open the spool in a folder, or create it; cut what a crash left incomplete.

        An opened spool goes on with a sequence that is `FRAME_RECORDS_MAX` ahead: a power cut may
        have taken a batch that a reader had already seen, and its sequences must not come again
        for other records. `clock` is wall time in nanoseconds, `sync` brings a descriptor's data to
        disk. Raises `SpoolUnusable`, `OSError`.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock_fd, stream = _open_stream(folder, entropy)
        writer = cls(folder, lock_fd, stream, size_max_bytes, segment_bytes, clock, entropy, sync)
        try:
            writer._recover()
            writer._jump = (writer.last_sequence, writer._next)
        except BaseException:
            writer.close()
            raise
        return writer

    def close(self) -> None:
        """Release the files and let another writer open the spool; nothing is left to be written.
        May be called twice."""
        for fd in (self._fd, self._lock_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._lock_fd = -1

    @property
    def size_bytes(self) -> int:
        """Size of all segment files."""
        return self._finished_bytes + self._end

    def append(self, payloads: Sequence[bytes]) -> Position:
        """Append a batch whole and return the position of its last record: it is on disk.

        Raises `SpoolFull` if it does not fit, `OSError` if the disk refuses, `ValueError` if it
        is over a frame's limits; nothing of the batch is kept then.
        """
        if not payloads:
            return Position(self.stream, self.last_sequence)
        self._make_room(frame_bytes(payloads))
        frame = encode_frame(self._marker, self._next, payloads)
        try:
            _write_whole(self._fd, frame, self._end)
        except OSError:
            self._cut()
            raise
        following = self._next + len(payloads)
        try:
            self._sync(self._fd)
        except OSError:
            # A reader may have seen the batch: its sequences are spent, and its place in the file
            # too, so that no reader stands in the middle of what comes next.
            self._next = following
            self._tainted = True
            self._cut()
            raise
        self._end += len(frame)
        self.last_sequence = following - 1
        self._next = following
        return Position(self.stream, self.last_sequence)

    def backlog(self, reader: str) -> int:
        """How many records this reader has not acknowledged; an upper bound if the writer was
        opened more than once since the one that it has, because sequences jump."""
        acked = cursor_sequence(cursor_path(self.folder, reader))
        behind = max(0, self.last_sequence - acked)
        before, first = self._jump
        jumped = acked < first <= self.last_sequence
        return behind - (first - 1 - max(before, acked)) if jumped else behind

    def trim(self, readers: Sequence[str]) -> None:
        """Delete the segments that all of these readers have acknowledged and whose newest record
        is older than `KEEP_S`. The segment that is written to always stays; but when more than half
        of the room is taken and all of it is acknowledged, it is finished, so that a later call
        deletes it: else a batch might never fit beside it.

        Raises `OSError` if a cursor cannot be brought to disk, nothing is deleted then; or if no
        segment can be started, the one that is written to stays that then.
        """
        cursors = [cursor_path(self.folder, reader) for reader in readers]
        acked = min((cursor_sequence(path) for path in cursors), default=0)
        self._delete(cursors, acked)
        empty = self._end == SEGMENT_HEADER_BYTES
        if self._pressed() and not empty and acked >= self.last_sequence:
            self._set_aside()

    def _delete(self, cursors: Sequence[Path], acked: int) -> None:
        if not self._finished or not self._removable(self._finished[0], acked):
            return
        for path in cursors:
            sync_cursor(path)
        _sync_folder(self.folder)
        while self._finished and self._removable(self._finished[0], acked):
            segment = self._finished.popleft()
            (self.folder / segment_name(segment.first_sequence)).unlink(missing_ok=True)
            self._finished_bytes -= segment.size_bytes

    def _removable(self, segment: _Finished, acked: int) -> bool:
        if segment.last_sequence > acked:
            return False
        try:
            status = (self.folder / segment_name(segment.first_sequence)).stat()
        except FileNotFoundError:
            return True
        keep_s = KEEP_PRESSED_S if self._pressed() else KEEP_S
        return self._clock() - status.st_mtime_ns > keep_s * NS_PER_S

    def _pressed(self) -> bool:
        """Whether more than half of the room is taken."""
        return self.size_bytes * 2 > self.size_max_bytes

    def _recover(self) -> None:
        """Take over what the folder holds."""
        for scratch in self.folder.glob(f"*.seg{_SCRATCH}"):
            scratch.unlink()
        sequences = segment_sequences(self.folder)
        if not sequences:
            self._start_segment(self._next)
            return
        for first, following in pairwise(sequences):
            size_bytes = (self.folder / segment_name(first)).stat().st_size
            self._finish(_Finished(first, following - 1, size_bytes))
        self._adopt(sequences[-1])

    def _adopt(self, first_sequence: int) -> None:
        """Go on with the last segment, behind its last sound frame."""
        segment = Segment.open(self.folder, first_sequence)
        path = self.folder / segment_name(first_sequence)
        if segment is None:  # its header is damaged: leave the evidence, start another
            size_bytes = path.stat().st_size
            self._next = first_sequence + FRAME_RECORDS_MAX
            self._finish(_Finished(first_sequence, self._next - 1, size_bytes))
            self._start_segment(self._next)
            return
        try:
            end, last_sequence = _sound_end(segment)
        finally:
            segment.close()
        self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        self._first, self._marker, self._end = first_sequence, segment.marker, end
        if path.stat().st_size > end:  # a cut changes the file's time, so not without need
            os.ftruncate(self._fd, end)
        os.fsync(self._fd)
        self.last_sequence = last_sequence
        self._next = last_sequence + 1 + FRAME_RECORDS_MAX

    def _make_room(self, size_bytes: int) -> None:
        """See that a frame of this size fits, in a segment that may take it."""
        empty = self._end == SEGMENT_HEADER_BYTES
        roll = self._tainted or (not empty and self._end + size_bytes > self._segment_bytes)
        more = size_bytes + (SEGMENT_HEADER_BYTES if roll else 0)
        if self.size_bytes + more > self.size_max_bytes:
            raise SpoolFull(more, self.size_bytes, self.size_max_bytes)
        if roll:
            self._roll(self._next - 1, self._next)

    def _set_aside(self) -> None:
        """Finish a segment that is acknowledged to its end, with nothing to write yet.

        The next one is named after the last record and not after the next, which may be far ahead
        (see `open`): whoever opens the spool then learns the last sequence from the name. The next
        one's header may be more than the bound, by these few bytes, once.
        """
        self._roll(self.last_sequence, max(self.last_sequence, self._spent) + 1)

    def _roll(self, last_sequence: int, following: int) -> None:
        """Finish the segment, which has no record behind `last_sequence`, and start the next."""
        previous = _Finished(self._first, last_sequence, self._end)
        previous_fd = self._fd
        self._start_segment(following)
        os.close(previous_fd)
        self._finish(previous)

    def _finish(self, segment: _Finished) -> None:
        self._finished.append(segment)
        self._finished_bytes += segment.size_bytes

    def _start_segment(self, first: int) -> None:
        """Create a segment under another name and give it its own when its header is on disk: a
        reader never sees half a header. No record will have a sequence below `first`."""
        marker = self._entropy(MARKER_BYTES)
        path = self.folder / segment_name(first)
        scratch = path.with_name(path.name + _SCRATCH)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        fd = os.open(scratch, flags, 0o600)
        try:
            _write_whole(fd, encode_segment_header(marker, first), 0)
            os.fsync(fd)
            scratch.rename(path)
            _sync_folder(self.folder)
        except OSError:
            os.close(fd)
            scratch.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            self._spent = first  # a reader may have entered it: the next try gets another name
            self._next += 1
            raise
        self._fd, self._marker, self._first = fd, marker, first
        self._end = SEGMENT_HEADER_BYTES
        self._tainted = False

    def _cut(self) -> None:
        """Take back what the failed batch left behind the last good one."""
        try:
            os.ftruncate(self._fd, self._end)
        except OSError:
            self._tainted = True  # the rest stays as a torn tail; go on in another segment


def _open_stream(folder: Path, entropy: Callable[[int], bytes]) -> tuple[int, str]:
    """The locked file of the stream's name (closing it unlocks) and the name."""
    path = folder / STREAM_FILE
    if not path.exists():
        scratch = path.with_name(STREAM_FILE + _SCRATCH)
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write_whole(fd, entropy(_STREAM_BYTES).hex().encode() + b"\n", 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        scratch.rename(path)
        _sync_folder(folder)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise SpoolUnusable(folder, "another process appends to it") from None
    return fd, path.read_text().strip()


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


def _write_whole(fd: int, data: bytes, offset: int) -> None:
    """Write all of it; a disk that takes a part and then refuses raises `OSError`."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(fd, rest, offset)
        rest = rest[written:]
        offset += written


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
