"""A disk that is full."""

import os
import stat
from pathlib import Path

import pytest

FULL = os.makedev(1, 7)
"""Linux's /dev/full: every write fails with "No space left on device"."""


def full_device(folder: Path) -> Path:
    """A device of the test's own on which nothing can be written, as /dev/full; to whatever goes
    wrong with the original other programs would fall victim."""
    path = folder / "full"
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, FULL)
    except PermissionError:
        pytest.skip("only root can make devices")
    return path
