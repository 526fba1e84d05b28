"""Notification PDUs: SNMPv1's Trap-PDU (RFC 1157 §4.1.6), SNMPv2-Trap and InformRequest (RFC 3416
§4.2.6, §4.2.7), all into the one shape of SNMPv2 (RFC 3584 §3.1).

The PDU alone decides how it is read, not the version of the message around it: there are agents
that put one version's PDU into the other's message, and it is readable all the same.
"""

from collections.abc import Sequence
from ipaddress import IPv6Address
from operator import attrgetter
from typing import Literal

import msgspec

from trapgate.decode.snmp import ber
from trapgate.decode.snmp.ber import Oids
from trapgate.decode.snmp.envelope import V1, Envelope
from trapgate.decode.snmp.problems import (
    BAD_ADDRESS,
    BAD_GENERIC_TRAP,
    BAD_PDU,
    BAD_SPECIFIC_TRAP,
    COUNTER64_IN_V1,
    DATAGRAM_TOO_LARGE,
    MISPLACED_HEADER,
    NO_TRAP_OID,
    NO_UPTIME,
    PDU_OF_OTHER_VERSION,
    REPEATED_VARBIND,
    TRAILING_BYTES,
    UNSUPPORTED_PDU,
    Unreadable,
    note,
)
from trapgate.decode.snmp.varbinds import VarbindReader
from trapgate.model import Problem, Trap, Varbind

V1_TRAP = 0xA4
INFORM = 0xA6
TRAP = 0xA7
RESPONSE = 0xA2

SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
SNMP_TRAPS = "1.3.6.1.6.3.1.1.5"
ENTERPRISE_SPECIFIC = 6

# Taken without their instance, too: it is a frequent slip, and nothing else can be meant.
_UPTIMES = (SYS_UPTIME, SYS_UPTIME[:-2])
_TRAP_OIDS = (SNMP_TRAP_OID, SNMP_TRAP_OID[:-2])
_IP_TAGS = (0x40, ber.OCTETS)
_TIME_TAGS = (0x43, ber.INTEGER)
_UPTIME = bytes.fromhex("06082b0601020101030043")
"""sysUpTime.0 and the type of its value."""

_UPTIME_NUMBER = 2 + len(_UPTIME) + 1
"""From the beginning of that variable to its number, where all lengths are short."""

_LONG_FORM = ber.LONG_FORM
_NO_ERROR = b"\x02\x01\x00\x02\x01\x00"
_oid_of = attrgetter("oid")

Version = Literal["1", "2c", "3"]


class _V1Header(msgspec.Struct, frozen=True, gc=False):
    enterprise: str
    agent_address: str | None
    generic: int
    specific: int
    uptime: int


def read_trap(envelope: Envelope, credential: str, reader: VarbindReader) -> Trap:
    """Decode the PDU of an SNMPv1 or SNMPv2c message that was let in by `credential`.

    Raises `Unreadable` with the reason. What is odd and was understood is in the trap's problems.
    """
    data, end = envelope.data, envelope.end
    found = [TRAILING_BYTES] if end < len(data) else []
    version: Version = "1" if envelope.version == V1 else "2c"
    return read_pdu(data, envelope.pdu, end, version, credential, reader, data, found)


def read_pdu(
    data: bytes,
    pos: int,
    end: int,
    version: Version,
    credential: str,
    reader: VarbindReader,
    raw: bytes,
    found: list[Problem],
) -> Trap:
    """Decode the PDU that begins at `pos` and should end at `end` (an SNMPv3 message has it in
    its scopedPDU, which may have been decrypted: so `data` need not be the `raw` that is kept).

    `found` has the oddities of the message around it and gets those of the PDU; all are in the
    trap's problems. Raises `Unreadable` with the reason.
    """
    if len(raw) > reader.limits.datagram_bytes:
        raise Unreadable(DATAGRAM_TOO_LARGE)
    tag, pos, stop = ber.element(data, pos, end)
    if stop < end:
        note(found, TRAILING_BYTES)
    if tag not in (TRAP, INFORM, V1_TRAP):
        raise Unreadable(UNSUPPORTED_PDU)
    if (tag == V1_TRAP) != (version == "1"):
        note(found, PDU_OF_OTHER_VERSION)
    if tag == V1_TRAP:
        header, pos = _v1_header(data, pos, stop, reader.oids, found)
        varbinds = _varbinds(data, pos, stop, reader, found)
        return _v1_trap(version, header, varbinds, credential, raw, found)
    request_id, pos = _number(data, pos, stop, found)
    pos = _after_errors(data, pos, stop)
    trap_oid, uptime, payload = _notification(data, pos, stop, reader, found)
    return Trap(
        version,
        "trap" if tag == TRAP else "inform",
        request_id,
        credential,
        trap_oid,
        uptime,
        payload,
        raw,
        problems=tuple(found),
    )


