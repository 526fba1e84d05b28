import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.mib.facts import Object
from trapgate.mib.rendering import OCTETS_SHOWN_MAX, octets_text, render, visible

STATUS = Object("ifOperStatus", "1.3.1", "integer", labels={1: "up", 2: "down"})
MAC = Object("ifPhysAddress", "1.3.2", "octets", hint="1x:")
TEXT = Object("ifDescr", "1.3.3", "octets", hint="255a")


@pytest.mark.parametrize(
    ("kind", "value", "known", "text"),
    [
        ("integer", 2, STATUS, "down"),
        ("integer", 9, STATUS, "9"),
        ("integer", -3, None, "-3"),
        ("counter64", 2**64 - 1, None, "18446744073709551615"),
        ("oid", "1.3.6.1", STATUS, "1.3.6.1"),
        ("ip", "192.0.2.1", None, "192.0.2.1"),
        ("ip", bytes(15) + b"\1", None, "::1"),
        ("ip", b"", None, ""),
        ("ip", b"\1\2", None, "0x0102"),
        ("null", None, None, "null"),
        ("no-such-object", None, STATUS, "no-such-object"),
        ("octets", b"Gi0/1", STATUS, "Gi0/1"),
        ("octets", bytes.fromhex("001b2101ff00"), MAC, "00:1b:21:01:ff:00"),
        ("octets", b"", MAC, ""),
        ("opaque", b"\x9f\x78\x04" + struct.pack(">f", 21.5), None, "21.5"),
        ("opaque", b"\x9f\x79\x08" + struct.pack(">d", 0.1), None, "0.1"),
        ("opaque", b"\x9f\x78\x04\x00", None, "0x9f780400"),
        ("nsap", b"\x47\x00", None, "0x4700"),
        ("unknown", b"\x24\x00", None, "0x2400"),
    ],
)
def test_values(
    kind: str, value: int | bytes | str | None, known: Object | None, text: str
) -> None:
    assert render(kind, value, known) == text


@pytest.mark.parametrize(
    ("value", "hint", "text"),
    [
        (b"", None, ""),
        (b"plain text", None, "plain text"),
        ("日本".encode(), None, "日本"),
        (b"two\r\nlines\t", None, r"two\r\nlines\t"),
        (b"Gi0/1\0", None, "Gi0/1"),
        (b"\0\0", None, "0x0000"),
        (b"\x06\x04", None, "0x0604"),
        (b"\xff\xfe", None, "0xfffe"),
        (b"a\x1b[31mred", None, "0x611b5b33316d726564"),
        (b"a\x1b[31mred", "255a", r"a\x1b[31mred"),
        ("B\u202eüro".encode(), "255t", r"B\u202eüro"),
        (b"B\xfcro", "255a", r"B\xfcro"),
        (b"Gi0/1\0\0", "255a", "Gi0/1"),
        (b"\0", "255a", ""),
        (b"\x01\x02\x03", "1x:", "01:02:03"),
        (b"\x01\x02\x03", "2x-", "0102-03"),
        (b"\x01\x02", "1x", "0102"),
        (b"\x07\xe8", "2d-1d", "0x07e8"),  # a form that is not rendered yet
    ],
)
def test_octets(value: bytes, hint: str | None, text: str) -> None:
    assert octets_text(value, hint) == text


def test_long_values_are_cut() -> None:
    assert octets_text(b"x" * 65_000) == "x" * OCTETS_SHOWN_MAX + "…"
    assert octets_text(b"\xff" * 65_000) == "0x" + "ff" * OCTETS_SHOWN_MAX + "…"
    assert octets_text(b"x" * OCTETS_SHOWN_MAX) == "x" * OCTETS_SHOWN_MAX
    for shift in range(4):
        text = octets_text(b"x" * shift + "日".encode() * 1_000)
        assert text.startswith("x" * shift + "日")
        assert text.endswith("日…")


HINTS = st.none() | st.sampled_from(["255a", "1x:", "1d.1d", "x", "0x", ""]) | st.text(max_size=5)


@given(st.binary(max_size=1_100), HINTS)
def test_any_octets_are_one_visible_line(value: bytes, hint: str | None) -> None:
    assert octets_text(value, hint).isprintable()


@given(st.text())
def test_everything_is_visible(text: str) -> None:
    assert visible(text).isprintable()
