"""Up to where a spool is on disk, as its writer says it and readers in any process see it at once.

A frame can be read as soon as it is written, and only then is it synced. What a reader makes of it
before (an answer to an inform, a stored event) would outlive a batch that a power cut takes, or
that the disk refuses and the writer takes back. So the writer says after each sync up to where
the stream is safe, and readers show nothing behind that.

The number needs no sync of its own. After a power cut it may be too low, until a writer opens the
spool and says what it has found; never too high, because what it speaks of was on disk before.
It is written and read as a file is: in memory that is mapped, a disk that is full or broken would
not refuse the write but kill the process (SIGBUS).

    synced file      crc u32 | schema u32 | last sequence on disk u64, little endian

The CRC-32 covers what is behind it and the stream's name, which is not in the file: the number of
another stream is none, and neither is one that was read while it was written.
"""

import os
import struct
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from trapgate.spool.disk import write_whole
from trapgate.spool.segment import EVERYTHING
from trapgate.spool.stream import STREAM_FILE

SYNCED_FILE = "synced"
"""The file that holds the number, in the folder of the segments."""

SYNCED_SCHEMA = 1
"""Version of the file format; a number of another version is none."""

READS_MAX = 3
"""A number that is wrong is looked at again so often: it may be one that was just being written,
which takes less than a read does."""

_FORMAT = struct.Struct("<IIQ")
_CHECKED_FROM = 4


class SyncedMark:
    """The number as its writer has it: the only one that says it. For one thread."""

    def __init__(self, folder: Path, stream: str) -> None:
        """No file is touched before something is to be said."""
        self._path = folder / SYNCED_FILE
        self._stream = stream
        self._fd = -1
        self._sequence = 0
        self._owed = False

    def reach(self, sequence: int) -> None:
        """Everything up to `sequence` is on disk. Where the disk refuses this, it is owed: readers
        see nothing new for so long."""
        self._sequence, self._owed = sequence, True
        with suppress(OSError):
            self.settle()

    def settle(self) -> None:
        """Say what is owed. Raises `OSError`; it still is, then."""
        if not self._owed:
            return
        if self._fd < 0:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        write_whole(self._fd, _encoded(self._sequence, self._stream), 0)
        self._owed = False

    def close(self) -> None:
        """Release the file; the number stays. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


class SyncedView:
    """The number as readers see it; `EVERYTHING` as long as no writer has said one here, as in a
    spool of a version before this file. For one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stream = ""
        self._fd = -1
        self._sequence = EVERYTHING

    def sequence(self) -> int:
        """The last sequence that is on disk, as of now. A number that is damaged, or cannot be
        read, is the one before it."""
        if self._fd < 0 and not self._open():
            return EVERYTHING
        for _ in range(READS_MAX):
            with suppress(OSError):
                found = _decoded(os.pread(self._fd, _FORMAT.size, 0), self._stream)
                if found is not None:
                    self._sequence = found
                    break
        return self._sequence

    def close(self) -> None:
        """Release the file. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _open(self) -> bool:
        with suppress(FileNotFoundError):
            self._stream = (self._folder / STREAM_FILE).read_text().strip()
            self._fd = os.open(self._folder / SYNCED_FILE, os.O_RDONLY | os.O_CLOEXEC)
        return self._fd >= 0


def synced_sequence(folder: Path) -> int | None:
    """What was said last in a folder; `None` if nothing was, or what is there is damaged."""
    view = SyncedView(folder)
    try:
        found = view.sequence()
    finally:
        view.close()
    return None if found == EVERYTHING else found


def _encoded(sequence: int, stream: str) -> bytes:
    rest = struct.pack("<IQ", SYNCED_SCHEMA, sequence)
    return crc32(stream.encode(), crc32(rest)).to_bytes(4, "little") + rest


def _decoded(data: bytes, stream: str) -> int | None:
    if len(data) != _FORMAT.size:
        return None
    crc, schema, sequence = _FORMAT.unpack(data)
    if schema != SYNCED_SCHEMA or crc32(stream.encode(), crc32(data[_CHECKED_FROM:])) != crc:
        return None
    return int(sequence)