def _after_errors(data: bytes, pos: int, end: int) -> int:
    """Skip error-status and error-index, which say nothing in a notification."""
    if data.startswith(_NO_ERROR, pos) and pos + len(_NO_ERROR) <= end:
        return pos + len(_NO_ERROR)
    _, _, pos = ber.element(data, pos, end)
    _, _, pos = ber.element(data, pos, end)
    return pos


def translated(enterprise: str, generic: int, specific: int) -> str:
    """The snmpTrapOID of an SNMPv1 trap (RFC 3584 §3.1 (2))."""
    if 0 <= generic < ENTERPRISE_SPECIFIC:
        return f"{SNMP_TRAPS}.{generic + 1}"
    return f"{enterprise}.0.{specific % 2**32}"


def _v1_trap(
    version: Version,
    header: _V1Header,
    varbinds: Sequence[Varbind],
    credential: str,
    raw: bytes,
    found: list[Problem],
) -> Trap:
    if not 0 <= header.generic <= ENTERPRISE_SPECIFIC:
        note(found, BAD_GENERIC_TRAP)
    if not 0 <= header.specific < 2**32:
        note(found, BAD_SPECIFIC_TRAP)
    if any(varbind.type == "counter64" for varbind in varbinds):
        note(found, COUNTER64_IN_V1)
    return Trap(
        version,
        "trap",
        None,
        credential,
        translated(header.enterprise, header.generic, header.specific),
        header.uptime,
        tuple(varbinds),
        raw,
        header.enterprise,
        header.agent_address,
        header.generic,
        header.specific,
        tuple(found),
    )


def _v1_header(
    data: bytes, pos: int, end: int, oids: Oids, found: list[Problem]
) -> tuple[_V1Header, int]:
    tag, start, pos = ber.element(data, pos, end)
    if tag != ber.OID:
        raise Unreadable(BAD_PDU)
    enterprise = ber.noted_oid(data[start:pos], oids, found)
    tag, start, pos = ber.element(data, pos, end)
    if tag not in _IP_TAGS:
        raise Unreadable(BAD_PDU)
    address = _agent_address(data[start:pos], found)
    generic, pos = _number(data, pos, end, found)
    specific, pos = _number(data, pos, end, found)
    tag, start, pos = ber.element(data, pos, end)
    if tag not in _TIME_TAGS:
        raise Unreadable(BAD_PDU)
    uptime = ber.unsigned(data[start:pos], 32, found)
    return _V1Header(enterprise, address, generic, specific, uptime), pos


def _agent_address(content: bytes, found: list[Problem]) -> str | None:
    """IPv4 by the book, IPv6 where an agent has nothing else; `None` for any other length."""
    if len(content) == 4:
        return f"{content[0]}.{content[1]}.{content[2]}.{content[3]}"
    note(found, BAD_ADDRESS)
    return str(IPv6Address(content)) if len(content) == 16 else None


def _number(data: bytes, pos: int, end: int, found: list[Problem]) -> tuple[int, int]:
    """An INTEGER of the PDU's header, and where it ends."""
    tag, start, stop = ber.element(data, pos, end)
    if tag != ber.INTEGER:
        raise Unreadable(BAD_PDU)
    return ber.integer(data[start:stop], found), stop


