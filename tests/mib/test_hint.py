import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.mib.hint import NUMBER_BYTES_MAX, integer_by_hint, is_text, octets_by_hint


@pytest.mark.parametrize(
    ("value", "hint", "text"),
    [
        (bytes.fromhex("001b2101ff00"), "1x:", "00:1b:21:01:ff:00"),
        (b"\x01\x02\x03", "2x-", "0102-03"),
        (b"\x01\x02", "x", "0102"),
        (b"\x07\xe8\x01", "2d-1d", "2024-1"),
        (bytes((192, 0, 2, 1)), "1d.1d.1d.1d", "192.0.2.1"),
        (bytes((192, 0, 2, 1, 0, 80)), "1d.1d.1d.1d/2d", "192.0.2.1/80"),
        (bytes((192, 0, 2, 1, 0, 0, 0, 7)), "1d.1d.1d.1d%4d", "192.0.2.1%7"),
        (b"\x08\x40", "1o:", "10:100"),
        # RFC 2579 §3.1: the last part goes on to the end
        (b"\x01\x02\x03\x04", "1d.1x", "1.020304"),
        # a byte says how often; the terminator stands behind the last time only
        (b"\x02\x01\x02\x09", "*1d./1d", "1.2/9"),
        (b"\x00\x09", "*1d./1d", "9"),
        (b"\x05\x01\x02", "*1d.", "1.2"),
        (b"\x02ab\x03cde", "*1a,|", "a,b|c,d,e"),
        (b"\x01\x02", "*1d", "2"),
        # nothing behind what comes last
        (b"\x01", "1d.1d", "1"),
        (b"ab", "0aX1a", "Xab"),
        (b"a", "0a", ""),
        ("grün".encode(), "1a-1t", r"g-r\xc3\xbcn"),  # one byte at a time, as the hint says
        (b"\x01" * 80, "80d", "01" * 80),  # a number that nobody reads
        (b"\x01", "", None),
        (b"\x01", "hello", None),
        (b"\x01", "1d..1d", None),
        (b"\x01", "999999d", None),
    ],
)
def test_octets(value: bytes, hint: str, text: str | None) -> None:
    assert octets_by_hint(value, hint) == text


@pytest.mark.parametrize(
    ("hint", "expected"),
    [("255a", True), ("255t", True), ("1a", True), ("1a:", False), ("*1a", False), ("1x:", False)],
)
def test_text(hint: str, expected: bool) -> None:
    assert is_text(hint) is expected


@pytest.mark.parametrize(
    ("value", "hint", "text"),
    [
        (1234, "d-2", "12.34"),
        (-1234, "d-2", "-12.34"),
        (5, "d-2", "0.05"),
        (-5, "d-1", "-0.5"),
        (0, "d-3", "0.000"),
        (7, "d", "7"),
        (7, "d-0", "7"),
        (255, "x", "ff"),
        (-255, "x", "-ff"),
        (8, "o", "10"),
        (5, "b", "101"),
        (5, "d-99", "0." + "0" * 29 + "5"),
        (5, "1d", None),
        (5, "", None),
    ],
)
def test_integers(value: int, hint: str, text: str | None) -> None:
    assert integer_by_hint(value, hint) == text


PARTS = st.from_regex(r"\A(\*?\d{0,3}[xdoat][:./-]?){1,5}\Z")


@given(st.binary(max_size=1_024), PARTS | st.text(max_size=12))
def test_any_value_by_any_hint(value: bytes, hint: str) -> None:
    text = octets_by_hint(value, hint)
    assert text is None or len(text) <= 16 * (len(value) + 1) * (NUMBER_BYTES_MAX // 16)


@given(st.integers(-(2**70), 2**70), st.from_regex(r"\Ad(-\d{1,2})?\Z"))
def test_a_point_changes_no_digit(value: int, hint: str) -> None:
    text = integer_by_hint(value, hint)
    assert text is not None
    assert int(text.replace(".", "")) == value
