"""A UDP socket, drained into spool records."""

from trapgate.listen.access import AccessList
from trapgate.listen.record import encode, origin
from trapgate.listen.sockets import BoundListener
from trapgate.model import DATAGRAM_BYTES_MAX, Now, Outcome
from trapgate.observe import Metrics

DRAIN_DATAGRAMS_MAX = 512
"""Read in one go before another socket has its turn: some milliseconds of work."""

_U32 = 1 << 32


class UdpListener:
    """One UDP listener, as the receive loop has it. Never blocks."""

    paced = False
    """Its senders do not wait: what is not read in time is lost."""

    def __init__(self, bound: BoundListener, metrics: Metrics) -> None:
        name = bound.settings.name
        self._bound = bound
        self._access = AccessList(bound.settings.allow)
        self._origin = origin(name, bound.local)
        dropped = metrics.counter("trapgate_listen_dropped_total")
        self._read = metrics.counter("trapgate_listen_datagrams_total").labels(name)
        self._denied = dropped.labels(name, Outcome.SOURCE_DENIED)
        self._kernel_dropped = dropped.labels(name, Outcome.KERNEL_DROPPED)
        self._kernel_drops_seen = 0

    def fileno(self) -> int:
        return self._bound.socket.fileno()

    def drain(self, now: Now, records: list[bytes]) -> bool:
        """Add a record for each waiting datagram of an allowed peer, `DRAIN_DATAGRAMS_MAX` at
        most; returns whether more may be waiting. Every datagram read is counted."""
        received_at = now.wall_ns
        receive = self._bound.socket.recvfrom
        verdict_on, shared = self._access.verdict, self._origin
        read = denied = 0
        try:
            while read < DRAIN_DATAGRAMS_MAX:
                data, peer = receive(DATAGRAM_BYTES_MAX)
                read += 1
                verdict = verdict_on(peer[0])
                if verdict.allowed:
                    records.append(encode(shared, received_at, verdict.address, peer[1], data))
                else:
                    denied += 1
        except BlockingIOError:
            pass
        self._read.inc(read)
        self._denied.inc(denied)
        return read == DRAIN_DATAGRAMS_MAX

    def count_kernel_drops(self) -> None:
        """Count what the kernel dropped at the socket; the first time all since it was opened, so
        that nothing is missed while no receiver lives."""
        drops = self._bound.kernel_drops()
        self._kernel_dropped.inc((drops - self._kernel_drops_seen) % _U32)
        self._kernel_drops_seen = drops
