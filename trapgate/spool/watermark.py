"""A number that one process raises and others read: memory that they share."""

import mmap
import struct

_NUMBER = struct.Struct("=Q")


class Watermark:
    """Make it before the fork; it begins at 0, has 64 bits, and goes with its last process."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)

    @property
    def reached(self) -> int:
        """What it was raised to last."""
        return int(_NUMBER.unpack_from(self._memory)[0])

    def reach(self, number: int) -> None:
        """Raise it; in one process only."""
        _NUMBER.pack_into(self._memory, 0, number)
