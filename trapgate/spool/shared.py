"""A number that one process sets and others read: memory that they share."""

import mmap
import struct

_NUMBER = struct.Struct("=Q")


class SharedNumber:
    """Make it before the fork; it begins at 0, has 64 bits, and goes with its last process."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    @property
    def value(self) -> int:
        """What it was set to last."""
        return int(_NUMBER.unpack_from(self._memory)[0])

    def set(self, value: int) -> None:
        """Set it; in one process only."""
        _NUMBER.pack_into(self._memory, 0, value)
