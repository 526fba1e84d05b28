"""Messages between two processes, each whole or not at all.

A wire is for what may be lost: what counts is in files. It has two ends, made before the fork; they
outlive the processes that use them, so that one that is started again finds the same end, and
perhaps messages that its forerunner did not take.
"""

import select
import socket
import time
from contextlib import suppress

MESSAGE_BYTES_MAX = 1 << 20
"""Of one message; the kernel may take less from who is not root (`net.core.wmem_max`)."""

_SO_SNDBUFFORCE = 32
"""Linux's name for a buffer beyond `wmem_max` (CAP_NET_ADMIN); Python has none for it."""


class Wire:
    """One end. `Wire.pair` makes both (Unix, SOCK_SEQPACKET)."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_BYTES_MAX)
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, MESSAGE_BYTES_MAX)
        self._end = end

    @classmethod
    def pair(cls) -> tuple["Wire", "Wire"]:
        """Both ends of a new wire."""
        one, other = socket.socketpair(type=socket.SOCK_SEQPACKET)
        return cls(one), cls(other)

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, message: bytes, timeout_s: float = 0.0) -> bool:
        """Send a message, which is not empty; whether it is on its way. It is not if there is no
        room within `timeout_s`, and if it is too large or the other end is closed."""
        until = time.monotonic() + timeout_s
        while True:
            try:
                self._end.send(message)
            except BlockingIOError:
                left_s = until - time.monotonic()
                if left_s <= 0 or not self._ready(select.POLLOUT, left_s):
                    return False
            except OSError:
                return False
            else:
                return True

    def received(self) -> bytes | None:
        """The next message; `None` if there is none now."""
        try:
            return self._end.recv(MESSAGE_BYTES_MAX) or None
        except OSError:
            return None

    def wait(self, timeout_s: float) -> bool:
        """Wait for a message, `timeout_s` at most; whether there is one."""
        return self._ready(select.POLLIN, timeout_s)

    def close(self) -> None:
        self._end.close()

    def _ready(self, event: int, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self._end, event)
        return bool(poll.poll(timeout_s * 1000))
