"""Which datagram is which: ids that two gateways agree on, and repeats that are one event.

An id is the 10-second bucket of the receive time (so that ids sort by time and name their day) and
a hash of kind, peer, bytes and n, where n counts identical datagrams of that peer in the bucket.
Identical SNMP datagrams in a bucket or in the one before are one notification, sent or routed
twice (its request-id makes the bytes differ otherwise): the bucket before counts, because an inform
that is repeated after a second may come behind the edge. Identical syslog lines are as many events.

Datagrams come in lanes that are not read in step (`pipeline.lanes`), and identical lines of one
sender may be in two of them, so that nobody can count them together and come to the same numbers
again. Each lane counts its own, and every lane but the first has a *mark* that goes into the ids of
its lines: what was not diverted has the same id at every gateway, what was has one of its own. Ids
of SNMP have no mark. A copy of a trap is looked for in all lanes, as far back as they remember.

The memory is a function of the records read so far: a reader that starts in the middle of a spool
first shows it the records of the bucket that it starts in and of the bucket before that.
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from trapgate.model import BUCKET_S, NS_PER_S, Datagram, Protocol

BUCKETS_MAX = 3
"""Buckets that are remembered: this one and the one before, and one more, as records of two sockets
may be a little out of order at an edge."""

BUCKET_DATAGRAMS_MAX = 1_000_000
"""Datagrams that one bucket remembers, some 100 MB at the most; above it, repeats in the rest of
the bucket are not recognised (each is an event of its own, with an id that may come again)."""

SENDERS_CACHED_MAX = 65_536
"""Senders whose key is remembered; a scan of spoofed ones empties the cache, no more."""

_BUCKET_DIGITS = 8
_BUCKET_NS = BUCKET_S * NS_PER_S


class Identity(msgspec.Struct, frozen=True, gc=False):
    """The event id of a datagram, and whether it repeats one that was seen."""

    event_id: str
    duplicate: bool


def bucket_of(received_at: int) -> int:
    """The number of the 10-second bucket of an instant."""
    return received_at // _BUCKET_NS


def part_id(event_id: str, number: int) -> str:
    """The id of the event of a later message (the second is number 2) of a datagram whose first
    one has this id."""
    digest = blake2b(f"{event_id}/{number}".encode(), digest_size=12).hexdigest()
    return event_id[:_BUCKET_DIGITS] + digest


class Identities:
    """The memory of the last buckets of one lane."""

    def __init__(self, mark: str = "", lanes: Mapping[str, "Identities"] | None = None) -> None:
        """`mark` sets the ids of this lane's lines apart, 16 characters at most; `lanes` are all
        that there are, this one among them, and may become more."""
        self._mark = mark
        self._lanes = {} if lanes is None else lanes
        self._buckets: dict[int, dict[bytes, int]] = {}
        self._number = -1
        self._seen: dict[bytes, int] = {}
        self._before: dict[bytes, int] = {}
        self._prefix = ""
        self._keys: dict[tuple[Protocol, str], bytes] = {}

    def copied(self, lanes: Mapping[str, "Identities"]) -> "Identities":
        """The same in a memory of its own, among these lanes."""
        made = Identities(self._mark, lanes)
        made._buckets = {number: dict(seen) for number, seen in self._buckets.items()}
        return made

    def of(self, datagram: Datagram, protocol: Protocol, identity: bytes | None = None) -> Identity:
        """The identity of the next datagram of the stream. `identity` is what makes it the same
        one where its bytes do not (`Decoded.identity`)."""
        number = datagram.received_at // _BUCKET_NS
        if number != self._number:
            self._turn_to(number)
        sender = (protocol, datagram.peer.address)
        key = self._keys.get(sender) or self._key(sender)
        if identity is None:
            digest = blake2b(datagram.data, digest_size=12, key=key).digest()
        else:  # `person`: nobody can send bytes that pass for the identity of other bytes
            digest = blake2b(identity, digest_size=12, key=key, person=b"identity").digest()
        before = self._seen.get(digest, 0)
        if before or len(self._seen) < BUCKET_DATAGRAMS_MAX:
            self._seen[digest] = before + 1
        if protocol is Protocol.SNMP:
            repeated = before or digest in self._before or self._elsewhere(digest)
            return Identity(self._prefix + digest.hex(), bool(repeated))
        if not before:
            return Identity(self._prefix + digest.hex(), False)
        again = blake2b(digest + before.to_bytes(8, "big"), digest_size=12).hexdigest()
        return Identity(self._prefix + again, False)

    def _key(self, sender: tuple[Protocol, str]) -> bytes:
        """What sets the datagrams of a sender apart from the same bytes of others."""
        if len(self._keys) >= SENDERS_CACHED_MAX:
            self._keys.clear()
        protocol, peer = sender
        text = f"{protocol}/{peer}"
        if self._mark and protocol is not Protocol.SNMP:
            text += f"/{self._mark}"
        key = self._keys[sender] = text.encode()
        return key

    def _elsewhere(self, digest: bytes) -> bool:
        """Whether another lane has it, in the current bucket or in the one before."""
        for lane in self._lanes.values():
            if lane is not self:
                buckets = lane._buckets
                for number in (self._number, self._number - 1):
                    if number in buckets and digest in buckets[number]:
                        return True
        return False

    def _turn_to(self, number: int) -> None:
        self._seen = self._buckets.setdefault(number, {})
        self._before = self._buckets.get(number - 1, {})
        self._number = number
        self._prefix = f"{number:0{_BUCKET_DIGITS}x}"
        while len(self._buckets) > BUCKETS_MAX:
            del self._buckets[min(self._buckets)]
        if number not in self._buckets:  # the clock was set back by more than the memory holds
            self._buckets = {number: self._seen}
