"""The format of a segment file, and how its frames are found again.

A segment is a header and then frames, one a batch, all integers little endian:

    segment header   magic "trapgate" | schema u32 | marker 4 bytes | first sequence u64
    frame header     marker 4 bytes | crc u32 | body bytes u32 | records u32 | first sequence u64
    frame body       one length u32 a record, then the records

The CRC-32 covers everything behind itself, the header's numbers too. The marker is drawn at random
for each segment and begins each of its frames: after damage the next frame is found by it, and
a device that sends a forged frame inside a datagram cannot know it.
"""

import os
import re
import struct
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from zlib import crc32

import msgspec

from trapgate.spool.disk import read_at

SEGMENT_SCHEMA = 1
"""Version of the file format."""

MARKER_BYTES = 4

FRAME_RECORDS_MAX = 65_536
"""Records in a batch: several times the largest batch of a loop. Also the distance by which
sequences jump when a spool is opened again, see `SpoolWriter.open`."""

FRAME_BYTES_MAX = 64 * 1024 * 1024
"""Bytes of a batch: 1,000 datagrams of the largest size; a reader holds a frame in memory."""

WINDOW_BYTES = 1024 * 1024
"""Read at once: some ten frames of 512 records, so that a system call costs nothing a record."""

EVERYTHING = 1 << 64
"""Above every sequence: there is no limit to what is shown."""

_MAGIC = b"trapgate"
_SEGMENT_HEADER = struct.Struct("<8sI4sQ")
_FRAME_HEADER = struct.Struct("<4sIIIQ")
_CHECKED_FROM = MARKER_BYTES + 4
_NAME = re.compile(r"\d{20}\.seg")

SEGMENT_HEADER_BYTES = _SEGMENT_HEADER.size


class SpoolUnusable(Exception):
    """A spool that this process must not use: another has it, or a newer version wrote it."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"spool {folder}: {reason}")
        self.folder = folder
        self.reason = reason


def segment_name(first_sequence: int) -> str:
    """The file name of the segment that starts with this sequence."""
    return f"{first_sequence:020d}.seg"


def segment_sequences(folder: Path) -> list[int]:
    """The first sequences of the segments in a folder, ascending; none if there is no folder."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(int(name[:20]) for name in names if _NAME.fullmatch(name))


def encode_segment_header(marker: bytes, first_sequence: int) -> bytes:
    """The bytes that a segment starts with."""
    return _SEGMENT_HEADER.pack(_MAGIC, SEGMENT_SCHEMA, marker, first_sequence)


def encode_frame(marker: bytes, first_sequence: int, payloads: Sequence[bytes]) -> bytes:
    """A batch as one frame. Raises `ValueError` if it is empty or over a frame's limits."""
    count = len(payloads)
    lengths = struct.pack(f"<{count}I", *map(len, payloads))
    body = b"".join((lengths, *payloads))
    if not 0 < count <= FRAME_RECORDS_MAX or len(body) > FRAME_BYTES_MAX:
        raise ValueError(f"a batch of {count} records, {len(body)} bytes, is no frame")
    numbers = struct.pack("<IIQ", len(body), count, first_sequence)
    crc = crc32(body, crc32(numbers))
    return b"".join((marker, crc.to_bytes(4, "little"), numbers, body))


def frame_bytes(payloads: Sequence[bytes]) -> int:
    """The size of the frame that this batch makes."""
    return _FRAME_HEADER.size + 4 * len(payloads) + sum(map(len, payloads))


class FrameHeader(msgspec.Struct, frozen=True, gc=False):
    """What a frame says of itself; plausible, not yet checked."""

    crc: int
    body_bytes: int
    records: int
    first_sequence: int

    @property
    def last_sequence(self) -> int:
        return self.first_sequence + self.records - 1

    @property
    def size_bytes(self) -> int:
        return _FRAME_HEADER.size + self.body_bytes


class Frame(msgspec.Struct, frozen=True, gc=False):
    """A checked batch: where it ends in its file, and its records with their sequences."""

    end: int
    records: list[tuple[int, bytes]]


def _frame_header(buffer: bytes, at: int, marker: bytes) -> FrameHeader | None:
    """The header at this index; `None` if it is cut short or cannot be one."""
    if at + _FRAME_HEADER.size > len(buffer):
        return None
    found, crc, body_bytes, records, first = _FRAME_HEADER.unpack_from(buffer, at)
    if found != marker or not 0 < records <= FRAME_RECORDS_MAX:
        return None
    if not 4 * records <= body_bytes <= FRAME_BYTES_MAX:
        return None
    return FrameHeader(crc, body_bytes, records, first)


def _frame_records(buffer: bytes, at: int, header: FrameHeader) -> list[tuple[int, bytes]] | None:
    """The records of the frame at this index; `None` if it is cut short or damaged."""
    end = at + header.size_bytes
    if end > len(buffer) or crc32(memoryview(buffer)[at + _CHECKED_FROM : end]) != header.crc:
        return None
    lengths_at = at + _FRAME_HEADER.size
    lengths = struct.unpack_from(f"<{header.records}I", buffer, lengths_at)
    bounds = list(accumulate(lengths, initial=lengths_at + 4 * header.records))
    if bounds[-1] != end:
        return None
    payloads = [buffer[start:stop] for start, stop in pairwise(bounds)]
    return list(enumerate(payloads, header.first_sequence))


