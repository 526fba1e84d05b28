"""A small disk of a test's own, and what fills it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[None]:
    """A folder that is a disk of this size: a tmpfs. Skips the test where none can be mounted."""
    folder.mkdir()
    options = f"size={size_bytes},mode=700"
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "trapgate-test", folder], capture_output=True
    )
    if mounting.returncode:
        pytest.skip(f"a tmpfs cannot be mounted: {mounting.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def taken(folder: Path, left_bytes: int) -> Iterator[None]:
    """Somebody else has taken all but this much of the room."""
    path = folder / "others"
    status = os.statvfs(folder)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - left_bytes)
    yield
    path.unlink()


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Somebody else has taken all the room."""
    path = folder / "other"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    for size in (1 << 20, 4_096):
        with suppress(OSError):
            while True:
                os.write(fd, bytes(size))
    os.close(fd)
    yield
    path.unlink()
