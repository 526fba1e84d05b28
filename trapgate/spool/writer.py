"""The appending end of a spool: one writer, whole batches, on disk when `append` returns."""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from trapgate.model import NS_PER_S, Position
from trapgate.spool.age import not_later
from trapgate.spool.cursor import cursor_path, cursor_sequence, sync_cursor
from trapgate.spool.damage import Tell, untold
from trapgate.spool.disk import SCRATCH, sync_folder, write_whole
from trapgate.spool.held import LOOK_BACK_S
from trapgate.spool.recovery import Finished, recover
from trapgate.spool.segment import (
    MARKER_BYTES,
    SEGMENT_HEADER_BYTES,
    encode_frame,
    encode_segment_header,
    frame_bytes,
    segment_name,
)
from trapgate.spool.stream import open_stream
from trapgate.spool.synced import SyncedMark

SIZE_MAX_BYTES = 1024**3
"""Default bound of a spool: some five million datagrams, hours of a quiet network's traffic and a
minute and a half of the fastest that one receiver takes."""

SEGMENT_BYTES = 64 * 1024 * 1024
"""Default size of a segment: deletion frees this much at once."""

SEGMENTS_MIN = 8
"""A small spool has smaller segments: the newest one is never deleted, so it must not be most of
the room."""

KEEP_S = 60
"""How long acknowledged records stay if no more than half of the room is taken: more than the
`LOOK_BACK_S` that are needed, because nothing is gained there by cutting it fine."""

SEGMENT_S = 3_600
"""A segment is written to for so long: also on a quiet network what was read is deleted in time."""


