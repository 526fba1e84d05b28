"""Listeners for a process that runs already: its sockets' descriptors, and what is set for them.

The supervisor opens sockets; who was forked before gets them over a Unix socket (SCM_RIGHTS). All
listeners are told each time, so that there is no state of a conversation that could get lost.
"""

import pickle
import socket
import struct
from collections.abc import Sequence

from trapgate.listen.settings import ListenerSettings
from trapgate.listen.sockets import BoundListener

LISTENERS_MAX = 250
"""Listeners that can be handed over: the kernel takes 253 descriptors at once (SCM_MAX_FD)."""

_LENGTH = struct.Struct("<I")


class HandoverFailed(Exception):
    """The other process is gone, or does not read."""


def hand_over(line: socket.socket, listeners: Sequence[BoundListener]) -> None:
    """Tell a process the listeners from now on. Waits as long as the socket's timeout says.
    Raises `HandoverFailed`, also for more than `LISTENERS_MAX`."""
    if len(listeners) > LISTENERS_MAX:
        raise HandoverFailed(f"{len(listeners)} listeners are more than {LISTENERS_MAX}")
    # not JSON: settings have no form for it, and both ends are forks of one process
    body = pickle.dumps([bound.settings for bound in listeners])
    try:
        descriptors = [bound.socket.fileno() for bound in listeners]
        socket.send_fds(line, [_LENGTH.pack(len(body))], descriptors)
        line.sendall(body)
    except OSError as error:
        raise HandoverFailed(str(error)) from error


def taken_over(line: socket.socket) -> tuple[BoundListener, ...]:
    """Read what `hand_over` has sent, on sockets of this process's own, even for those that it
    has already. Raises `HandoverFailed` if the other end is gone."""
    try:
        head, descriptors, _, _ = socket.recv_fds(line, _LENGTH.size, LISTENERS_MAX)
        sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        body = _exactly(line, *_LENGTH.unpack(head)) if head else b""
    except OSError as error:
        raise HandoverFailed(str(error)) from error
    if not head:
        raise HandoverFailed("the other end is gone")
    settings: list[ListenerSettings] = pickle.loads(body)
    for sock in sockets:
        sock.setblocking(False)
    return tuple(map(BoundListener, settings, sockets))


def _exactly(line: socket.socket, size_bytes: int) -> bytes:
    parts = bytearray()
    while len(parts) < size_bytes:
        part = line.recv(size_bytes - len(parts))
        if not part:
            raise OSError("the other end is gone")
        parts += part
    return bytes(parts)
