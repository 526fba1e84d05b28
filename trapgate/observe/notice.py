"""A file in which one process shows a text to the others, also while the disk is full.

The file is as large as it will ever need to be from the first write on, and is overwritten in
place: nothing has to be allocated later. A reader tells a whole text from one that is just being
written by its checksum.
"""

import os
import zlib
from pathlib import Path

BYTES_STEP = 65_536
"""A file has this size, or a multiple: the metrics of one process take some 10 KiB."""

READS_MAX = 5
"""A text that is being written is whole a moment later."""

_MARK = b"# text "


class Unreadable(Exception):
    """There is no whole text in the file."""


def show(path: Path, text: bytes) -> None:
    """Put a text into the file, in place of the one before. Raises `OSError`; never for want of
    room once a text as large has been there."""
    frame = _MARK + f"{len(text)} {zlib.crc32(text)}\n".encode() + text
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(fd).st_size < len(frame):
            os.posix_fallocate(fd, 0, -(-len(frame) // BYTES_STEP) * BYTES_STEP)
        os.pwrite(fd, frame, 0)
    finally:
        os.close(fd)


def shown(path: Path) -> bytes:
    """The text in the file. Raises `OSError` if there is no file, `Unreadable` if it is damaged."""
    for _ in range(READS_MAX):
        head, _, rest = path.read_bytes().partition(b"\n")
        numbers = head.removeprefix(_MARK).split()
        if head.startswith(_MARK) and len(numbers) == 2 and all(map(bytes.isdigit, numbers)):
            text = rest[: int(numbers[0])]
            if len(text) == int(numbers[0]) and zlib.crc32(text) == int(numbers[1]):
                return text
    raise Unreadable(path)
