import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.snmp.wire import oid_content, tlv
from trapgate.decode.snmp import ber
from trapgate.decode.snmp.ber import Oids, element, header, integer, oid_text, unsigned
from trapgate.decode.snmp.problems import Unreadable
from trapgate.model import Problem

OIDS = [
    ("0.0", "00"),
    ("1.3", "2b"),
    ("1.3.6.1.4.1.2021", "2b060104018f65"),
    ("2.100.3", "813403"),
    ("1.3.6.1.4294967295", "2b06018fffffff7f"),
    ("1.39.0", "4f00"),
    ("2.5.4.3", "550403"),
]


@pytest.mark.parametrize(("text", "content"), OIDS)
def test_oids_both_ways(text: str, content: str) -> None:
    assert oid_text(bytes.fromhex(content)) == text
    assert oid_content(text).hex() == content


@given(
    st.integers(0, 2).flatmap(
        lambda first: st.tuples(
            st.just(first),
            st.integers(0, 39 if first < 2 else 2**32 - 1 - 80),
            st.lists(st.integers(0, 2**32 - 1), max_size=126),
        )
    )
)
def test_oids_round_trip(parts: tuple[int, int, list[int]]) -> None:
    text = ".".join(map(str, (parts[0], parts[1], *parts[2])))
    assert oid_text(oid_content(text)) == text


@pytest.mark.parametrize(
    "content",
    [
        b"\x2b\x86",  # the last part is cut
        b"\x80",
        oid_content("1.3.4294967296"),  # 33 bits
        b"\x2b" + b"\xff" * 630 + b"\x01",  # one huge part
    ],
)
def test_bad_oids(content: bytes) -> None:
    with pytest.raises(Unreadable, match="bad-oid"):
        oid_text(content)


def test_an_oid_of_128_parts_is_taken() -> None:
    text = "1.3" + ".1" * 126
    assert oid_text(oid_content(text)) == text
    text = "1.3" + ".4294967295" * 126
    assert oid_text(oid_content(text)) == text


@pytest.mark.parametrize(
    "content", [oid_content("1.3" + ".1" * 127), b"\x2b" + b"\xff" * 700 + b"\x01"]
)
def test_a_longer_oid_is_not(content: bytes) -> None:
    with pytest.raises(Unreadable, match="oid-too-long"):
        oid_text(content)


def test_padded_parts_are_taken() -> None:
    assert oid_text(b"\x2b\x80\x06") == "1.3.6"


def test_the_number_of_parts_can_be_set() -> None:
    text = "1.3" + ".4294967295" * 38
    assert Oids(40)[oid_content(text)] == text
    with pytest.raises(Unreadable, match="oid-too-long"):
        Oids(39)[oid_content(text)]


def test_the_oid_cache_is_bounded() -> None:
    oids = Oids()
    for number in range(ber.OIDS_CACHED_MAX + 10):
        oids[oid_content(f"1.3.{number}")]
    assert len(oids) == 10
    long = oid_content("1.3" + ".1" * ber.OID_CACHED_BYTES_MAX)
    assert oids[long] == oid_text(long)
    assert long not in oids


@pytest.mark.parametrize("length_bytes", [0, 1, 2, 3, 4, 5, 9, 126])
@pytest.mark.parametrize("size", [0, 1, 127, 128, 255])
def test_lengths_in_every_form(size: int, length_bytes: int) -> None:
    data = tlv(0x04, bytes(size), length_bytes=length_bytes)
    assert element(data, 0, len(data)) == (0x04, len(data) - size, len(data))


@pytest.mark.parametrize(
    "data",
    [
        "",
        "30",
        "3081",
        "308201",
        "30ff",
        "308801000000000000000000",
        "3002ff",
        "3084ffffffff00",
    ],
)
def test_bad_lengths(data: str) -> None:
    raw = bytes.fromhex(data)
    with pytest.raises(Unreadable, match="bad-length"):
        element(raw, 0, len(raw))


def test_the_indefinite_length() -> None:
    with pytest.raises(Unreadable, match="indefinite-length"):
        element(bytes.fromhex("30800401ff0000"), 0, 7)


def test_nothing_is_read_behind_the_end() -> None:
    data = bytes.fromhex("0401ff0401ff")
    with pytest.raises(Unreadable, match="bad-length"):
        element(data, 0, 2)
    with pytest.raises(Unreadable, match="bad-length"):
        header(data, 2, 3)


@given(st.binary(max_size=12), st.integers(0, 14), st.integers(0, 14))
def test_elements_stay_inside(data: bytes, pos: int, end: int) -> None:
    end = min(end, len(data))
    try:
        _, start, stop = element(data, pos, end)
    except Unreadable:
        return
    assert pos + 2 <= start <= stop <= end


@given(st.integers(-(2**71) + 1, 2**71 - 1))
def test_integers_round_trip(value: int) -> None:
    found: list[Problem] = []
    assert integer(value.to_bytes(9, "big", signed=True), found) == value
    assert not found


def test_an_integer_of_73_bits_is_refused() -> None:
    for value in (2**71, -(2**71) - 1):
        with pytest.raises(Unreadable):
            integer(value.to_bytes(10, "big", signed=True), [])


@pytest.mark.parametrize("value", [0, -1, 2**71 - 1, -(2**71) + 1])
def test_padding_does_not_count(value: int) -> None:
    assert integer(value.to_bytes(300, "big", signed=True), []) == value


@pytest.mark.parametrize(
    ("content", "value", "codes"),
    [
        ("7fffffff", 2**31 - 1, []),
        ("00ffffffff", 2**32 - 1, []),
        ("ffffffff", 2**32 - 1, ["negative-unsigned"]),
        ("ff", 2**32 - 1, ["negative-unsigned"]),
        ("80000000", 2**31, ["negative-unsigned"]),
        ("0100000001", 1, ["wide-integer"]),
        ("", 0, ["empty-integer"]),
    ],
)
def test_unsigned_of_32_bits(content: str, value: int, codes: list[str]) -> None:
    found: list[Problem] = []
    assert unsigned(bytes.fromhex(content), 32, found) == value
    assert [problem.code for problem in found] == codes
