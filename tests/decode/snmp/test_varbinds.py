import pytest

from decode.snmp.wire import integer, oid, tlv, varbind
from trapgate.decode.snmp import varbinds
from trapgate.decode.snmp.limits import VARBINDS_MAX
from trapgate.decode.snmp.problems import Unreadable
from trapgate.decode.snmp.varbinds import VarbindReader
from trapgate.model import Problem, Varbind

NAME = "1.3.6.1.4.1.9.1"


def read(data: bytes) -> tuple[list[Varbind], list[str]]:
    found: list[Problem] = []
    result = VarbindReader().read(data, 0, len(data), found)
    return result, [problem.code for problem in found]


VALUES: list[tuple[bytes, Varbind, list[str]]] = [
    (integer(-5), Varbind(NAME, "integer", -5), []),
    (integer(300), Varbind(NAME, "integer", 300), []),
    (tlv(0x04, b"Gi0/1"), Varbind(NAME, "octets", b"Gi0/1"), []),
    (tlv(0x04), Varbind(NAME, "octets", b""), []),
    (tlv(0x04, bytes(200)), Varbind(NAME, "octets", bytes(200)), []),
    (tlv(0x05), Varbind(NAME, "null", None), []),
    (oid("1.3.6.1"), Varbind(NAME, "oid", "1.3.6.1"), []),
    (tlv(0x40, b"\x0a\x00\x00\xff"), Varbind(NAME, "ip", "10.0.0.255"), []),
    (integer(2**32 - 1, 0x41), Varbind(NAME, "counter32", 2**32 - 1), []),
    (integer(0, 0x42), Varbind(NAME, "gauge32", 0), []),
    (integer(99, 0x43), Varbind(NAME, "timeticks", 99), []),
    (tlv(0x44, b"\x9f"), Varbind(NAME, "opaque", b"\x9f"), []),
    (integer(2**64 - 1, 0x46), Varbind(NAME, "counter64", 2**64 - 1), []),
    (tlv(0x80), Varbind(NAME, "no-such-object", None), []),
    (tlv(0x81), Varbind(NAME, "no-such-instance", None), []),
    (tlv(0x82), Varbind(NAME, "end-of-mib-view", None), []),
]

ODD_VALUES: list[tuple[bytes, Varbind, list[str]]] = [
    (tlv(0x43, b"\xff\xff\xff\xfe"), Varbind(NAME, "timeticks", 2**32 - 2), ["negative-unsigned"]),
    (tlv(0x41, b"\x80\0\0\0"), Varbind(NAME, "counter32", 2**31), ["negative-unsigned"]),
    (tlv(0x42, b"\x01\0\0\0\x07"), Varbind(NAME, "gauge32", 7), ["wide-integer"]),
    (tlv(0x46, b"\xff" * 8), Varbind(NAME, "counter64", 2**64 - 1), ["negative-unsigned"]),
    (integer(2**39), Varbind(NAME, "integer", 2**39), ["wide-integer"]),
    (tlv(0x02), Varbind(NAME, "integer", 0), ["empty-integer"]),
    (integer(2**78), Varbind(NAME, "unknown", integer(2**78)), ["unreadable-value"]),
    (tlv(0x40), Varbind(NAME, "ip", b""), ["bad-address"]),
    (tlv(0x40, bytes(16)), Varbind(NAME, "ip", bytes(16)), ["bad-address"]),
    (integer(5, 0x47), Varbind(NAME, "uinteger32", 5), ["obsolete-type"]),
    (tlv(0x45, b"\x47"), Varbind(NAME, "nsap", b"\x47"), ["obsolete-type"]),
    (tlv(0x06), Varbind(NAME, "oid", "0.0"), ["empty-oid"]),
    (tlv(0x06, b"\x86"), Varbind(NAME, "unknown", b"\x06\x01\x86"), ["unreadable-value"]),
    (tlv(0x24, b"\x04\0"), Varbind(NAME, "unknown", b"\x24\x02\x04\0"), ["unknown-type"]),
    (b"\x9f\x78\x04abc", Varbind(NAME, "unknown", b"\x9f\x78\x04abc"), ["unknown-type"]),
    (integer(1) + b"junk", Varbind(NAME, "integer", 1), ["trailing-bytes"]),
]


@pytest.mark.parametrize(("value", "expected", "codes"), VALUES + ODD_VALUES)
def test_values(value: bytes, expected: Varbind, codes: list[str]) -> None:
    # Twice and among others: what is remembered must not hide an oddity or shift what follows.
    after = varbind("1.3.6.2", integer(1))
    encoded = varbind(NAME, value)
    found: list[Problem] = []
    reader = VarbindReader()
    expected_all = [expected, Varbind("1.3.6.2", "integer", 1)] * 2
    for _ in range(2):
        found.clear()
        data = (encoded + after) * 2
        assert reader.read(data, 0, len(data), found) == expected_all
        assert [problem.code for problem in found] == codes


@pytest.mark.parametrize("length_bytes", [1, 2, 3, 4])
def test_long_form_lengths_at_every_level(length_bytes: int) -> None:
    name = tlv(0x06, b"\x2b\x06", length_bytes=length_bytes)
    value = tlv(0x04, b"x" * 90, length_bytes=length_bytes)
    data = tlv(0x30, name, value, length_bytes=length_bytes)
    assert read(data * 2) == ([Varbind("1.3.6", "octets", b"x" * 90)] * 2, [])


def test_an_empty_name_is_zero() -> None:
    data = tlv(0x30, tlv(0x06), integer(1))
    assert read(data) == ([Varbind("0.0", "integer", 1)], ["empty-oid"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (tlv(0x31, oid(NAME), integer(1)), "bad-pdu"),
        (tlv(0x30, integer(1), integer(1)), "bad-pdu"),
        (tlv(0x30, tlv(0x06, b"\x86"), integer(1)), "bad-oid"),
        (tlv(0x30, oid(NAME)), "bad-length"),
        (tlv(0x30, oid(NAME)) + varbind(NAME, integer(1)), "bad-length"),
        (b"\x30", "bad-length"),
        (b"\x30\x00", "bad-length"),
        (tlv(0x30, oid(NAME), b"\x04\x05abc") + bytes(8), "bad-length"),
        (tlv(0x30, b"\x06\x50\x2b", integer(1)), "bad-length"),
        (tlv(0x30, oid(NAME), b"\x04\x80abc\0\0"), "indefinite-length"),
        (b"\x30\x80" + varbind(NAME, integer(1)) + b"\0\0", "indefinite-length"),
    ],
)
def test_what_cannot_be_read(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read(data)
    assert raised.value.problem.code == code


def test_a_remembered_variable_is_not_read_behind_the_end() -> None:
    reader = VarbindReader()
    data = varbind(NAME, integer(1))
    reader.read(data, 0, len(data), [])
    with pytest.raises(Unreadable, match="bad-length"):
        reader.read(data, 0, len(data) - 1, [])


def test_the_number_of_variables_is_bounded() -> None:
    one = varbind(NAME, integer(1))
    assert len(read(one * VARBINDS_MAX)[0]) == VARBINDS_MAX
    with pytest.raises(Unreadable, match="too-many-varbinds"):
        read(one * (VARBINDS_MAX + 1))


def test_the_cache_of_repeated_variables_is_bounded() -> None:
    reader = VarbindReader()
    for number in range(varbinds.REPEATED_MAX + 10):
        data = varbind(NAME, integer(number))
        (read_back,) = reader.read(data, 0, len(data), [])
        assert read_back.value == number
    assert len(reader._repeated) == 10
