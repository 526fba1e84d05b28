"""The name of a stream, given once, and the lock of its one writer: the same file."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from trapgate.spool.disk import SCRATCH, sync_folder, write_whole
from trapgate.spool.segment import SpoolUnusable

STREAM_FILE = "stream"
"""The file that holds the stream's name, in the folder of its segments."""

_STREAM_BYTES = 8


def open_stream(folder: Path, entropy: Callable[[int], bytes]) -> tuple[int, str]:
    """The locked file of the stream's name (closing it unlocks) and the name, which is drawn when
    there is none. Raises `SpoolUnusable` if another process has it, `OSError`."""
    path = folder / STREAM_FILE
    if not path.exists():
        scratch = path.with_name(STREAM_FILE + SCRATCH)
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            write_whole(fd, entropy(_STREAM_BYTES).hex().encode() + b"\n", 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        scratch.rename(path)
        sync_folder(folder)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise SpoolUnusable(folder, "another process appends to it") from None
    return fd, path.read_text().strip()
