"""A TCP or TLS listener and its connections, drained into spool records.

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
from trapgate.listen.certificates import Certificates
from trapgate.listen.connection import Connection, Refused
from trapgate.listen.record import encode, origin
from trapgate.listen.refusals import Refusals
from trapgate.listen.sockets import BoundListener
from trapgate.model import Endpoint, Now, Outcome
from trapgate.observe import Metrics

READ_BYTES = 65_536
"""Read from one connection before another has its turn."""

DRAIN_RECORDS_MAX = 512
"""A drain ends when it has this many records; with the frames of its last read it may have up to
`READ_BYTES / 2` more (one byte and one line end each)."""

DRAIN_READS_MAX = 512
"""A drain ends after this many reads, however little they gave."""

DRAIN_HANDSHAKE_READS_MAX = 16
"""A drain ends after this many reads of handshakes, which cost about a millisecond each: when all
devices come back at once, UDP is read in between."""

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


class TcpListener:
    """One TCP listener, as the receive loop has it. Never blocks."""

    paced = True
    """Its senders wait while it is not read."""

    def __init__(self, bound: BoundListener, metrics: Metrics) -> None:
        self._metrics = metrics
        self._connections: dict[int, Connection] = {}
        self._accepting = False
        self._epoll = select.epoll()
        self._certificates: Certificates | None = None
        self._configure(bound)
        self._accept_again()

    @property
    def bound(self) -> BoundListener:
        """The listening socket and the settings in force."""
        return self._bound

    def reconfigure(self, bound: BoundListener, now: Now, records: list[bytes]) -> None:
        """Go on with other settings on the same socket: connections stay open, but for those of
        peers that are not allowed any more, and those that do not speak what is spoken now; what
        came of a frame of theirs is a record."""
        start = len(records)
        self._open.set(0)
        self._configure(bound)
        for connection in list(self._connections.values()):
            reason = self._unwelcome(connection)
            if reason:
                self._refusals.count(reason)
                self._end(connection, now, records)
        self._open.set(len(self._connections))
        self._read.inc(len(records) - start)

    def _unwelcome(self, connection: Connection) -> str:
        """Why a connection does not go with the settings in force; empty if it does."""
        tls = self._bound.settings.tls
        if connection.is_tls != (tls is not None):
            return "transport-changed"
        if connection.has_sender and not self._access.verdict(connection.sender.address).allowed:
            return Outcome.SOURCE_DENIED
        return "tls-certificate" if tls and connection.unwelcome(tls.policy()) else ""

    def _configure(self, bound: BoundListener) -> None:
        settings = bound.settings
        self._bound = bound
        self._access = AccessList(settings.allow)
        self._proxies = AccessList(settings.proxy_protocol.from_ if settings.proxy_protocol else ())
        self._origin = origin(settings.name, bound.local)
        self._refusals = Refusals(settings.name, self._metrics)
        self._read = self._metrics.counter("trapgate_listen_datagrams_total").labels(settings.name)
        self._bad = self._metrics.counter("trapgate_listen_bad_frames_total").labels(settings.name)
        self._open = self._metrics.gauge("trapgate_listen_connections").labels(settings.name)
        if settings.tls is None:
            self._certificates = None
        elif self._certificates is None or self._certificates.settings != settings.tls:
            self._certificates = Certificates(settings.name, settings.tls)

    def fileno(self) -> int:
        return self._epoll.fileno()

    def drain(self, now: Now, records: list[bytes]) -> bool:
        """Accept who waits and add a record for each complete frame; returns whether there may be
        more. Every frame read is counted."""
        start = len(records)
        more = True
        handshakes = 0
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
                handshakes += connection.is_tls and not connection.established
                self._receive(connection, now, records)
            if len(records) - start >= DRAIN_RECORDS_MAX or handshakes >= DRAIN_HANDSHAKE_READS_MAX:
                break
        self._read.inc(len(records) - start)
        return more

    def expire(self, now: Now, records: list[bytes]) -> None:
        """Close the connections that were silent for too long, or do not get ready to send. To be
        called about each second, and not while streams are not read: silence is our doing then.
        Changed certificates are read, too."""
        start = len(records)
        timeout_ns = self._bound.settings.idle_timeout
        for connection in list(self._connections.values()):
            reason = connection.late(now.elapsed_ns)
            if now.elapsed_ns - connection.heard_at > timeout_ns:
                reason = reason or "idle"
            if reason:
                self._refusals.count(reason)
                self._end(connection, now, records)
        self._read.inc(len(records) - start)
        if self._certificates is not None:
            self._certificates.refresh()
        self._accept_again()

    def resume(self, now: Now) -> None:
        """Streams are read again after a pause: idle time starts anew."""
        for connection in self._connections.values():
            connection.heard_at = connection.begun_at = now.elapsed_ns

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
            self._refusals.count("too-many")
            self._epoll.unregister(self._bound.socket.fileno())
            self._accepting = False
            return
        self._admit(sock, peer[0], peer[1], now)

    def _admit(self, sock: socket.socket, host: str, port: int, now: Now) -> None:
        """Go on with a new connection, or close it."""
        proxied = self._proxies.verdict(host).allowed
        verdict = self._access.verdict(host)
        context = self._certificates.context if self._certificates else None
        reason = ""
        if not verdict.allowed and not proxied:
            reason = Outcome.SOURCE_DENIED
        elif len(self._connections) >= self._bound.settings.connections_max:
            reason = "too-many"
        elif self._certificates and context is None:
            reason = "tls-unavailable"
        if reason:
            self._refusals.count(reason)
            sock.close()
            return
        sock.setblocking(False)
        peer = Endpoint(verdict.address, port)
        connection = Connection(sock, peer, now.elapsed_ns, proxied=proxied, tls=context)
        self._connections[sock.fileno()] = connection
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        self._open.set(len(self._connections))

    def _receive(self, connection: Connection, now: Now, records: list[bytes]) -> None:
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
        bad_before = connection.bad_frames
        try:
            frames = self._frames(connection, data)
        except Refused as refused:
            self._record(connection, refused.frames, now, records)
            self._refuse(connection, refused, now)
            if refused.reason != "bad-frame":
                self._record(connection, connection.end(), now, records)
            self._forget(connection)
        else:
            self._record(connection, frames, now, records)
            if connection.over:
                self._end(connection, now, records)
        self._bad.inc(connection.bad_frames - bad_before)

    def _frames(self, connection: Connection, data: bytes) -> list[bytes]:
        """The frames that these bytes complete. Raises `Refused`."""
        if not connection.has_sender:
            rest = connection.identify(data)
            if rest is None:
                return []
            verdict = self._access.verdict(connection.sender.address)
            connection.sender = Endpoint(verdict.address, connection.sender.port)
            if not verdict.allowed:
                raise Refused(Outcome.SOURCE_DENIED)
            data = rest
        return connection.feed(data) if data else []

    def _refuse(self, connection: Connection, refused: Refused, now: Now) -> None:
        self._refusals.count(refused.reason)
        if refused.detail:
            presented = refused.presented
            self._refusals.tell(
                now.elapsed_ns,
                refused.reason,
                connection.sender.address,
                refused.detail,
                presented.fingerprints[0] if presented else "",
            )

    def _end(self, connection: Connection, now: Now, records: list[bytes]) -> None:
        self._record(connection, connection.end(), now, records)
        self._forget(connection)

    def _record(
        self,
        connection: Connection,
        frames: list[bytes],
        now: Now,
        records: list[bytes],
    ) -> None:
        shared, sender = self._origin, connection.sender
        records += [
            encode(shared, now.wall_ns, sender.address, sender.port, frame) for frame in frames
        ]

    def _forget(self, connection: Connection) -> None:
        fd = connection.socket.fileno()
        del self._connections[fd]
        self._epoll.unregister(fd)
        connection.socket.close()
        self._open.set(len(self._connections))

    def _accept_again(self) -> None:
        if not self._accepting:
            self._epoll.register(self._bound.socket.fileno(), select.EPOLLIN)
            self._accepting = True
