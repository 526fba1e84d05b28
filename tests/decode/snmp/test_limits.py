"""Each limit by what is just within it and what is just over it."""

import pytest

from decode.snmp.wire import (
    NOW,
    datagram,
    header,
    integer,
    message,
    notification,
    oid,
    reason,
    tlv,
    v1,
    v1_pdu,
    v2c,
    varbind,
)
from trapgate.config import load
from trapgate.decode.snmp import SnmpDecoder, SnmpSettings
from trapgate.decode.snmp.limits import SnmpLimits, check_limits
from trapgate.model import Decoded, Trap, Varbind

NAME = "1.3.6.1.4.1.9.1"
LONG_NAME = NAME + ".1" * 33


def decoded(data: bytes, limits: SnmpLimits) -> Decoded:
    decoder = SnmpDecoder(SnmpSettings(limits=limits))
    return decoder.decode(datagram(data), NOW)


def text(size: int) -> bytes:
    return varbind(NAME, tlv(0x04, b"x" * size))


CASES = [
    (SnmpLimits(datagram_bytes=500), v2c(text(410)), v2c(text(411)), "datagram-too-large"),
    (SnmpLimits(varbinds=3), v2c(text(1)), v2c(text(1), text(1)), "too-many-varbinds"),
    (SnmpLimits(varbinds=2), v1(text(1), text(1)), v1(*[text(1)] * 3), "too-many-varbinds"),
    (
        SnmpLimits(oid_parts=40),
        v2c(varbind(LONG_NAME[:-2], integer(1))),
        v2c(varbind(LONG_NAME, integer(1))),
        "oid-too-long",
    ),
    (
        SnmpLimits(oid_parts=40),
        message(v1_pdu(enterprise=oid(LONG_NAME[:-2])), version=0),
        message(v1_pdu(enterprise=oid(LONG_NAME)), version=0),
        "oid-too-long",
    ),
    (SnmpLimits(value_bytes=300), v2c(text(300)), v2c(text(301)), "value-too-long"),
    (SnmpLimits(value_bytes=300), v1(text(300)), v1(text(301)), "value-too-long"),
    (
        SnmpLimits(value_bytes=300),
        v2c(varbind(NAME, tlv(0x3F, bytes(200)))),
        v2c(varbind(NAME, tlv(0x3F, bytes(400)))),
        "value-too-long",
    ),
]


@pytest.mark.parametrize(("limits", "within", "over", "code"), CASES)
def test_a_limit_and_one_more(limits: SnmpLimits, within: bytes, over: bytes, code: str) -> None:
    assert reason(decoded(within, limits)) is None
    refused = decoded(over, limits)
    assert reason(refused) == code
    assert refused.raw == over.replace(b"public", b"******")
    assert reason(decoded(over, SnmpLimits())) is None


def test_the_size_is_that_of_the_datagram_whatever_the_message_says() -> None:
    limits = SnmpLimits(datagram_bytes=500)
    assert reason(decoded(v2c() + bytes(500), limits)) == "datagram-too-large"


def test_an_inform_over_a_limit_is_not_answered() -> None:
    answer = decoded(v2c(text(1), text(1), tag=0xA6), SnmpLimits(varbinds=3))
    assert reason(answer) == "too-many-varbinds"
    assert answer.replies == ()


def test_who_is_not_let_in_is_not_told_of_limits() -> None:
    answer = decoded(v2c(text(600), community=b"other"), SnmpLimits(datagram_bytes=500))
    assert answer.refusal is not None


def test_a_value_that_is_a_long_oid_is_kept_as_bytes() -> None:
    long = oid(LONG_NAME)
    (trap,) = decoded(v2c(varbind(NAME, long)), SnmpLimits(oid_parts=40)).messages
    assert isinstance(trap, Trap)
    assert trap.varbinds == (Varbind(NAME, "unknown", long),)
    assert [problem.code for problem in trap.problems] == ["unreadable-value"]


def nested(depth: int) -> bytes:
    """This many sequences in one another. Built as one string: each length is of what is inside."""
    heads = [b""]
    size = 0
    for _ in range(depth):
        heads.append(tlv(0x30, length_bytes=3)[:2] + size.to_bytes(3, "big"))
        size += len(heads[-1])
    return b"".join(reversed(heads))


@pytest.mark.parametrize("depth", [10, 1_000, 10_000])
def test_depth_needs_no_limit(depth: int) -> None:
    deep = nested(depth)
    (trap,) = decoded(v2c(varbind(NAME, deep)), SnmpLimits()).messages
    assert isinstance(trap, Trap)
    assert trap.varbinds == (Varbind(NAME, "unknown", deep),)
    assert reason(decoded(deep, SnmpLimits())) == "not-snmp"
    assert reason(decoded(message(deep), SnmpLimits())) == "unsupported-pdu"
    in_list = message(notification(header(), deep))
    assert reason(decoded(in_list, SnmpLimits())) == "bad-pdu"
    as_name = message(notification(header(), tlv(0x30, deep, integer(1))))
    assert reason(decoded(as_name, SnmpLimits())) == "bad-pdu"


def test_the_defaults_take_whatever_udp_brings() -> None:
    assert check_limits(SnmpLimits()) == []
    largest = v2c(text(65_507 - 90))
    assert len(largest) == 65_507
    assert reason(decoded(largest, SnmpLimits())) is None


def test_every_limit_has_a_range() -> None:
    text = "datagram_bytes: 483\nvarbinds: 4097\noid_parts: 31\nvalue_bytes: 65536\n"
    limits = load(text, "trapgate.yml", SnmpLimits).value
    assert limits is not None
    assert [(p.span.line, p.summary) for p in check_limits(limits) if p.span] == [
        (1, '"datagram_bytes" must be 484 to 65535'),
        (2, '"varbinds" must be 1 to 4096'),
        (3, '"oid_parts" must be 32 to 1024'),
        (4, '"value_bytes" must be 255 to 65535'),
    ]
    assert len(check_limits(limits)) == len(SnmpLimits.__struct_fields__) - 1  # but `where`