def _varbinds(
    data: bytes, pos: int, end: int, reader: VarbindReader, found: list[Problem]
) -> list[Varbind]:
    """The variable-bindings list that ends the PDU."""
    tag, start, stop = ber.element(data, pos, end)
    if tag != ber.SEQUENCE:
        raise Unreadable(BAD_PDU)
    if stop < end:
        note(found, TRAILING_BYTES)
    varbinds = reader.read(data, start, stop, found)
    if len(set(map(_oid_of, varbinds))) < len(varbinds):
        note(found, REPEATED_VARBIND)
    return varbinds


def _notification(
    data: bytes, pos: int, end: int, reader: VarbindReader, found: list[Problem]
) -> tuple[str, int | None, tuple[Varbind, ...]]:
    """snmpTrapOID, sysUpTime and the rest, from the list that ends the PDU.

    What a device says again is only new in its uptime: the bytes behind that are looked up whole.
    The payload of the same bytes is the same object.
    """
    behind = _behind_uptime(data, pos, end)
    if behind is None:
        return _without_header(_varbinds(data, pos, end, reader, found), found)
    uptime, rest = behind
    known = reader.payloads.get(rest)
    if known is not None:
        return known[0], uptime, known[1]
    noted = len(found)
    trap_oid, seen, payload = _without_header(_varbinds(data, pos, end, reader, found), found)
    if len(found) == noted:
        reader.remember_payload(rest, trap_oid, payload)
    return trap_oid, seen, payload


def _behind_uptime(data: bytes, pos: int, end: int) -> tuple[int, bytes] | None:
    """The uptime and all behind it, if the list fills the PDU and begins with sysUpTime.0 in its
    usual form; anything else takes the careful way."""
    start = pos + 2 if end - pos < _LONG_FORM else pos + 3
    number = start + _UPTIME_NUMBER
    if number + 4 > end or not data.startswith(_UPTIME, start + 2):
        return None
    size = data[number - 1]
    after = number + size
    length = data[start - 1]
    if (
        data[pos] != ber.SEQUENCE
        or (start == pos + 3 and data[pos + 1] != _LONG_FORM + 1)
        or start + length != end
        or data[start] != ber.SEQUENCE
        or start + 2 + data[start + 1] != after
        or not 1 <= size <= 4
        or data[number] >= _LONG_FORM  # the sign bit: an oddity
        or after > end
    ):
        return None
    return int.from_bytes(data[number:after], "big"), data[after:end]


def _without_header(
    varbinds: list[Varbind], found: list[Problem]
) -> tuple[str, int | None, tuple[Varbind, ...]]:
    """snmpTrapOID, sysUpTime and the rest."""
    if len(varbinds) >= 2:
        first, second = varbinds[0], varbinds[1]
        if first.oid == SYS_UPTIME and second.oid == SNMP_TRAP_OID and second.type == "oid":
            uptime, trap_oid = first.value, second.value
            if isinstance(uptime, int) and isinstance(trap_oid, str):
                return trap_oid, uptime, tuple(varbinds[2:])
    return _without_misplaced_header(varbinds, found)


def _without_misplaced_header(
    varbinds: list[Varbind], found: list[Problem]
) -> tuple[str, int | None, tuple[Varbind, ...]]:
    """The same, the two from wherever they are, if they are."""
    uptime, trap_oid = None, ber.ZERO_DOT_ZERO
    # Places, not variables: one that is repeated is the same object where the reader remembers it.
    uptime_at = trap_oid_at = -1
    for at, varbind in enumerate(varbinds):
        value = varbind.value
        if uptime_at < 0 and varbind.oid in _UPTIMES and isinstance(value, int):
            uptime_at, uptime = at, value
        elif trap_oid_at < 0 and varbind.oid in _TRAP_OIDS and varbind.type == "oid":
            trap_oid_at, trap_oid = at, str(value)
    if uptime_at < 0:
        note(found, NO_UPTIME)
    if trap_oid_at < 0:
        note(found, NO_TRAP_OID)
    if uptime_at >= 0 and trap_oid_at >= 0:
        note(found, MISPLACED_HEADER)
    payload = (v for at, v in enumerate(varbinds) if at not in (uptime_at, trap_oid_at))
    return trap_oid, uptime, tuple(payload)
