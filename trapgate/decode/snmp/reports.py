"""What is sent back: Responses to informs (RFC 3416 §4.2.7) and Reports, by which a sender of
informs learns our engine ID and clock (RFC 3412 §7.1, RFC 3414 §4).

A Report answers somebody who has not proved anything yet. So it is not sent for what is not
confirmed, is hardly larger than what it answers, and is rationed.
"""

import msgspec

from trapgate.decode.snmp import ber
from trapgate.decode.snmp.authentication import Keys
from trapgate.decode.snmp.engines import TIME_WINDOW_S
from trapgate.decode.snmp.problems import Unreadable
from trapgate.decode.snmp.refusals import UNDECRYPTABLE
from trapgate.decode.snmp.v3 import AUTHENTICATED, ENCRYPTED, INT_MAX, Message, read_scoped
from trapgate.model import NS_PER_S, Datagram

REPORT_PDU = 0xA8

REPORT_GROWTH_BYTES_MAX = 96
"""How much longer than the request a Report may be. It cannot be none: the smallest request of
discovery has 60 bytes, and the Report to it has our engine ID twice (up to 32 bytes each) and a
counter with its name (19 bytes)."""

REPORTS_PER_S = 500
"""Reports to all senders: 10,000 devices that send informs learn our new boots in a minute, and a
flood of forged requests is answered with less than 100 kB a second."""

REPORTS_PER_SOURCE_PER_S = 10
"""Reports to one address: a device needs two, and again after each restart."""

BURST_S = 2
"""How many seconds' worth may be sent at once."""

SOURCES_MAX = 4_096
"""Addresses whose Reports are counted; the one that was met first gives way."""

_COUNTERS = bytes.fromhex("2b060106030f0101")
"""1.3.6.1.6.3.15.1.1, usmStats."""

_COUNTER32 = 0x41
_VERSION_3 = b"\x02\x01\x03"
_NO_ERROR = b"\x02\x01\x00\x02\x01\x00"


