import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.mib.facts import Object
from trapgate.mib.rendering import octets_text, render
from trapgate.mib.visible import OCTETS_SHOWN_MAX, visible

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


CAPABILITIES = Object("caps", "1.3.4", "bits", labels={2: "bridge", 4: "router"})
PERCENT = Object("load", "1.3.5", "integer", hint="d-2")
ADDRESS = Object("peer", "1.3.6", "octets", type="InetAddress")
DATE = Object("when", "1.3.7", "octets", hint="2d-1d-1d,1d:1d:1d.1d,1a1d:1d", type="DateAndTime")
MTU = Object("ifMtu", "1.3.6.1.2.1.2.2.1.4", "integer")
FLAGS = Object("flags", "1.3.9", "integer", hint="x")
LOST = Object("lost", "1.3.8", "unknown")


@pytest.mark.parametrize(
    ("kind", "value", "known", "text"),
    [
        ("octets", b"\x28", CAPABILITIES, "bridge,router"),
        ("octets", b"\x08\x81", CAPABILITIES, "router,8,15"),
        ("octets", b"", CAPABILITIES, ""),
        ("octets", b"\x00", CAPABILITIES, ""),
        ("integer", 9_950, PERCENT, "99.50"),
        ("gauge32", 2, STATUS, "down"),
        ("octets", bytes((192, 0, 2, 1)), ADDRESS, "192.0.2.1"),
        ("octets", b"router.example", ADDRESS, "router.example"),
        ("octets", bytes.fromhex("07ea0b150a2734012b0100"), DATE, "2026-11-21T10:39:52.1+01:00"),
        ("octets", bytes.fromhex("07ea0b15"), DATE, "0x07ea0b15"),
        ("octets", bytes(8), DATE, "0x0000000000000000"),
        ("octets", b"", DATE, ""),
    ],
)
def test_what_a_module_says_of_a_value(
    kind: str, value: int | bytes, known: Object, text: str
) -> None:
    assert render(kind, value, known) == text


@pytest.mark.parametrize(
    ("kind", "value", "known", "text"),
    [
        # GHSA-w26p-786m-5h86: a NULL where the MIB says INTEGER (ifMtu) ended another receiver
        ("null", None, MTU, "null"),
        ("octets", b"up", STATUS, "up"),
        ("octets", b"\xff\xfe", MTU, "0xfffe"),
        ("octets", b"up", FLAGS, "up"),
        ("counter64", 2, STATUS, "2"),
        ("timeticks", 1, STATUS, "1"),
        ("counter32", 9_950, PERCENT, "9950"),
        ("integer", 7, TEXT, "7"),
        ("integer", 7, CAPABILITIES, "7"),
        ("integer", 1, DATE, "1"),
        ("ip", bytes((192, 0, 2)), ADDRESS, "0xc00002"),
        ("oid", "1.3.6.1", MAC, "1.3.6.1"),
        ("opaque", b"\x9f\x78\x04\x00", TEXT, "0x9f780400"),
        ("unknown", b"Gi0/1", TEXT, "0x4769302f31"),
        ("octets", b"text", LOST, "text"),
        ("integer", 3, LOST, "3"),
    ],
)
def test_a_value_that_does_not_fit_its_object_is_rendered_by_its_own_type(
    kind: str, value: int | bytes | str | None, known: Object, text: str
) -> None:
    assert render(kind, value, known) == text


def test_an_address_is_read_by_its_type() -> None:
    name = b"host.example.org"
    assert len(name) == 16
    assert render("octets", name, ADDRESS, 16) == "host.example.org"
    assert render("octets", name, ADDRESS, 2) == render("octets", name, ADDRESS)
    assert render("octets", name, ADDRESS).count(":") == 7


KINDS = st.sampled_from(
    "integer octets null oid ip counter32 gauge32 timeticks opaque nsap counter64 unknown".split()
)
VALUES = st.none() | st.integers() | st.binary(max_size=40) | st.just("1.3.6")
KNOWN = st.sampled_from([None, STATUS, MAC, TEXT, CAPABILITIES, PERCENT, ADDRESS, DATE, MTU, LOST])


@given(KINDS, VALUES, KNOWN, st.none() | st.integers(0, 16))
def test_anything_is_rendered_on_one_line(
    kind: str, value: int | bytes | str | None, known: Object | None, address_type: int | None
) -> None:
    assert render(kind, value, known, address_type).isprintable()


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
        (b"\x07\xe8", "2d-1d", "2024"),
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


SOME = ["255a", "1x:", "1d.1d", "x", "0x", "*1a", ""]
HINTS = st.none() | st.sampled_from(SOME) | st.text(max_size=5)


@given(st.binary(max_size=1_100), HINTS)
def test_any_octets_are_one_visible_line(value: bytes, hint: str | None) -> None:
    assert octets_text(value, hint).isprintable()


@given(st.text())
def test_everything_is_visible(text: str) -> None:
    assert visible(text).isprintable()
