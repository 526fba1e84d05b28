import pytest

from decode.snmp.wire import (
    LINK_DOWN,
    SNMP_TRAP_OID,
    SYS_UPTIME,
    header,
    integer,
    message,
    notification,
    oid,
    tlv,
    v1,
    v1_pdu,
    v2c,
    varbind,
)
from trapgate.decode.snmp.envelope import open_envelope
from trapgate.decode.snmp.pdu import read_trap, translated
from trapgate.decode.snmp.problems import Unreadable
from trapgate.decode.snmp.varbinds import VarbindReader
from trapgate.model import Trap, Varbind

IF_INDEX = varbind("1.3.6.1.2.1.2.2.1.1.3", integer(3))
PAYLOAD = (Varbind("1.3.6.1.2.1.2.2.1.1.3", "integer", 3),)


def read(data: bytes) -> Trap:
    envelope = open_envelope(data)
    assert envelope.problem is None
    return read_trap(envelope, "default", VarbindReader())


def codes(trap: Trap) -> list[str]:
    return [problem.code for problem in trap.problems]


def test_a_v2c_trap() -> None:
    data = v2c(IF_INDEX)
    assert read(data) == Trap(
        version="2c",
        pdu_type="trap",
        request_id=7,
        credential="default",
        trap_oid=LINK_DOWN,
        uptime=4711,
        varbinds=PAYLOAD,
        raw=data.replace(b"public", b"******"),
    )


def test_an_inform() -> None:
    trap = read(v2c(IF_INDEX, tag=0xA6))
    assert (trap.pdu_type, trap.request_id, trap.varbinds) == ("inform", 7, PAYLOAD)


def test_a_v1_trap() -> None:
    data = v1(IF_INDEX)
    assert read(data) == Trap(
        version="1",
        pdu_type="trap",
        request_id=None,
        credential="default",
        trap_oid="1.3.6.1.4.1.9.1.1.0.42",
        uptime=4711,
        varbinds=PAYLOAD,
        raw=data.replace(b"public", b"******"),
        enterprise="1.3.6.1.4.1.9.1.1",
        agent_address="192.0.2.1",
        generic_trap=6,
        specific_trap=42,
    )


@pytest.mark.parametrize(
    ("generic", "specific", "trap_oid"),
    [
        (0, 0, "1.3.6.1.6.3.1.1.5.1"),
        (2, 9, "1.3.6.1.6.3.1.1.5.3"),
        (5, 0, "1.3.6.1.6.3.1.1.5.6"),
        (6, 0, "1.3.6.1.4.1.9.0.0"),
        (6, 7, "1.3.6.1.4.1.9.0.7"),
        (7, 7, "1.3.6.1.4.1.9.0.7"),
        (-1, 7, "1.3.6.1.4.1.9.0.7"),
        (6, -1, "1.3.6.1.4.1.9.0.4294967295"),
    ],
)
def test_translation_of_v1(generic: int, specific: int, trap_oid: str) -> None:
    assert translated("1.3.6.1.4.1.9", generic, specific) == trap_oid
    pdu = v1_pdu(enterprise=oid("1.3.6.1.4.1.9"), generic=generic, specific=specific)
    trap = read(message(pdu, version=0))
    assert (trap.trap_oid, trap.generic_trap, trap.specific_trap) == (trap_oid, generic, specific)
    assert ("bad-generic-trap" in codes(trap)) == (not 0 <= generic <= 6)
    assert ("bad-specific-trap" in codes(trap)) == (specific < 0)


UPTIME = varbind(SYS_UPTIME, integer(4711, 0x43))
TRAP_OID = varbind(SNMP_TRAP_OID, oid(LINK_DOWN))


@pytest.mark.parametrize(
    ("varbinds", "code"),
    [
        (TRAP_OID + UPTIME + IF_INDEX, "misplaced-header"),
        (IF_INDEX + UPTIME + TRAP_OID, "misplaced-header"),
        (UPTIME + IF_INDEX + TRAP_OID, "misplaced-header"),
        (UPTIME + varbind(SNMP_TRAP_OID[:-2], oid(LINK_DOWN)) + IF_INDEX, "misplaced-header"),
        (varbind(SYS_UPTIME[:-2], integer(4711)) + TRAP_OID + IF_INDEX, "misplaced-header"),
    ],
)
def test_a_header_out_of_place(varbinds: bytes, code: str) -> None:
    trap = read(message(notification(varbinds)))
    assert (trap.trap_oid, trap.uptime, trap.varbinds) == (LINK_DOWN, 4711, PAYLOAD)
    assert codes(trap) == [code]


def test_a_header_that_is_repeated_is_kept_once_more() -> None:
    for repeated in (TRAP_OID, varbind(SYS_UPTIME, integer(4711))):
        trap = read(message(notification(IF_INDEX, repeated, repeated)))
        assert [v.oid for v in trap.varbinds[1:]] in ([SNMP_TRAP_OID], [SYS_UPTIME])