class OwnEngine(msgspec.Struct, frozen=True):
    """Our engine, authoritative for informs (RFC 3414 §1.5.1): its ID, how often it was started,
    and the instants of this start and of the one before, if that is known."""

    engine_id: bytes
    boots: int
    started_at: int
    previous_started_at: int | None = None

    def time(self, received_at: int) -> int:
        """snmpEngineTime at an instant: seconds since the start; 0 before it."""
        return min(max(0, received_at - self.started_at) // NS_PER_S, INT_MAX)

    def in_window(self, boots: int, time: int, received_at: int) -> bool:
        """Whether a message's clock is ours, 150 seconds up or down (RFC 3414 §3.2.7 a).

        What was received before this start and is decoded only now may have the clock of the start
        before.
        """
        if boots == self.boots:
            return abs(time - self.time(received_at)) <= TIME_WINDOW_S
        before = self.previous_started_at
        if boots != self.boots - 1 or before is None or received_at >= self.started_at:
            return False
        return abs(time - (received_at - before) // NS_PER_S) <= TIME_WINDOW_S


class ReportBudget:
    """Token buckets for Reports: one for all, one an address. Time is that of the datagrams, so
    nothing here reads a clock; nothing of it is saved, since no verdict depends on it."""

    def __init__(self) -> None:
        self.sent = [0] * (UNDECRYPTABLE + 1)
        self._all = (float(REPORTS_PER_S * BURST_S), 0)
        self._sources: dict[str, tuple[float, int]] = {}

    def spend(self, counter: int, address: str, at: int) -> int | None:
        """The value of the counter for a Report that may be sent now, else `None`."""
        source = _refilled(self._sources.get(address), REPORTS_PER_SOURCE_PER_S, at)
        overall = _refilled(self._all, REPORTS_PER_S, at)
        if source < 1 or overall < 1:
            return None
        self._all = (overall - 1, at)
        if address not in self._sources and len(self._sources) >= SOURCES_MAX:
            del self._sources[next(iter(self._sources))]
        self._sources[address] = (source - 1, at)
        self.sent[counter] = (self.sent[counter] + 1) % 2**32
        return self.sent[counter]


def _refilled(bucket: tuple[float, int] | None, per_s: int, at: int) -> float:
    full = float(per_s * BURST_S)
    if bucket is None:
        return full
    tokens, filled_at = bucket
    return min(full, tokens + max(0, at - filled_at) / NS_PER_S * per_s)


def report_to(
    message: Message, request: Datagram, own: OwnEngine, counter: int, value: int, keys: Keys | None
) -> Datagram | None:
    """A Report with one counter of usmStats; signed if there are `keys`. `None` if it would be
    too large for what it answers."""
    name = ber_element(ber.OID, _COUNTERS + bytes((counter, 0)))
    number = value.to_bytes(value.bit_length() // 8 + 1, "big")
    variable = ber_element(ber.SEQUENCE, name + ber_element(_COUNTER32, number))
    pdu = ber_element(
        REPORT_PDU,
        _request_id(message, request.data) + _NO_ERROR + ber_element(ber.SEQUENCE, variable),
    )
    context = ber_element(ber.OCTETS, own.engine_id) + ber_element(ber.OCTETS, b"")
    scoped = ber_element(ber.SEQUENCE, context + pdu)
    data = _answer(message, request, own, scoped, keys, AUTHENTICATED if keys else 0)
    return _back(request, data) if len(data) <= message.end + REPORT_GROWTH_BYTES_MAX else None


def inform_response(
    message: Message, request: Datagram, own: OwnEngine, scoped: bytes, keys: Keys | None
) -> Datagram:
    """The Response to an inform: `scoped` is the request's scopedPDU with the type of its PDU
    changed, so it is as large as the request but for padding and the digits of our time. As
    secure as the request."""
    flags = message.flags & (AUTHENTICATED | ENCRYPTED)
    return _back(request, _answer(message, request, own, scoped, keys, flags))


def ber_element(tag: int, content: bytes) -> bytes:
    """One element with the shortest length (X.690 §8.1.3)."""
    size = len(content)
    if size < ber.LONG_FORM:
        return bytes((tag, size)) + content
    count = (size.bit_length() + 7) // 8
    return bytes((tag, ber.LONG_FORM | count)) + size.to_bytes(count, "big") + content


def _answer(
    message: Message,
    request: Datagram,
    own: OwnEngine,
    scoped: bytes,
    keys: Keys | None,
    flags: int,
) -> bytes:
    """A message with our engine and clock. Its header is the request's with other flags: the same
    msgID, and as msgMaxSize what the peer takes, which we take too."""
    data = request.data
    at = message.flags_at
    header = data[message.header : at] + bytes((flags,)) + data[at + 1 : message.header_end]
    time = own.time(request.received_at)
    salt = b""
    payload = scoped
    if flags & ENCRYPTED and keys is not None:
        encrypted, salt = keys.cipher.encrypt(scoped, own.boots, time)
        payload = ber_element(ber.OCTETS, encrypted)
    digest_bytes = keys.auth.digest_bytes if flags & AUTHENTICATED and keys is not None else 0
    after = ber_element(ber.OCTETS, salt)
    parameters = ber_element(
        ber.SEQUENCE,
        ber_element(ber.OCTETS, own.engine_id)
        + _integer(own.boots)
        + _integer(time)
        + ber_element(ber.OCTETS, message.user)
        + ber_element(ber.OCTETS, bytes(digest_bytes))
        + after,
    )
    security = ber_element(ber.OCTETS, parameters)
    whole = ber_element(ber.SEQUENCE, _VERSION_3 + header + security + payload)
    if not digest_bytes or keys is None:
        return whole
    end = len(whole) - len(payload) - len(after)
    return whole[: end - digest_bytes] + keys.digest(whole) + whole[end:]


def _integer(value: int) -> bytes:
    return ber_element(ber.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _request_id(message: Message, data: bytes) -> bytes:
    """The request-id of a PDU that is not encrypted, as it is written; 0 if there is none to see
    (RFC 3412 §7.1 step 3)."""
    if not message.flags & ENCRYPTED:
        try:
            return _visible_request_id(message, data)
        except Unreadable:
            pass
    return _integer(0)


def _visible_request_id(message: Message, data: bytes) -> bytes:
    scoped = read_scoped(data, message.payload, message.stop)
    _, start, stop = ber.element(data, scoped.pdu, scoped.end)
    tag, _, end = ber.element(data, start, stop)
    return data[start:end] if tag == ber.INTEGER and end - start <= 6 else _integer(0)


def _back(request: Datagram, data: bytes) -> Datagram:
    """To the sender, from where it was received; see `Datagram` for what `peer` means in it."""
    return Datagram(data, request.peer, request.local, request.listener, request.received_at)
