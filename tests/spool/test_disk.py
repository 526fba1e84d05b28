"""Reading past what a disk cannot read."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trapgate.spool.disk import SPOT_BYTES, read_at, write_whole


def bad_at(*spots: int, code: int = errno.EIO) -> Callable[[int, int, int], bytes]:
    """A disk that cannot read these spots."""

    def pread(fd: int, size_bytes: int, offset: int) -> bytes:
        if any(
            offset < (spot + 1) * SPOT_BYTES and spot * SPOT_BYTES < offset + size_bytes
            for spot in spots
        ):
            raise OSError(code, os.strerror(code))
        return os.pread(fd, size_bytes, offset)

    return pread


@pytest.mark.parametrize("offset", [0, 1, SPOT_BYTES - 1, SPOT_BYTES, 2 * SPOT_BYTES + 7])
def test_a_bad_spot_is_zeros_and_the_rest_is_read(tmp_path: Path, offset: int) -> None:
    content = bytearray(os.urandom(3 * SPOT_BYTES + 100))
    path = tmp_path / "file"
    path.write_bytes(content)
    content[SPOT_BYTES : 2 * SPOT_BYTES] = bytes(SPOT_BYTES)
    fd = os.open(path, os.O_RDONLY)
    found = read_at(fd, 10 * SPOT_BYTES, offset, bad_at(1))
    assert found == content[offset:] or offset >= 2 * SPOT_BYTES
    assert read_at(fd, 5, offset, bad_at(0, 1, 2)) == bytes(5)
    os.close(fd)


def test_other_failures_are_not_damage(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    with pytest.raises(OSError, match="Permission"):
        read_at(fd, 7, 0, bad_at(0, code=errno.EACCES))
    os.close(fd)


def test_a_write_in_parts(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    write_whole(fd, b"whole", 3)
    assert os.pread(fd, 100, 0) == b"\0\0\0whole"
    os.close(fd)
