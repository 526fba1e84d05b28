"""Work in a child process, with a deadline: what hangs, or takes all memory, is only the child.

The supervisor compiles MIBs this way, since it has one thread and must not be stopped by a text.
"""

import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

TICK_S = 1.0
"""How often who waits is called meanwhile."""

_LENGTH_BYTES = 8
_READ_BYTES = 1 << 20

Say = Callable[[bytes], None]


def apart(
    work: Callable[[Say], None], within_s: float, each_s: float, waiting: Callable[[], None]
) -> Iterator[bytes]:
    """What `work` says in a child process, message by message, until it ends.

    It is killed after `within_s`, or when it has said nothing for `each_s`; what it raises is lost.
    `waiting` is called every `TICK_S`; it may reap the child. Raises `OSError` if there can be no
    child.
    """
    until = time.monotonic() + within_s
    reading, writing = os.pipe()
    try:
        pid = _forked(work, writing, within_s)
    except OSError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    ended = False
    try:
        yield from _messages(reading, until, each_s, waiting)
        ended = True
    except TimeoutError:
        pass
    finally:
        os.close(reading)
        with suppress(ChildProcessError, ProcessLookupError):
            if not ended:
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _forked(work: Callable[[Say], None], writing: int, within_s: float) -> int:
    """Start the child; returns its process id."""
    for stream in (sys.stdout, sys.stderr):  # what is in a buffer would be written twice
        stream.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        # If the parent is gone nobody kills it: the kernel does. It keeps nobody's lock or port.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(math.ceil(within_s) + 1)
        os.closerange(3, writing)
        os.closerange(writing + 1, os.sysconf("SC_OPEN_MAX"))
        work(lambda message: _say(writing, message))
        code = 0
    finally:
        os._exit(code)  # whatever is raised: what called this is the parent's


def _say(fd: int, message: bytes) -> None:
    left = memoryview(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
    while left:
        left = left[os.write(fd, left) :]


def _messages(fd: int, until: float, each_s: float, waiting: Callable[[], None]) -> Iterator[bytes]:
    """The messages, until the other end is closed. Raises `TimeoutError`."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    pending, said_at = bytearray(), time.monotonic()
    while True:
        left_s = min(until, said_at + each_s) - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        if not poll.poll(math.ceil(min(left_s, TICK_S) * 1000)):
            waiting()
            continue
        data = os.read(fd, _READ_BYTES)
        if not data:
            return
        pending += data
        while (end := _end(pending)) is not None:
            yield bytes(pending[_LENGTH_BYTES:end])
            del pending[:end]
            said_at = time.monotonic()


def _end(pending: bytearray) -> int | None:
    """Where the first message ends, if all of it is there."""
    end = _LENGTH_BYTES + int.from_bytes(pending[:_LENGTH_BYTES], "big")
    return end if _LENGTH_BYTES <= len(pending) >= end else None
