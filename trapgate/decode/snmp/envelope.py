"""The outside of an SNMP message (RFC 1157 §4, RFC 1901 §3): version and community.

In: a datagram. Out: where its PDU is, who it says it comes from, and a copy that may be kept. It
reads on as far as it can where something is wrong, since a community must also be masked in
what cannot be decoded.
"""

import msgspec

from trapgate.decode.snmp import ber
from trapgate.decode.snmp.problems import (
    BAD_LENGTH,
    EMPTY,
    NOT_BER,
    NOT_SNMP,
    TRUNCATED,
    UNSUPPORTED_VERSION,
    Unreadable,
)
from trapgate.model import Problem

V1 = 0
V2C = 1

_ONE_BYTE_INTEGER = b"\x02\x01"
_OCTETS = bytes((ber.OCTETS,))
_USUAL_BYTES_MIN = 9
"""Headers of message, version and community at their longest."""

_TRAP_COMMUNITY = bytes.fromhex("2b06010603120104")
"""snmpTrapCommunity in BER: the variable in which a proxy passes on the community of a trap that it
has translated (RFC 3584 §3.1). Its instance is 0; there are senders that write none, or another."""

_SCALAR_BYTES = len(_TRAP_COMMUNITY) + 1
"""The name as it should be, with the instance 0."""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A message before its PDU is looked at.

    `data` is the datagram with every community in it masked, byte for byte as long. `version` is
    the number on the wire (-1: not read). `community` is `None` unless it is there whole and the
    version is one that has it. The PDU begins at `pdu`; the message should end at `end`.
    """

    data: bytes
    version: int = -1
    community: bytes | None = None
    pdu: int = 0
    end: int = 0
    problem: Problem | None = None


def open_envelope(datagram: bytes) -> Envelope:
    """Read version and community; never raises: `problem` says why the rest is not readable.

    A community is masked as soon as its place is known, even if only its beginning arrived.
    """
    data = masked_variables(datagram)
    return _usual_envelope(datagram, data) or _any_envelope(datagram, data)


def _usual_envelope(datagram: bytes, data: bytes) -> Envelope | None:
    """The shape of nearly every SNMPv1 and SNMPv2c message, checked at once and without a call:
    short lengths that add up to the datagram. `None` for anything else."""
    size = len(data)
    if size < _USUAL_BYTES_MIN or data[0] != ber.SEQUENCE:
        return None
    pos, length = 2, data[1]
    if length == ber.ONE_LENGTH_BYTE:
        pos, length = 3, data[2]
    elif length == ber.TWO_LENGTH_BYTES:
        pos, length = 4, data[2] << 8 | data[3]
    start = pos + 5
    stop = start + data[pos + 4]
    version = data[pos + 2]
    if (
        pos + length == size
        and V1 <= version <= V2C
        and data[pos : pos + 2] == _ONE_BYTE_INTEGER
        and data[pos + 3] == ber.OCTETS
        and data[pos + 4] < ber.LONG_FORM
        and stop <= size
    ):
        masked = data[:start] + b"*" * (stop - start) + data[stop:]
        return Envelope(masked, version, datagram[start:stop], stop, size)
    return None


def _any_envelope(datagram: bytes, data: bytes) -> Envelope:
    """Element by element. `data` is the datagram with its variables masked."""
    try:
        version, pos, end = _version(data)
    except Unreadable as unreadable:
        return Envelope(data, problem=unreadable.problem)
    size = len(data)
    within = min(end, size)
    cut = TRUNCATED if end > size else None
    has_community = version in (V1, V2C)
    if within == pos or data[pos] != ber.OCTETS:
        problem = cut or (NOT_SNMP if has_community else UNSUPPORTED_VERSION)
        return Envelope(data, version, problem=problem)
    broken = BAD_LENGTH
    try:
        _, start, stop = ber.header(data, pos, within)
    except Unreadable as unreadable:
        broken = unreadable.problem
        start, stop = pos + 1, size + 1  # it may be anywhere from here on
    seen = min(stop, within)
    community = datagram[start:seen]
    data = data[:start] + b"*" * (seen - start) + data[seen:]
    if not has_community:
        return Envelope(data, version, problem=UNSUPPORTED_VERSION)
    if stop > within:
        return Envelope(data, version, problem=cut or broken)
    return Envelope(data, version, community, stop, end, cut)


def _version(data: bytes) -> tuple[int, int, int]:
    """The version, where the next element begins, and where the message says that it ends."""
    size = len(data)
    if not data or data[0] != ber.SEQUENCE:
        raise Unreadable(NOT_BER if data else EMPTY)
    # A header that is cut itself gets zeros for what is missing: it then ends behind the data.
    head = data if size >= ber.HEADER_BYTES_MAX else data + bytes(ber.HEADER_BYTES_MAX)
    _, pos, end = ber.header(head, 0, len(head))
    within = min(end, size)
    short = TRUNCATED if end > size else BAD_LENGTH
    if pos + 2 > within:
        raise Unreadable(short)
    try:
        tag, start, stop = ber.header(data, pos, within)
    except Unreadable as unreadable:
        raise Unreadable(TRUNCATED if end > size else unreadable.problem) from None
    if tag != ber.INTEGER:
        raise Unreadable(NOT_SNMP)
    if stop > within:
        raise Unreadable(short)
    return ber.integer(data[start:stop], []), stop, end


def masked_variables(data: bytes) -> bytes:
    """The same bytes with every text value of snmpTrapCommunity, whatever its instance, masked.

    It is a search for bytes, so it also finds them in what cannot be decoded; that it may hit the
    inside of another value does no harm. What is masked is not searched again, so that the time
    taken is that of the datagram's length.
    """
    pos = data.find(_TRAP_COMMUNITY)
    if pos < 0:
        return data
    masked = bytearray(data)
    while pos >= 0:
        at = _name_end(data, pos)
        stop = at
        if data[at : at + 1] == _OCTETS:
            try:
                _, start, stop = ber.header(data, at, len(data))
            except Unreadable:
                start, stop = at + 1, len(data)
            stop = min(stop, len(data))
            masked[start:stop] = b"*" * (stop - start)
        pos = data.find(_TRAP_COMMUNITY, max(pos + 1, stop - len(_TRAP_COMMUNITY)))
    return bytes(masked)


def _name_end(data: bytes, pos: int) -> int:
    """Where the name ends whose content begins at `pos`: its length is before it, if it is one."""
    size = data[pos - 1] if pos else 0
    return pos + (size if len(_TRAP_COMMUNITY) <= size < ber.LONG_FORM else _SCALAR_BYTES)
