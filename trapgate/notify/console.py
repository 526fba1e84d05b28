"""Standard output as a receiver: written in a thread, for a pipe that nobody reads blocks.

In: text. Out: whether it is out. A write that hangs keeps its thread until the process ends; it
never holds up the loop.
"""

import asyncio
import os
import threading
from concurrent.futures import Future

from trapgate.model.exchange import Printed, Response, Unreachable

WRITE_TIMEOUT_S = 5.0
"""A terminal takes a line in microseconds; a full pipe (`| less`) takes none until it is read."""

_STDOUT = 1
_NOT_READ = "standard output is not read"


class Console:
    """One writer to one file descriptor; at most one write is under way.

    Not an executor, which the interpreter joins when it ends: a write that hangs would keep the
    process. Not `sys.stdout`: a hanging thread would hold its lock at that moment.
    """

    def __init__(self, descriptor: int = _STDOUT, timeout_s: float = WRITE_TIMEOUT_S) -> None:
        self._descriptor = descriptor
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._last: Future[None] | None = None

    async def write(self, text: str) -> Response:
        """Write a line as UTF-8; `Unreachable` if it fails or is not taken in time, and at once
        while an earlier write still hangs."""
        async with self._turn:
            if self._last is not None and not self._last.done():
                return Unreachable(_NOT_READ, sent=False)
            data = f"{text}\n".encode(errors="backslashreplace")
            self._last = _writing(self._descriptor, data)
            try:
                async with asyncio.timeout(self._timeout_s):
                    await asyncio.wrap_future(self._last)
            except TimeoutError:
                return Unreachable(_NOT_READ, sent=True)
            except OSError as error:
                return Unreachable(f"standard output: {error.strerror}", sent=False)
            return Printed()


def _writing(descriptor: int, data: bytes) -> Future[None]:
    """Start a thread that writes all of this; the future cannot be cancelled, nor can the write."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()

    def write() -> None:
        left = data
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError as error:
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=write, name="standard output", daemon=True).start()
    return future
