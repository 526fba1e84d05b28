"""A reader's durable place in a spool, with its ledger: a file of two checksummed slots.

Slots are written in turn, so that a write that is cut short leaves the one before. A write is not
synced: after a power cut the reader finds an older place and does some work again, which its
store makes harmless. What must not happen is that records are deleted on the word of a cursor
that is not on disk: `sync_cursor` comes before.
"""

import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zlib import crc32

CURSOR_SCHEMA = 1
"""Version of the slot format; a slot of another version is no slot."""

SLOT_BYTES = 8_192
"""Two pages: slots share none, and a ledger of some hundred counters fits."""

_SLOT = struct.Struct("<IIQQI")  # crc, schema, generation, sequence, ledger bytes
_SLOTS = 2

LEDGER_BYTES_MAX = SLOT_BYTES - _SLOT.size
"""The longest ledger."""

CURSOR_SUFFIX = ".cursor"


def cursor_path(folder: Path, reader: str) -> Path:
    """Where a reader's cursor is kept."""
    return folder / f"{reader}{CURSOR_SUFFIX}"


class Cursor:
    """The cursor as its reader has it: the only one that moves it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(OSError):  # a full disk, or one that cannot: then the first moves need room
            # records are deleted on a cursor's word: it must move although the disk is full
            os.posix_fallocate(self._fd, 0, _SLOTS * SLOT_BYTES)
        self._generation, self.sequence, self.ledger = _newest_slot(self._fd)

    def move(self, sequence: int, ledger: bytes) -> None:
        """Remember a sequence and its ledger, both or neither, in one write.

        Raises `ValueError` if the ledger is over `LEDGER_BYTES_MAX`, `OSError` if the disk refuses.
        """
        if len(ledger) > LEDGER_BYTES_MAX:
            raise ValueError(f"a ledger of {len(ledger)} bytes is over {LEDGER_BYTES_MAX}")
        generation = self._generation + 1
        slot = _encode_slot(generation, sequence, ledger)
        written = os.pwrite(self._fd, slot, generation % _SLOTS * SLOT_BYTES)
        if written != len(slot):
            raise OSError(f"cursor: {written} of {len(slot)} bytes written")
        self._generation, self.sequence, self.ledger = generation, sequence, ledger

    def sync(self) -> None:
        os.fsync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def cursor_sequence(path: Path) -> int:
    """The acknowledged sequence as another process sees it; 0 if there is no cursor yet."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        return _newest_slot(fd)[1]
    finally:
        os.close(fd)


def sync_cursor(path: Path, fsync: Callable[[int], None] = os.fsync) -> None:
    """Bring to disk what the cursor says by now. Its folder must be synced by the caller. Raises
    `OSError`."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fsync(fd)
    finally:
        os.close(fd)


def _encode_slot(generation: int, sequence: int, ledger: bytes) -> bytes:
    rest = struct.pack("<IQQI", CURSOR_SCHEMA, generation, sequence, len(ledger)) + ledger
    return crc32(rest).to_bytes(4, "little") + rest


def _newest_slot(fd: int) -> tuple[int, int, bytes]:
    """Generation, sequence and ledger of the newest sound slot; zeros if there is none."""
    newest = (0, 0, b"")
    for index in range(_SLOTS):
        data = os.pread(fd, SLOT_BYTES, index * SLOT_BYTES)
        if len(data) < _SLOT.size:
            continue
        crc, schema, generation, sequence, size_bytes = _SLOT.unpack_from(data)
        end = _SLOT.size + size_bytes
        if schema != CURSOR_SCHEMA or end > len(data) or crc32(data[4:end]) != crc:
            continue
        newest = max(newest, (generation, sequence, data[_SLOT.size : end]))
    return newest
