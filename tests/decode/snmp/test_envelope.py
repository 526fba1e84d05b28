import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.snmp.corpus import ODD, PLAIN
from decode.snmp.wire import integer, message, notification, oid, tlv, v2c, varbind
from trapgate.decode.snmp.envelope import _any_envelope, _usual_envelope, open_envelope

MASKED_COMMUNITY_OID = "1.3.6.1.6.3.18.1.4.0"


def problem(data: bytes) -> str | None:
    found = open_envelope(data).problem
    return found.code if found else None


def test_a_message() -> None:
    data = v2c()
    envelope = open_envelope(data)
    assert (envelope.version, envelope.community, envelope.problem) == (1, b"public", None)
    assert data[envelope.pdu] == 0xA7
    assert envelope.end == len(data)
    assert envelope.data == data.replace(b"public", b"******")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<189>1: %SYS-5-CONFIG_I: Configured", "not-ber"),
        (b"\x31\x00", "not-ber"),
        (b"\x30", "truncated"),
        (b"\x30\x81", "truncated"),
        (b"\x30\x82\x01", "truncated"),
        (b"\x30\x84\xff\xff\xff\xff", "truncated"),
        (b"\x30\x80\x02\x01\x01\0\0", "indefinite-length"),
        (b"\x30\x89" + bytes(20), "bad-length"),
        (b"\x30\x00", "bad-length"),
        (tlv(0x30, oid("1.3")), "not-snmp"),
        (tlv(0x30, integer(1), integer(1)), "not-snmp"),
        (tlv(0x30, integer(1), b"\x04\x20pub"), "bad-length"),
        (message(notification(), version=2), "unsupported-version"),
        (message(notification(), version=300), "unsupported-version"),
        (tlv(0x30, integer(3), tlv(0x30, integer(1)), tlv(0x04), tlv(0x30)), "unsupported-version"),
    ],
)
def test_what_is_not_a_message(data: bytes, code: str) -> None:
    assert problem(data) == code


def test_truncated_at_every_byte_no_community_is_kept() -> None:
    data = v2c(varbind("1.3.6", integer(1)), community=b"s3cr3t")
    assert problem(data) is None
    for size in range(1, len(data)):
        envelope = open_envelope(data[:size])
        assert envelope.problem is not None
        assert envelope.problem.code == "truncated"
        assert len(envelope.data) == size
        assert b"s3" not in envelope.data


def test_the_community_of_an_unsupported_version_is_masked() -> None:
    data = message(notification(), version=2, community=b"s3cr3t")
    assert open_envelope(data).data == data.replace(b"s3cr3t", b"******")


@pytest.mark.parametrize(
    "value",
    [
        tlv(0x04, b"s3cr3t"),
        tlv(0x04, b"s3cr3t", length_bytes=2),
        tlv(0x04, b"s3cr3t" * 30),
    ],
)
def test_a_community_passed_on_by_a_proxy_is_masked(value: bytes) -> None:
    data = v2c(varbind(MASKED_COMMUNITY_OID, value) * 2, varbind("1.3.6", tlv(0x04, b"clear")))
    envelope = open_envelope(data)
    assert b"s3" not in envelope.data
    assert b"clear" in envelope.data
    assert len(envelope.data) == len(data)
    for size in range(len(data)):
        assert b"s3" not in open_envelope(data[:size]).data


@pytest.mark.parametrize("instance", ["", ".1", ".0.7", ".4294967295"])
def test_a_passed_on_community_is_masked_whatever_its_instance(instance: str) -> None:
    column = MASKED_COMMUNITY_OID.removesuffix(".0")
    data = v2c(varbind(column + instance, tlv(0x04, b"s3cr3t")))
    assert open_envelope(data).data.count(b"******") == 2  # the message's own, too
    assert b"s3cr3t" not in open_envelope(data).data


def test_the_name_as_a_value_masks_nothing() -> None:
    name = varbind(MASKED_COMMUNITY_OID, tlv(0x04, b""))[2:][:-2]
    data = v2c(varbind("1.3.6", name), varbind("1.3.7", tlv(0x04, b"clear")))
    assert b"clear" in open_envelope(data).data


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\x30\x20\x02\x01" + rest))
def test_any_bytes(data: bytes) -> None:
    envelope = open_envelope(data)
    assert len(envelope.data) == len(data)
    if envelope.problem is None:
        assert envelope.community is not None
        assert envelope.end <= len(data)


@given(
    st.sampled_from([*PLAIN.values(), *(data for data, _ in ODD.values())]),
    st.integers(0, 20),
    st.binary(max_size=3),
)
def test_the_short_way_is_the_long_way(whole: bytes, at: int, changed: bytes) -> None:
    for data in (whole[:at] + changed + whole[at + len(changed) :], whole[:at] + changed):
        usual = _usual_envelope(data, data)
        assert usual is None or usual == _any_envelope(data, data)


def test_the_usual_shape_goes_the_short_way() -> None:
    for size in (0, 40, 200, 1_000):
        data = v2c(varbind("1.3.6", tlv(0x04, bytes(size))))
        assert _usual_envelope(data, data) == _any_envelope(data, data)
