"""A process asks its supervisor to reload, and is told what came of it.

The supervisor has no loop: it waits for signals. So the question is a signal, and the answer a text
over the line between the two.
"""

import os
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

ASKED = signal.SIGUSR1
"""What the supervisor is sent: core asks for a reload."""

_STALE_BYTES = 65_536

_LENGTH = struct.Struct("<I")


def ask(line: socket.socket, within_s: float) -> str:
    """Let the supervisor reload; why it did not, or "". Blocks, `within_s` at most: for a thread.
    Raises `OSError` if there is no answer."""
    line.setblocking(False)
    with suppress(BlockingIOError):
        while line.recv(_STALE_BYTES):  # an answer that came too late for who had asked
            continue
    line.settimeout(within_s)
    os.kill(os.getppid(), ASKED)
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    return _exactly(line, length).decode()


def answer(line: socket.socket, reload: Callable[[], str]) -> None:
    """Reload for who asked, and tell it what came of it. If it is gone it is told nothing."""
    text = reload().encode()
    with suppress(OSError):
        line.sendall(_LENGTH.pack(len(text)) + text)


def _exactly(line: socket.socket, size_bytes: int) -> bytes:
    parts = bytearray()
    while len(parts) < size_bytes:
        part = line.recv(size_bytes - len(parts))
        if not part:
            raise OSError("the supervisor is gone")
        parts += part
    return bytes(parts)