class Segment:
    """A segment file that is read, possibly while it grows. Offsets are bytes in the file.

    `synced_to` is the sequence up to which frames were on disk before they were last looked at: one
    behind it may yet be taken back.
    """

    def __init__(
        self, fd: int, marker: bytes, first_sequence: int, synced: Callable[[], int]
    ) -> None:
        self.first_sequence = first_sequence
        self.synced_to = 0
        self._synced = synced
        self._fd = fd
        self._marker = marker
        self._window = b""
        self._window_at = 0

    @classmethod
    def open(
        cls, folder: Path, first_sequence: int, synced: Callable[[], int] = lambda: EVERYTHING
    ) -> "Segment | None":
        """Open a segment; `None` if it is gone, or its header and first frames are damaged, which
        have the same marker.

        `synced` says up to which sequence the stream is on disk. Raises `SpoolUnusable` if a newer
        version wrote the segment.
        """
        try:
            fd = os.open(folder / segment_name(first_sequence), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        header = read_at(fd, _SEGMENT_HEADER.size, 0)
        if len(header) == _SEGMENT_HEADER.size:
            magic, schema, marker, sequence = _SEGMENT_HEADER.unpack(header)
            if magic == _MAGIC and schema != SEGMENT_SCHEMA:
                os.close(fd)
                reason = f"{segment_name(first_sequence)} has schema {schema}, not {SEGMENT_SCHEMA}"
                raise SpoolUnusable(folder, reason)
            is_sound = magic == _MAGIC and sequence == first_sequence
            found = _marker_of_frames(fd, marker, first_sequence, is_sound)
            if found is not None:
                return cls(fd, found, first_sequence, synced)
        os.close(fd)
        return None

    def close(self) -> None:
        os.close(self._fd)

    @property
    def marker(self) -> bytes:
        return self._marker

    def size_bytes(self) -> int:
        return os.fstat(self._fd).st_size

    def header_at(self, offset: int) -> FrameHeader | None:
        """The frame header at an offset, its body unchecked; `None` if there is none."""
        index = offset - self._window_at
        if not 0 <= index <= len(self._window) - _FRAME_HEADER.size:
            self._look_at(offset, WINDOW_BYTES)
            index = 0
        return _frame_header(self._window, index, self._marker)

    def frame_at(self, offset: int) -> Frame | None:
        """The frame at an offset; `None` if it is damaged, incomplete or not there. It may lie
        behind `synced_to`, as of this call."""
        index = offset - self._window_at
        if 0 <= index < len(self._window):
            frame = self._decode(index)
            if frame is not None and frame.records[-1][0] <= self.synced_to:
                return frame
        # What looks wrong may be an old view of a frame that has been completed since, and one that
        # was not on disk then may have been taken back.
        self._look_at(offset, WINDOW_BYTES)
        header = _frame_header(self._window, 0, self._marker)
        if header is not None and header.size_bytes > WINDOW_BYTES:
            self._look_at(offset, header.size_bytes)
        return self._decode(0)

    def next_frame(self, offset: int) -> int | None:
        """Where the first sound frame at or behind an offset starts; `None` if none does."""
        at = offset
        while True:
            self._look_at(at, WINDOW_BYTES)
            window, base = self._window, self._window_at
            index = window.find(self._marker)
            while index >= 0:
                if self.frame_at(base + index) is not None:
                    return self._settled(offset, base + index)
                index = window.find(self._marker, index + 1)
            if len(window) < WINDOW_BYTES:
                return None
            at = base + len(window) - (MARKER_BYTES - 1)

    def _settled(self, offset: int, found: int) -> int:
        """A frame behind `offset` was found: the one at `offset` may have been half written when
        it was looked at, and is whole now if it ever will be."""
        if found > offset:
            self._look_at(offset, WINDOW_BYTES)
            if self.frame_at(offset) is not None:
                return offset
        return found

    def _decode(self, index: int) -> Frame | None:
        header = _frame_header(self._window, index, self._marker)
        if header is None:
            return None
        records = _frame_records(self._window, index, header)
        if records is None:
            return None
        return Frame(self._window_at + index + header.size_bytes, records)

    def _look_at(self, offset: int, size_bytes: int) -> None:
        self.synced_to = self._synced()  # before: what is taken back later lies behind it
        self._window = read_at(self._fd, size_bytes, offset)
        self._window_at = offset


def _marker_of_frames(fd: int, marker: bytes, first_sequence: int, is_sound: bool) -> bytes | None:
    """The marker that two places agree on: the segment's header and its first frame, if that is
    sound, or its first two frames. Else that of the header, if the rest of it `is_sound`."""
    first = read_at(fd, MARKER_BYTES, SEGMENT_HEADER_BYTES)
    if is_sound and first in (marker, b""):
        return marker
    frame = Segment(fd, first, first_sequence, lambda: EVERYTHING).frame_at(SEGMENT_HEADER_BYTES)
    if frame is None or frame.records[0][0] != first_sequence:
        return marker if is_sound else None
    if first in (marker, read_at(fd, MARKER_BYTES, frame.end)):
        return first
    return marker if is_sound else None