class SpoolFull(Exception):
    """A batch does not fit under the spool's bound; nothing of it was kept."""

    def __init__(self, batch_bytes: int, size_bytes: int, size_max_bytes: int) -> None:
        super().__init__(f"{batch_bytes} bytes more than {size_bytes} of {size_max_bytes}")
        self.batch_bytes = batch_bytes
        self.size_bytes = size_bytes
        self.size_max_bytes = size_max_bytes


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
        fsync: Callable[[int], None],
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
        self._fsync = fsync
        self._mark = SyncedMark(folder, stream)
        self._finished: deque[Finished] = deque()
        self._finished_bytes = 0
        self._fd = -1
        self._first = 0
        self._marker = b""
        self._end = 0
        self._started_at = self._written_at = clock()
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
        fsync: Callable[[int], None] = os.fsync,
        tell: Tell = untold,
    ) -> "SpoolWriter":
        """Open the spool in a folder, or create it; cut what a crash left incomplete, or damage at
        the end, and `tell` of it.

        An opened spool goes on with a sequence that is `FRAME_RECORDS_MAX` ahead: a power cut may
        have taken a batch that was seen (by a reader without a `synced` file), and its sequences
        must not come again for other records. Its first batch begins a segment, whose name says so
        before the batch is written: also of several power cuts in a row each finds what the one
        before has used. Nothing need be written before that but the stream's name: a spool opens on
        a full disk, too.

        `clock` is wall time in nanoseconds, and may be set; `sync` brings a descriptor's data to
        disk, `fsync` all that there is of it. Raises `SpoolUnusable`, `OSError`.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
        lock_fd, stream = open_stream(folder, entropy)
        writer = cls(
            folder, lock_fd, stream, size_max_bytes, segment_bytes, clock, entropy, sync, fsync
        )
        try:
            writer._adopt(tell)
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
        self._mark.close()

    @property
    def size_bytes(self) -> int:
        """Size of all segment files."""
        return self._finished_bytes + self._end

    def append(self, payloads: Sequence[bytes]) -> Position:
        """Append a batch whole and return the position of its last record: it is on disk, and
        readers see it from now on.

        Raises `SpoolFull` if it does not fit, `OSError` if the disk refuses, `ValueError` if it
        is over a frame's limits; nothing of the batch is kept then.
        """
        if not payloads:
            return Position(self.stream, self.last_sequence)
        self._mark.settle()  # a batch that nobody could be shown is refused
        self._make_room(frame_bytes(payloads))
        frame = encode_frame(self._marker, self._next, payloads)
        try:
            write_whole(self._fd, frame, self._end)
        except OSError:
            self._cut()
            raise
        following = self._next + len(payloads)
        try:
            self._sync(self._fd)
        except OSError:
            # No reader is shown the batch, but one may have looked at it: its sequences are spent,
            # and its place in the file too.
            self._next = following
            self._tainted = True
            self._cut()
            raise
        self._written_at = self._clock()
        self._end += len(frame)
        self.last_sequence = following - 1
        self._next = following
        self._mark.reach(self.last_sequence)
        return Position(self.stream, self.last_sequence)

    def backlog(self, reader: str) -> int:
        """How many records this reader has not acknowledged; an upper bound if the spool was
        opened more than once since that one was appended, because sequences jump."""
        acked = cursor_sequence(cursor_path(self.folder, reader))
        behind = max(0, self.last_sequence - acked)
        before, first = self._jump
        jumped = acked < first <= self.last_sequence
        return behind - (first - 1 - max(before, acked)) if jumped else behind

    def trim(self, readers: Sequence[str]) -> None:
        """Delete the segments that all of these readers have acknowledged and whose newest record
        is older than `KEEP_S`, and by `LOOK_BACK_S` older than what the slowest of them has come
        to; if more than half of the room is taken the latter alone counts.

        The newest segment always stays: its name tells which sequences are used. But when all of it
        is acknowledged it is finished, so that a later call deletes it, if it is older than
        `SEGMENT_S` or more than half of the room is taken: a batch might never fit beside it.

        Where the clock was set back, what is stamped later than now, or than what came behind it,
        came before that. To be called every few seconds, so that this is noticed.

        Raises `OSError` if a cursor cannot be brought to disk, nothing is deleted then; or if no
        segment can be started, the newest one stays that then.
        """
        with suppress(OSError):  # `append` raises it
            self._mark.settle()
        now = self._clock()
        self._written_at = min(self._written_at, now)
        self._started_at = min(self._started_at, now)
        cursors = [cursor_path(self.folder, reader) for reader in readers]
        acked = min((cursor_sequence(path) for path in cursors), default=0)
        self._delete(cursors, acked)
        if acked >= self.last_sequence and self._worth_setting_aside():
            self._set_aside()

    def _worth_setting_aside(self) -> bool:
        if self._fd < 0:
            return bool(self._finished) and self._finished[-1].size_bytes > SEGMENT_HEADER_BYTES
        old = self._clock() - self._started_at > SEGMENT_S * NS_PER_S
        return self._end > SEGMENT_HEADER_BYTES and (old or self._pressed(self.size_bytes))

    def _delete(self, cursors: Sequence[Path], acked: int) -> None:
        count = self._removable(acked)
        if not count:
            return
        for path in cursors:
            sync_cursor(path, self._fsync)
        sync_folder(self.folder, self._fsync)  # a cursor's name, too
        for _ in range(count):
            segment = self._finished.popleft()
            (self.folder / segment_name(segment.first_sequence)).unlink(missing_ok=True)
            self._finished_bytes -= segment.size_bytes

    def _removable(self, acked: int) -> int:
        """How many of the oldest segments can go."""
        now = self._clock()
        last_to_go = len(self._finished) - (self._fd < 0)  # the newest of all stays
        stamps = [segment.written_at for segment in self._finished]
        written_at = not_later(stamps, self._written_at)
        done = stamps[: sum(segment.last_sequence <= acked for segment in self._finished)]
        if acked >= self.last_sequence:
            reached_at, came_at = now, written_at
        else:
            # A reader that is late lives in the past, and looks back from there: by the clock as it
            # was then, from the end of the last segment before its place.
            reached_at = done[-1] if done else 0
            came_at = not_later(done, reached_at)
        count, left_bytes = 0, self.size_bytes
        for segment, came, written in zip(self._finished, came_at, written_at, strict=False):
            young = not self._pressed(left_bytes) and now - written <= KEEP_S * NS_PER_S
            if count == last_to_go or came >= reached_at - LOOK_BACK_S * NS_PER_S or young:
                break
            count, left_bytes = count + 1, left_bytes - segment.size_bytes
        return count

    def _pressed(self, size_bytes: int) -> bool:
        """Whether that is more than half of the room."""
        return size_bytes * 2 > self.size_max_bytes

    def _adopt(self, tell: Tell) -> None:
        """Take over what the folder holds."""
        found = recover(self.folder, self._fsync)
        if found.lost is not None:
            tell(found.lost)
        for segment in found.segments:
            self._finish(segment)
        self.last_sequence = found.last_sequence
        self._next = found.following
        self._jump = (found.last_sequence, found.following)
        self._mark.reach(found.synced_sequence)

    def _make_room(self, size_bytes: int) -> None:
        """See that a frame of this size fits, in a segment that may take it."""
        empty = self._end <= SEGMENT_HEADER_BYTES
        if empty:
            # its name says that its sequences are used, before they are
            roll = self._tainted or self._first != self._next
        else:
            roll = self._tainted or self._end + size_bytes > self._segment_bytes
        more = size_bytes + (SEGMENT_HEADER_BYTES if roll else 0)
        if self.size_bytes + more > self.size_max_bytes:
            raise SpoolFull(more, self.size_bytes, self.size_max_bytes)
        if roll:
            self._roll(self._next)

    def _set_aside(self) -> None:
        """Finish a segment that is acknowledged to its end, with nothing to write yet.

        The next one is named after the last record, so that whoever opens the spool then learns the
        last sequence from the name. Its header may be more than the bound, by these few bytes.
        """
        self._roll(max(self.last_sequence, self._spent) + 1)

    def _roll(self, following: int) -> None:
        """Start a segment, and finish the one before it if there is one."""
        previous = Finished(self._first, self.last_sequence, self._end, self._written_at)
        previous_fd = self._fd
        self._start_segment(following)
        if previous_fd >= 0:
            os.close(previous_fd)
            self._finish(previous)

    def _finish(self, segment: Finished) -> None:
        self._finished.append(segment)
        self._finished_bytes += segment.size_bytes

    def _start_segment(self, first: int) -> None:
        """Create a segment under another name and give it its own when its header is on disk: a
        reader never sees half a header. No record will have a sequence below `first`."""
        marker = self._entropy(MARKER_BYTES)
        path = self.folder / segment_name(first)
        scratch = path.with_name(path.name + SCRATCH)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        fd = os.open(scratch, flags, 0o600)
        try:
            write_whole(fd, encode_segment_header(marker, first), 0)
            self._fsync(fd)
            scratch.rename(path)
            sync_folder(self.folder, self._fsync)
        except OSError:
            os.close(fd)
            scratch.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            self._spent = first  # a reader may have entered it: the next try gets another name
            self._next += 1
            raise
        self._fd, self._marker, self._first = fd, marker, first
        self._started_at = self._written_at = self._clock()
        self._end = SEGMENT_HEADER_BYTES
        self._tainted = False

    def _cut(self) -> None:
        """Take back what the failed batch left behind the last good one."""
        try:
            os.ftruncate(self._fd, self._end)
        except OSError:
            self._tainted = True  # the rest stays as a torn tail; go on in another segment
            with suppress(OSError):  # a whole frame is none any more then
                write_whole(self._fd, bytes(MARKER_BYTES), self._end)
