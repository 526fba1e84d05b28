"""Values as a person writes them, by the syntax of the MIB and by net-snmp's letters."""

import pytest
from pyasn1.codec.ber import encoder

from trapgate.cli.security import Unsendable
from trapgate.cli.values import LETTERS, value_of
from trapgate.mib.facts import Object, Syntax

UP = {1: "up", 2: "down"}
MANY = {number: f"ethernet{number * 10 if number > 1 else number}" for number in range(290)}


def known(syntax: Syntax, **more: object) -> Object:
    return Object("x", "1.3.6", syntax, **more)  # type: ignore[arg-type]


def wire(text: str, of: Object | None = None) -> str:
    """Tag and content in hex."""
    data = bytes(encoder.encode(value_of(text, of)))
    return f"{data[0]:02x} {data[2:].hex()}"


@pytest.mark.parametrize(
    ("text", "of", "expected"),
    [
        ("5", None, "02 05"),
        ("-5", None, "02 fb"),
        ("down", None, "04 646f776e"),
        ("down", known("integer", labels=UP), "02 02"),
        ("7", known("integer", labels=UP), "02 07"),
        ("7", known("counter32"), "41 07"),
        ("7", known("gauge32"), "42 07"),
        ("7", known("timeticks"), "43 07"),
        ("7", known("counter64"), "46 07"),
        ("1.3.6", known("oid"), "06 2b06"),
        ("192.0.2.1", known("ip"), "40 c0000201"),
        ("7", known("octets", hint="255a"), "04 37"),
        ("192.0.2.1", known("octets", hint="255a"), "04 3139322e302e322e31"),
        ("192.0.2.1", known("octets"), "04 c0000201"),
        ("2001:db8::1", known("octets"), "04 20010db8000000000000000000000001"),
        ("zürich", known("octets"), "04 7ac3bc72696368"),
        ("0:1a:2B:3-4:5".replace("-", ":"), known("octets", hint="1x:"), "04 001a2b030405"),
        ("a:b:c:d:e:f", known("octets", hint="1x:"), "04 0a0b0c0d0e0f"),
        ("0x0a0b", known("octets", hint="1x:"), "04 0a0b"),
        (
            "2026-11-21T10:39:52.1+01:00",
            known("octets", hint="2d-1d-1d,1d:1d:1d.1d,1a1d:1d"),
            "04 07ea0b150a2734012b0100",
        ),
        (
            "2026-11-21T10:39:52-03:30",
            known("octets", hint="2d-1d-1d,1d:1d:1d.1d,1a1d:1d"),
            "04 07ea0b150a2734002d031e",
        ),
        (
            "2026-11-21T10:39:52",
            known("octets", hint="2d-1d-1d,1d:1d:1d.1d,1a1d:1d"),
            "04 07ea0b150a273400",
        ),
        ("a,c", known("bits", labels={0: "a", 2: "c", 9: "z"}), "04 a000"),
        ("z", known("bits", labels={0: "a", 2: "c", 9: "z"}), "04 0040"),
        ("0 17", known("bits"), "04 800040"),
        ("i:7", known("octets", hint="255a"), "02 07"),
        ("s:i:7", known("integer"), "04 693a37"),
        ("x:0a0b", None, "04 0a0b"),
        ("d:10.11", None, "04 0a0b"),
        ("n:", known("integer"), "05 "),
        ("a:192.0.2.1", None, "40 c0000201"),
        ("o:1.3.6", None, "06 2b06"),
        ("C:18446744073709551615", None, "46 00ffffffffffffffff"),
        ("u:4294967295", None, "42 00ffffffff"),
        ("b:a", known("bits", labels={0: "a"}), "04 80"),
        ("http://x", None, "04 687474703a2f2f78"),
    ],
)
def test_on_the_wire(text: str, of: Object | None, expected: str) -> None:
    assert wire(text, of) == expected


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("one", known("integer")),
        ("99999999999", known("integer")),
        ("-1", known("counter32")),
        ("1.2.3", known("ip")),
        ("::1", known("ip")),
        ("x", known("oid")),
        ("d", known("bits", labels={0: "a"})),
        ("9999", known("bits")),
        ("xyz", known("octets", hint="1x:")),
        ("noon", known("octets", hint="2d-1d-1d,1d:1d:1d.1d,1a1d:1d")),
        ("d:300", None),
        ("i:", None),
        ("a:b", None),
        ("x:a", None),
    ],
)
def test_what_does_not_fit(text: str, of: Object | None) -> None:
    with pytest.raises(Unsendable, match=r"is not "):
        value_of(text, of)


@pytest.mark.parametrize(
    ("text", "of", "said"),
    [
        ("sideways", known("integer", labels=UP), "write one of up, down"),
        ("one", known("integer"), "it is not a number"),
        ("C:x", None, "it is not a number"),
        ("99999999999", known("integer"), "it is out of range"),
        ("d", known("bits", labels={0: "a", 1: "b"}), "write one of a, b"),
        ("ethernet7", known("integer", labels=MANY), 'did you mean "ethernet'),
        ("?", known("integer", labels=MANY), "write one of ethernet0, ethernet1, "),
    ],
)
def test_what_may_be_written_instead_is_said(text: str, of: Object | None, said: str) -> None:
    with pytest.raises(Unsendable) as raised:
        value_of(text, of)
    what = "its type" if of is None else of.syntax
    assert str(raised.value).startswith(f'"{text}" is not a value of {what}: {said}')
    assert len(str(raised.value)) < 400


def test_the_letters_are_net_snmps() -> None:
    assert "".join(sorted(LETTERS)) == "Cabcdinostux"
