"""A bell between two processes: "something was appended".

A hint and no more: what counts is what the spool holds, and a reader looks there now and then
also when nobody rings.
"""

import os
import select
from contextlib import suppress


class Doorbell:
    """An eventfd (Linux): create it before forking, ring in one process, wait in another.

    It takes any number of rings and gives one wake-up for all of them.
    """

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def fileno(self) -> int:
        return self._fd

    def ring(self) -> None:
        """Wake who waits, or let the next wait return at once; never blocks."""
        with suppress(BlockingIOError):  # 2**64 - 2 rings that nobody took: it rings already
            os.eventfd_write(self._fd, 1)

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody rings, `timeout_s` at most; whether somebody did. Takes the rings."""
        if not self._poll.poll(timeout_s * 1000):
            return False
        return self.clear()

    def clear(self) -> bool:
        """Take the rings without waiting; whether there were any."""
        try:
            os.eventfd_read(self._fd)
        except BlockingIOError:
            return False  # another process with the same bell was faster
        return True

    def close(self) -> None:
        os.close(self._fd)