def test_a_header_that_is_missing() -> None:
    trap = read(message(notification(TRAP_OID, IF_INDEX)))
    assert (trap.trap_oid, trap.uptime, trap.varbinds) == (LINK_DOWN, None, PAYLOAD)
    assert codes(trap) == ["no-uptime"]
    trap = read(message(notification(UPTIME, IF_INDEX)))
    assert (trap.trap_oid, trap.uptime, trap.varbinds) == ("0.0", 4711, PAYLOAD)
    assert codes(trap) == ["no-trap-oid"]
    trap = read(message(notification()))
    assert (trap.trap_oid, trap.uptime, trap.varbinds) == ("0.0", None, ())
    assert codes(trap) == ["no-uptime", "no-trap-oid"]


def test_a_trap_oid_of_another_type_is_no_trap_oid() -> None:
    trap = read(message(notification(UPTIME, varbind(SNMP_TRAP_OID, tlv(0x04, b"x")))))
    assert codes(trap) == ["no-trap-oid"]
    assert [v.oid for v in trap.varbinds] == [SNMP_TRAP_OID]
    trap = read(message(notification(UPTIME, varbind(SNMP_TRAP_OID, tlv(0x40, bytes(4))))))
    assert (codes(trap), trap.trap_oid) == (["no-trap-oid"], "0.0")


ODD = [
    (message(v1_pdu(IF_INDEX), version=1), "pdu-of-other-version"),
    (message(notification(header(), IF_INDEX), version=0), "pdu-of-other-version"),
    (message(v1_pdu(IF_INDEX, agent=tlv(0x40)), version=0), "bad-address"),
    (message(v1_pdu(IF_INDEX, agent=tlv(0x40, bytes(15) + b"\1")), version=0), "bad-address"),
    (message(v1_pdu(IF_INDEX, enterprise=tlv(0x06)), version=0), "empty-oid"),
    (message(v1_pdu(IF_INDEX, uptime=tlv(0x43, b"\xff\xff")), version=0), "negative-unsigned"),
    (message(notification(header(), IF_INDEX, request_id=tlv(0x02))), "empty-integer"),
    (v2c(IF_INDEX) + b"\0", "trailing-bytes"),
    (tlv(0x30, integer(1), tlv(0x04, b"public"), notification(header(), IF_INDEX), b"\5\0"), None),
    (v2c(IF_INDEX, IF_INDEX), "repeated-varbind"),
    (v1(varbind("1.3.6.1", integer(1, 0x46))), "counter64-in-v1"),
]


@pytest.mark.parametrize(("data", "code"), ODD)
def test_oddities_are_told_and_read(data: bytes, code: str | None) -> None:
    trap = read(data)
    assert codes(trap) == [code or "trailing-bytes"]
    assert trap.varbinds
    assert all(problem.severity == "warning" for problem in trap.problems)


def test_agent_addresses() -> None:
    def address(agent: bytes) -> str | None:
        return read(message(v1_pdu(agent=agent), version=0)).agent_address

    assert address(tlv(0x40, b"\0\0\0\0")) == "0.0.0.0"
    assert address(tlv(0x04, b"\x0a\0\0\1")) == "10.0.0.1"
    assert address(tlv(0x40)) is None
    assert address(tlv(0x40, bytes(15) + b"\1")) == "::1"


def test_nonzero_errors_are_passed_over() -> None:
    pdu = notification(header(), IF_INDEX, errors=integer(500) + integer(-2))
    assert read(message(pdu)).varbinds == PAYLOAD


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        *(
            (tlv(tag, integer(1)), "unsupported-pdu")
            for tag in (0xA0, 0xA2, 0xA3, 0xA5, 0xA8, 0x30)
        ),
        (b"", "bad-length"),
        (tlv(0xA7), "bad-length"),
        (tlv(0xA7, oid("1.3")), "bad-pdu"),
        (tlv(0xA7, integer(1), integer(0), integer(0)), "bad-length"),
        (tlv(0xA7, integer(1), integer(0), integer(0), tlv(0x04)), "bad-pdu"),
        (notification(header(), request_id=integer(2**78)), "bad-pdu"),
        (tlv(0xA4, integer(1)), "bad-pdu"),
        (tlv(0xA4, oid("1.3"), integer(1)), "bad-pdu"),
        (v1_pdu(uptime=tlv(0x04, b"\1")), "bad-pdu"),
        (v1_pdu(enterprise=tlv(0x06, b"\x86")), "bad-oid"),
        (notification(*[IF_INDEX] * 257), "too-many-varbinds"),
    ],
)
def test_what_cannot_be_read(pdu: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read(message(pdu))
    assert raised.value.problem.code == code
