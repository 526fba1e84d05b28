import pytest

from decode.snmp.wire import (
    LOCAL,
    NOW,
    PEER,
    datagram,
    integer,
    message,
    notification,
    reason,
    tlv,
    v1,
    v2c,
    varbind,
)
from trapgate.decode.snmp import CommunitySettings, SnmpDecoder, SnmpSettings
from trapgate.decode.snmp.limits import SnmpLimits
from trapgate.model import Outcome, Trap
from trapgate.ports import Decoder

IF_INDEX = varbind("1.3.6.1.2.1.2.2.1.1.3", integer(3))
DECODER: Decoder = SnmpDecoder(SnmpSettings())


@pytest.mark.parametrize("data", [v1(IF_INDEX), v2c(IF_INDEX)])
def test_a_trap_is_decoded_and_its_community_masked(data: bytes) -> None:
    decoded = DECODER.decode(datagram(data), NOW)
    assert reason(decoded) is None
    (trap,) = decoded.messages
    assert isinstance(trap, Trap)
    assert trap.credential == "default"
    assert decoded.raw == trap.raw == data.replace(b"public", b"******")
    assert decoded.replies == ()


def test_an_inform_is_answered_with_itself() -> None:
    data = v2c(IF_INDEX, tag=0xA6)
    (reply,) = DECODER.decode(datagram(data + b"junk"), NOW).replies
    assert reply.data == v2c(IF_INDEX, tag=0xA2)
    assert (reply.peer, reply.local, reply.listener) == (PEER, LOCAL, "traps")


def test_the_answer_to_an_inform_is_not_masked() -> None:
    forwarded = varbind("1.3.6.1.6.3.18.1.4.0", tlv(0x04, b"geheim"))
    decoded = DECODER.decode(datagram(v2c(forwarded, tag=0xA6)), NOW)
    assert b"geheim" in decoded.replies[0].data
    (trap,) = decoded.messages
    assert isinstance(trap, Trap)
    assert trap.varbinds[0].value == b"******"
    assert b"geheim" not in decoded.raw


@pytest.mark.parametrize(
    ("data", "address", "why"),
    [
        (v2c(IF_INDEX, community=b"private"), "10.0.0.7", "unknown-community"),
        (v2c(IF_INDEX, community=b""), "10.0.0.7", "unknown-community"),
        (v2c(IF_INDEX), "203.0.113.9", "source-not-allowed"),
        (message(b"\xa7\x7f", community=b"private"), "10.0.0.7", "unknown-community"),
        (v2c(IF_INDEX, community=b"private")[:-3], "10.0.0.7", "unknown-community"),
        (v2c(IF_INDEX, community=b"private", tag=0xA6), "10.0.0.7", "unknown-community"),
    ],
)
def test_who_is_not_let_in_is_refused_and_not_answered(data: bytes, address: str, why: str) -> None:
    decoded = DECODER.decode(datagram(data, address), NOW)
    assert decoded.refusal is not None
    assert (decoded.refusal.outcome, decoded.refusal.reason) == (Outcome.COMMUNITY_DENIED, why)
    assert (decoded.messages, decoded.problems, decoded.replies) == ((), (), ())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (v2c(IF_INDEX)[:-1], "truncated"),
        (message(tlv(0xA0, integer(1))), "unsupported-pdu"),
        (message(notification(), version=3), "unsupported-version"),
    ],
)
def test_what_cannot_be_decoded_is_masked_and_not_answered(data: bytes, why: str) -> None:
    decoded = DECODER.decode(datagram(data), NOW)
    assert reason(decoded) == why
    assert decoded.raw == data.replace(b"public", b"******")
    assert decoded.replies == ()


def test_the_limits_of_the_settings_hold() -> None:
    settings = SnmpSettings(
        communities=(CommunitySettings(name="core", community="geheim"),),
        limits=SnmpLimits(varbinds=3),
    )
    decoder = SnmpDecoder(settings)
    assert reason(decoder.decode(datagram(v2c(IF_INDEX, community=b"geheim")), NOW)) is None
    too_many = v2c(IF_INDEX, IF_INDEX, community=b"geheim")
    assert reason(decoder.decode(datagram(too_many), NOW)) == "too-many-varbinds"


def test_a_community_is_masked_where_nobody_can_tell_its_place() -> None:
    decoded = DECODER.decode(datagram(b"\x31\x80\x04\x06public\xa7\x00"), NOW)
    assert not decoded.messages
    assert b"public" not in decoded.raw
    assert len(decoded.raw) == 12
