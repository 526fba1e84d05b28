"""Bound sockets: opened by the supervisor before it forks, handed to who reads them."""

import os
import socket
import struct
from collections.abc import Callable
from errno import EADDRNOTAVAIL, EAFNOSUPPORT
from pathlib import Path

from trapgate.listen.settings import ListenerSettings
from trapgate.listen.slots import ask_for_local
from trapgate.model import Endpoint

TCP_BACKLOG = 512
"""Connections that wait to be accepted: after a restart all devices come back at once."""

# not in the socket module; from Linux's include/uapi/asm-generic/socket.h
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("9I")
_MEMINFO_DROPS = 8

EVERY_HOST = ("::", "0.0.0.0")
"""What a socket is bound to that is bound to every address."""

SocketFactory = Callable[[socket.AddressFamily, socket.SocketKind], socket.socket]


class BindFailed(Exception):
    """A listener's address cannot be had: taken, not of this machine, or not permitted."""

    def __init__(self, settings: ListenerSettings, errno: int) -> None:
        place = f"{settings.transport} {settings.address}"
        super().__init__(
            f'listener "{settings.name}" cannot listen on {place}: {os.strerror(errno)}'
        )
        self.listener = settings.name
        self.transport = settings.transport
        self.address = settings.address
        self.errno = errno


class BoundListener:
    """A listener's settings and its socket: non-blocking, bound, listening if it is TCP.

    `local` is where it is bound (the port that the system chose, if it was 0); `worker` is which
    of the receive processes reads it, as who holds the sockets of all of them counts.
    """

    def __init__(self, settings: ListenerSettings, sock: socket.socket, worker: int = 1) -> None:
        self.settings = settings
        self.socket = sock
        self.worker = worker
        host, port = sock.getsockname()[:2]
        self.local = Endpoint(host, port)

    def receive_buffer_bytes(self) -> int:
        """The buffer that the kernel gave: twice what was asked if all was granted, because it
        counts its own bookkeeping."""
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def kernel_drops(self) -> int:
        """Datagrams that the kernel dropped at this socket since it was opened, modulo 2**32:
        those for which the buffer had no room, and those with a wrong checksum."""
        try:
            data = self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:  # Linux before 4.12, or a sandbox
            return proc_drops(self.socket)
        return int(_MEMINFO.unpack(data)[_MEMINFO_DROPS])

    def key(self) -> tuple[int, int]:
        """What tells a socket from others, whichever descriptor of it this process has."""
        status = os.fstat(self.socket.fileno())
        return status.st_dev, status.st_ino

    def ask_for_buffer(self) -> None:
        """Ask the kernel for the buffer that the settings want, as `bind` does."""
        _ask_for_buffer(self.socket, self.settings.receive_buffer_bytes)

    def close(self) -> None:
        self.socket.close()


def proc_drops(sock: socket.socket) -> int:
    """The same from the table in /proc: slower, its cost grows with the machine's sockets. 0 if
    the socket is not there."""
    table = "udp6" if sock.family == socket.AF_INET6 else "udp"
    inode = str(os.fstat(sock.fileno()).st_ino)
    try:
        lines = Path("/proc/net", table).read_text().splitlines()[1:]
    except OSError:
        return 0
    for line in lines:
        columns = line.split()
        if columns[9] == inode:
            return int(columns[-1])
    return 0


def bind(
    settings: ListenerSettings,
    open_socket: SocketFactory = socket.socket,
    *,
    beside: bool = False,
    shared: bool = False,
) -> BoundListener:
    """Open a listener's socket. `*` is one socket for both families, or one for IPv4 where the
    machine has no IPv6. `beside` lets it be bound although a socket of ours has the port that has
    been set to SO_REUSEPORT too; with `shared` others may follow in the same way (`listen.spread`).
    Raises `BindFailed`."""
    host = settings.address.host
    try:
        if host != "*":
            return _bind_to(settings, host, open_socket, beside, shared)
        try:
            return _bind_to(settings, "::", open_socket, beside, shared)
        except OSError as error:
            if error.errno not in (EAFNOSUPPORT, EADDRNOTAVAIL):
                raise
            return _bind_to(settings, "0.0.0.0", open_socket, beside, shared)
    except OSError as error:
        raise BindFailed(settings, error.errno or 0) from error


def _bind_to(
    settings: ListenerSettings, host: str, open_socket: SocketFactory, beside: bool, shared: bool
) -> BoundListener:
    udp = settings.transport == "udp"
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    # resolves a zone id (fe80::1%eth0) too; names are refused by `Address`
    ((family, _, _, _, address), *_) = socket.getaddrinfo(
        host, settings.address.port, type=kind, flags=socket.AI_NUMERICHOST
    )
    sock = open_socket(family, kind)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        if udp:
            _ask_for_buffer(sock, settings.receive_buffer_bytes)
            if host in EVERY_HOST:
                ask_for_local(sock)
        else:
            # a connection of before may linger at this port; it is not in use
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if beside or shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(address)
        if not udp:
            sock.listen(TCP_BACKLOG)  # looks for the port once more
        if beside and not shared:  # nobody else may follow
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return BoundListener(settings, sock)


def _ask_for_buffer(sock: socket.socket, size_bytes: int) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size_bytes)
    except PermissionError:  # without CAP_NET_ADMIN `net.core.rmem_max` is the limit
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size_bytes)
