"""A TCP listener and its connections, drained into spool records.

All its sockets are in one epoll set, whose own descriptor is what the receive loop polls: a loop
that leaves it out for a while reads no stream, and the senders wait.
"""

import select
import socket
from errno import (
    ECONNABORTED,
    EHOSTDOWN,
    EHOSTUNREACH,
    EMFILE,
    ENETDOWN,
    ENETUNREACH,
    ENFILE,
    ENOBUFS,
    ENOMEM,
    ENONET,
    ENOPROTOOPT,
    EOPNOTSUPP,
    EPERM,
    EPROTO,
)

from trapgate.listen.access import AccessList
from trapgate.listen.framing import BadFrame, Framer
from trapgate.listen.record import encode, origin
from trapgate.listen.sockets import BoundListener
from trapgate.model import Now, Outcome
from trapgate.observe import Metrics

READ_BYTES = 65_536
"""Read from one connection before another has its turn."""

DRAIN_RECORDS_MAX = 512
"""A drain ends when it has this many records; with the frames of its last read it may have up to
`READ_BYTES / 2` more (one byte and one line end each)."""

DRAIN_READS_MAX = 512
"""A drain ends after this many reads, however little they gave."""

_EXHAUSTED = (EMFILE, ENFILE, ENOBUFS, ENOMEM)

_OF_THE_CONNECTION = (
    ECONNABORTED,
    EHOSTDOWN,
    EHOSTUNREACH,
    ENETDOWN,
    ENETUNREACH,
    ENONET,
    ENOPROTOOPT,
    EOPNOTSUPP,
    EPERM,
    EPROTO,
)
"""Errors of accept that belong to the connection that waited (accept(2): to be treated like
EAGAIN; a firewall's verdict is EPERM)."""


class _Connection:
    """An open connection."""

    def __init__(self, sock: socket.socket, address: str, port: int, elapsed_ns: int) -> None:
        self.socket = sock
        self.address = address
        self.port = port
        self.framer = Framer()
        self.heard_at = elapsed_ns


class TcpListener:
    """One TCP listener, as the receive loop has it. Never blocks."""

    paced = True
    """Its senders wait while it is not read."""

    def __init__(self, bound: BoundListener, metrics: Metrics) -> None:
        self._metrics = metrics
        self._connections: dict[int, _Connection] = {}
        self._accepting = False
        self._epoll = select.epoll()
        self._refused = metrics.counter("trapgate_listen_connections_refused_total")
        self._configure(bound)
        self._accept_again()

    @property
    def bound(self) -> BoundListener:
        """The listening socket and the settings in force."""
        return self._bound

    def reconfigure(self, bound: BoundListener, now: Now, records: list[bytes]) -> None:
        """Go on with other settings on the same socket: connections stay open, but for those of
        peers that are not allowed any more; what came of a frame of theirs is a record."""
        start = len(records)
        self._open.set(0)
        self._configure(bound)
        for connection in list(self._connections.values()):
            if not self._access.verdict(connection.address).allowed:
                self._refuse(Outcome.SOURCE_DENIED)
                self._end(connection, now, records)
        self._open.set(len(self._connections))
        self._read.inc(len(records) - start)

    def _configure(self, bound: BoundListener) -> None:
        name = bound.settings.name
        self._name = name
        self._bound = bound
        self._access = AccessList(bound.settings.allow)
        self._origin = origin(name, bound.local)
        self._read = self._metrics.counter("trapgate_listen_datagrams_total").labels(name)
        self._open = self._metrics.gauge("trapgate_listen_connections").labels(name)

    def fileno(self) -> int:
        return self._epoll.fileno()

    def drain(self, now: Now, records: list[bytes]) -> bool:
        """Accept who waits and add a record for each complete frame; returns whether there may be
        more. Every frame read is counted."""
        start = len(records)
        more = True
        for _ in range(DRAIN_READS_MAX):
            # One at a time: the kernel puts who is served behind the others, so all have a turn.
            ready = self._epoll.poll(0, 1)
            if not ready:
                more = False
                break
            connection = self._connections.get(ready[0][0])
            if connection is None:
                self._accept(now)
            else:
                self._receive(connection, now, records)
            if len(records) - start >= DRAIN_RECORDS_MAX:
                break
        self._read.inc(len(records) - start)
        return more

    def expire(self, now: Now, records: list[bytes]) -> None:
        """Close the connections that were silent for too long. To be called about each second,
        and not while streams are not read: silence is our doing then."""
        start = len(records)
        timeout_ns = self._bound.settings.idle_timeout
        for connection in list(self._connections.values()):
            if now.elapsed_ns - connection.heard_at > timeout_ns:
                self._refuse("idle")
                self._end(connection, now, records)
        self._read.inc(len(records) - start)
        self._accept_again()

    def resume(self, now: Now) -> None:
        """Streams are read again after a pause: idle time starts anew."""
        for connection in self._connections.values():
            connection.heard_at = now.elapsed_ns

    def close(self, now: Now, records: list[bytes]) -> None:
        """Close all connections, not the listening socket; what came of a frame is a record."""
        start = len(records)
        for connection in list(self._connections.values()):
            self._end(connection, now, records)
        self._read.inc(len(records) - start)
        self._epoll.close()

    def _accept(self, now: Now) -> None:
        try:
            sock, peer = self._bound.socket.accept()
        except (BlockingIOError, ConnectionError):
            return  # the peer gave up, or another process was faster
        except OSError as error:
            if error.errno in _OF_THE_CONNECTION:
                return
            if error.errno not in _EXHAUSTED:
                raise
            # The waiting connection stays ready: leave it until `expire` instead of spinning.
            self._refuse("too-many")
            self._epoll.unregister(self._bound.socket.fileno())
            self._accepting = False
            return
        verdict = self._access.verdict(peer[0])
        if not verdict.allowed or len(self._connections) >= self._bound.settings.connections_max:
            self._refuse("too-many" if verdict.allowed else Outcome.SOURCE_DENIED)
            sock.close()
            return
        sock.setblocking(False)
        connection = _Connection(sock, verdict.address, peer[1], now.elapsed_ns)
        self._connections[sock.fileno()] = connection
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        self._open.set(len(self._connections))

    def _receive(self, connection: _Connection, now: Now, records: list[bytes]) -> None:
        try:
            data = connection.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # reset, timed out: the connection is over, what it brought is kept
            data = b""
        connection.heard_at = now.elapsed_ns
        if not data:
            self._end(connection, now, records)
            return
        try:
            frames = connection.framer.feed(data)
        except BadFrame as bad:
            self._record(connection, bad.frames, now, records)
            self._refuse("bad-frame")
            self._forget(connection)
            return
        self._record(connection, frames, now, records)

    def _end(self, connection: _Connection, now: Now, records: list[bytes]) -> None:
        self._record(connection, connection.framer.end(), now, records)
        self._forget(connection)

    def _record(
        self,
        connection: _Connection,
        frames: list[bytes],
        now: Now,
        records: list[bytes],
    ) -> None:
        shared, address, port = self._origin, connection.address, connection.port
        records += [encode(shared, now.wall_ns, address, port, frame) for frame in frames]

    def _forget(self, connection: _Connection) -> None:
        fd = connection.socket.fileno()
        del self._connections[fd]
        self._epoll.unregister(fd)
        connection.socket.close()
        self._open.set(len(self._connections))

    def _refuse(self, reason: str) -> None:
        self._refused.labels(self._name, reason).inc()

    def _accept_again(self) -> None:
        if not self._accepting:
            self._epoll.register(self._bound.socket.fileno(), select.EPOLLIN)
            self._accepting = True
