"""What brought other receivers down, by its CVE: each datagram ends in exactly one outcome, and the
next one is decoded as if nothing had been. What needs a whole trapgate is in
`tests/system/test_hostile.py`."""

from collections.abc import Iterator, Mapping

import pytest

from decode.snmp.fuzz import judged
from decode.snmp.wire import (
    header,
    integer,
    message,
    notification,
    oid,
    reason,
    tlv,
    v1,
    v2c,
    varbind,
)
from trapgate.decode.snmp import SnmpDecoder, SnmpSettings
from trapgate.model import Decoded, Trap

DECODER = SnmpDecoder(SnmpSettings())
"""One for all tests, so that one may not leave anything behind for the next."""

GOOD = v1(varbind("1.3.6.1.2.1.2.2.1.1.3", integer(3)), generic=2)
EXPECTED = SnmpDecoder(SnmpSettings())


def survived(data: bytes) -> Decoded:
    """Decode it, and see that the next datagram is decoded as by a decoder that never saw it."""
    answer = judged(DECODER, data)
    assert judged(DECODER, GOOD) == judged(EXPECTED, GOOD)
    return answer


def trap_of(answer: Decoded) -> Trap:
    (trap,) = answer.messages
    assert isinstance(trap, Trap)
    return trap


PARTS: Mapping[str, bytes] = {
    "version": integer(0),
    "community": tlv(0x04, b"public"),
    "enterprise": oid("1.3.6.1.4.1.9.1.1"),
    "agent": tlv(0x40, bytes((192, 0, 2, 1))),
    "generic": integer(6),
    "specific": integer(42),
    "time": integer(4711, 0x43),
    "name": oid("1.3.6.1.2.1.2.2.1.1.3"),
    "value": integer(3),
}
"""The leaves of an SNMPv1 trap."""


def trap_with(**changed: bytes) -> bytes:
    """A whole SNMPv1 trap with some of its leaves replaced by any bytes."""
    part = {**PARTS, **changed}
    variables = tlv(0x30, tlv(0x30, part["name"], part["value"]))
    head = ("enterprise", "agent", "generic", "specific", "time")
    pdu = tlv(0xA4, *(part[name] for name in head), variables)
    return tlv(0x30, part["version"], part["community"], pdu)


@pytest.mark.parametrize("parts", [0, 1, 2, 125, 126, 127, 128, 129, 130, 200, 5_000, 60_000])
@pytest.mark.parametrize("generic", [0, 5, 6, 7, -1, 2**31])
def test_cve_2025_68615(parts: int, generic: int) -> None:
    """snmptrapd copied the enterprise of an SNMPv1 trap and two more parts into a buffer for 128,
    before anybody was authenticated."""
    enterprise = tlv(0x06, b"\x2b" + b"\x01" * (parts - 2) if parts >= 2 else b"\x2b" * parts)
    answer = survived(trap_with(enterprise=enterprise, generic=integer(generic)))
    if parts > 128:
        assert reason(answer) is not None
    for trap in answer.messages:
        assert isinstance(trap, Trap)
        assert trap.trap_oid.count(".") < 130


def faults(encoded: bytes) -> Iterator[bytes]:
    """What the PROTOS c06-snmpv1 suite does to an element: its length, its type, its content."""
    tag, content = encoded[0], encoded[2:]
    for length in (
        "00",
        "7f",
        "80",
        "81ff",
        "82ffff",
        "84ffffffff",
        "84 80000000",
        "89" + "01" * 9,
    ):
        yield bytes((tag,)) + bytes.fromhex(length) + content
    for size in (0, 1, 2, 3, 4, 5, 8, 9, 127, 128, 255, 256, 1_024, 32_768):
        for fill in (b"\x00", b"\x7f", b"\x80", b"\xff"):
            yield tlv(tag, fill * size)
    for text in (b"%s%n" * 64, b"../" * 100, b"\0" * 64, b"A" * 60_000, b"';--", b"$(reboot)"):
        yield tlv(tag, text)
    for other in (0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x1F, 0x24, 0x30, 0x40, 0x46, 0xA0, 0xFF):
        yield bytes((other,)) + encoded[1:]
    yield b""
    yield encoded * 2
    yield tlv(0x30, encoded)


@pytest.mark.parametrize("name", PARTS)
def test_cve_2002_0012(name: str) -> None:
    """The PROTOS suite of malformed SNMPv1 traps crashed the decoders of more than 200 products:
    each of its kinds of fault, in each element."""
    outcomes = {reason(survived(trap_with(**{name: fault}))) for fault in faults(PARTS[name])}
    assert outcomes - {None}
    if name not in ("version", "community", "enterprise", "name"):
        assert None in outcomes  # much of it costs one value, not the trap


@pytest.mark.parametrize("community", [b"", b"\0"])
def test_cve_2014_2285(community: bytes) -> None:
    """snmptrapd with Perl handlers dereferenced the community of a trap that had an empty one."""
    for data in (
        trap_with(community=tlv(0x04, community)),
        message(notification(header()), community=community),
    ):
        answer = survived(data)
        assert answer.refusal is not None
        assert not answer.messages


@pytest.mark.parametrize("name", ["1.3.6.1.2.1.2.2.1.4.1", "1.3.6.1.2.1.2.2.1.2.1"])
@pytest.mark.parametrize("tag", [0x05, 0x80, 0x81, 0x82])
def test_ghsa_w26p_786m_5h86(name: str, tag: int) -> None:
    """snmptrapd converted a value by the type in its MIB (an ifMtu is a number) although the value
    on the wire was a NULL. Here the type on the wire counts."""
    trap = trap_of(survived(v2c(varbind(name, tlv(tag)))))
    assert trap.varbinds[0].value is None


@pytest.mark.parametrize("count", [1, 2, 40])
def test_cve_2015_5621(count: int) -> None:
    """net-snmp left the variables behind a broken one in the list with no type, and crashed when it
    came to free or print them: here none of them are taken, and no later datagram gets any."""
    good = [varbind(f"1.3.6.1.4.1.9.{n}", integer(n)) for n in range(count)]
    broken = tlv(0x30, oid("1.3.6.1"), b"\x04\x7fshort")
    answer = survived(v2c(*good, broken, *good))
    assert reason(answer) == "bad-length"
    assert answer.messages == ()
    after = trap_of(survived(v2c(varbind("1.3.6.1", integer(1)))))
    assert [one.oid for one in after.varbinds] == ["1.3.6.1"]
