"""What the spool asks of the disk: whole writes, names that last, and reads past bad spots."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

SCRATCH = ".new"
"""Suffix of a file that has not got its own name yet."""

SPOT_BYTES = 4_096
"""The least that is given up where a disk cannot read: its sectors are no larger."""


def write_whole(fd: int, data: bytes, offset: int) -> None:
    """Write all of it; a disk that takes a part and then refuses raises `OSError`."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(fd, rest, offset)
        rest = rest[written:]
        offset += written


def sync_folder(folder: Path, fsync: Callable[[int], None] = os.fsync) -> None:
    """Bring the names in a folder to disk. Raises `OSError`."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fsync(fd)
    finally:
        os.close(fd)


def read_at(
    fd: int, size_bytes: int, offset: int, pread: Callable[[int, int, int], bytes] = os.pread
) -> bytes:
    """What is in a file at an offset; less than asked for at its end.

    A spot that the disk cannot read (EIO) is zeros: it is damage like any other to who checks sums,
    and what is behind it can be read. Raises `OSError` for all other reasons.
    """
    try:
        return pread(fd, size_bytes, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    found = b""
    end = min(size_bytes, max(0, os.fstat(fd).st_size - offset))
    while len(found) < end:
        at = offset + len(found)
        spot_bytes = min(SPOT_BYTES - at % SPOT_BYTES, end - len(found))
        try:
            spot = pread(fd, spot_bytes, at)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            spot = bytes(spot_bytes)
        if not spot:
            break  # it has become shorter meanwhile
        found += spot
    return found
