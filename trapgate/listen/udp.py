"""A UDP socket, drained into spool records."""

from trapgate.listen.access import AccessList
from trapgate.listen.record import encode_moment, encode_sender, origin
from trapgate.listen.slots import Slots, decode_origin
from trapgate.listen.sockets import BoundListener
from trapgate.model import Endpoint, Now, Outcome
from trapgate.observe import Metrics

SENDERS_CACHED_MAX = 65_536
"""Senders (address, port, and the address they sent to) that are remembered; a scan of spoofed
sources empties the memory, no more."""

_U32 = 1 << 32

_DENIED = b""


class UdpListener:
    """One UDP listener, as the receive loop has it. Never blocks."""

    paced = False
    """Its senders do not wait: what is not read in time is lost."""

    def __init__(self, bound: BoundListener, metrics: Metrics, slots: Slots | None = None) -> None:
        """`slots` is the memory to read into; listeners of one thread may share it."""
        self._slots = slots or Slots()
        self._metrics = metrics
        self._kernel_drops_seen = 0
        self._senders: dict[bytes, bytes] = {}
        self.reconfigure(bound)

    @property
    def bound(self) -> BoundListener:
        """The socket and the settings in force."""
        return self._bound

    def reconfigure(self, bound: BoundListener) -> None:
        """Go on with other settings on the same socket, between two drains."""
        name = bound.settings.name
        self._bound = bound
        self._access = AccessList(bound.settings.allow)
        self._senders.clear()
        dropped = self._metrics.counter("trapgate_listen_dropped_total")
        self._read = self._metrics.counter("trapgate_listen_datagrams_total").labels(name)
        self._denied = dropped.labels(name, Outcome.SOURCE_DENIED)
        self._kernel_dropped = dropped.labels(name, Outcome.KERNEL_DROPPED)

    def fileno(self) -> int:
        return self._bound.socket.fileno()

    def drain(self, now: Now, records: list[bytes]) -> bool:
        """Add a record for each waiting datagram of an allowed peer, as many as there are slots at
        most; returns whether more may be waiting. Every datagram read is counted."""
        moment = encode_moment(now.wall_ns)
        known, learn, join = self._senders.get, self._learn, b"".join
        received = self._slots.receive(self._bound.socket.fileno())
        denied = 0
        for sender, data in received:
            part = known(sender)
            if part is None:
                part = learn(sender)
            if part:
                records.append(join((moment, part, data)))
            else:
                denied += 1
        self._read.inc(len(received))
        self._denied.inc(denied)
        return len(received) == self._slots.slots

    def _learn(self, sender: bytes) -> bytes:
        """What the records of this sender have in common; empty if it may not send."""
        found = decode_origin(sender)
        verdict = self._access.verdict(found.host)
        part = _DENIED
        if verdict.allowed:
            local = self._bound.local
            if found.local is not None:
                local = Endpoint(found.local, local.port)
            shared = origin(self._bound.settings.name, local)
            part = encode_sender(shared, verdict.address, found.port)
        if len(self._senders) >= SENDERS_CACHED_MAX:
            self._senders.clear()
        self._senders[sender] = part
        return part

    def count_kernel_drops(self) -> None:
        """Count what the kernel dropped at the socket; the first time all since it was opened, so
        that nothing is missed while no receiver lives."""
        drops = self._bound.kernel_drops()
        self._kernel_dropped.inc((drops - self._kernel_drops_seen) % _U32)
        self._kernel_drops_seen = drops
