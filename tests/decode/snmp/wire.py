"""A BER writer for tests, small enough to be right at sight; it also writes what BER forbids."""

from trapgate.model import Datagram, Decoded, Endpoint, Now

NOW = Now(1_700_000_000_000_000_000, 0)
PEER = Endpoint("10.0.0.7", 50_162)
LOCAL = Endpoint("10.0.0.1", 1162)

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"


def datagram(data: bytes, address: str = PEER.address) -> Datagram:
    return Datagram(data, Endpoint(address, PEER.port), LOCAL, "traps", NOW.wall_ns)


def tlv(tag: int, *parts: bytes, length_bytes: int = 0) -> bytes:
    """`length_bytes` 0 is the shortest form, else the long form with that many bytes."""
    content = b"".join(parts)
    size = len(content)
    if not length_bytes and size < 0x80:
        return bytes((tag, size)) + content
    count = length_bytes or (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | count)) + size.to_bytes(count, "big") + content


def integer(value: int, tag: int = 0x02) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid_content(text: str) -> bytes:
    parts = [int(part) for part in text.split(".")]
    content = b""
    for part in (parts[0] * 40 + parts[1], *parts[2:]):
        septets = [part & 0x7F]
        while part := part >> 7:
            septets.append(part & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return content


def oid(text: str) -> bytes:
    return tlv(0x06, oid_content(text))


def varbind(name: str, value: bytes) -> bytes:
    return tlv(0x30, oid(name), value)


def notification(
    *varbinds: bytes, tag: int = 0xA7, request_id: bytes = integer(7), errors: bytes = b""
) -> bytes:
    errors = errors or integer(0) + integer(0)
    return tlv(tag, request_id, errors, tlv(0x30, *varbinds))


def header(trap_oid: str = LINK_DOWN, uptime: int = 4711) -> bytes:
    """The two variables every SNMPv2 notification begins with."""
    return varbind(SYS_UPTIME, integer(uptime, 0x43)) + varbind(SNMP_TRAP_OID, oid(trap_oid))


def v1_pdu(
    *varbinds: bytes,
    enterprise: bytes = oid("1.3.6.1.4.1.9.1.1"),
    agent: bytes = tlv(0x40, bytes((192, 0, 2, 1))),
    generic: int = 6,
    specific: int = 42,
    uptime: bytes = integer(4711, 0x43),
) -> bytes:
    return tlv(
        0xA4, enterprise, agent, integer(generic), integer(specific), uptime, tlv(0x30, *varbinds)
    )


def message(pdu: bytes, version: int = 1, community: bytes = b"public") -> bytes:
    return tlv(0x30, integer(version), tlv(0x04, community), pdu)


def v2c(*varbinds: bytes, community: bytes = b"public", tag: int = 0xA7) -> bytes:
    return message(notification(header(), *varbinds, tag=tag), community=community)


def v1(*varbinds: bytes, generic: int = 6, specific: int = 42) -> bytes:
    return message(v1_pdu(*varbinds, generic=generic, specific=specific), version=0)


def reason(decoded: Decoded) -> str | None:
    """Why nothing was decoded, or `None`; fails unless there is exactly one of three answers."""
    answers = (bool(decoded.messages), decoded.refusal is not None, bool(decoded.problems))
    assert answers.count(True) == 1, decoded
    return decoded.problems[0].code if decoded.problems else None
