"""What becomes of a variable that needs others, or other names, to be read."""

from pathlib import Path

import pytest

from trapgate.mib import MibIndex
from trapgate.model import Varbind
from trapgate.normalize.variables import REPEATED_CHARS_MAX, Variables

MIBS = Path(__file__).parents[2] / "mibs"
MIB = MibIndex.load({path.name: path.read_text() for path in sorted(MIBS.glob("*.json"))})
PING = "1.3.6.1.2.1.80.1.2.1"


def target(kind: int, address: bytes) -> tuple[Varbind, Varbind]:
    """pingCtlTargetAddressType and pingCtlTargetAddress of one ping."""
    instance = "1.97.1.98"
    return (
        Varbind(f"{PING}.3.{instance}", "integer", kind),
        Varbind(f"{PING}.4.{instance}", "octets", address),
    )


@pytest.mark.parametrize(
    ("kind", "address", "text"),
    [
        (1, b"\xc0\x00\x02\x07", "192.0.2.7"),
        (2, bytes.fromhex("20010db8000000000000000000000001"), "2001:db8::1"),
        (16, b"core", "core"),  # dns: four letters are no IPv4 address
    ],
)
def test_an_address_is_read_by_the_type_beside_it(kind: int, address: bytes, text: str) -> None:
    beside = target(kind, address)
    assert Variables(MIB).of(beside[1], beside).text == text


def test_an_address_is_read_anew_with_each_trap() -> None:
    variables = Variables(MIB)
    for kind, text in ((16, "core"), (1, "99.111.114.101"), (16, "core")):
        beside = target(kind, b"core")
        assert variables.of(beside[1], beside).text == text


def test_an_oid_has_its_name_for_people_and_its_number_for_rules() -> None:
    value = Varbind("1.3.6.1.6.3.1.1.4.1.0", "oid", "1.3.6.1.6.3.1.1.5.3")
    variable = Variables(MIB).of(value, ())
    assert variable.text == "1.3.6.1.6.3.1.1.5.3"
    assert variable.line.endswith("oid: 1.3.6.1.6.3.1.1.5.3 (IF-MIB::linkDown)")


def test_an_oid_that_nobody_names_is_said_once() -> None:
    value = Varbind("1.3.6.1.6.3.1.1.4.1.0", "oid", "2.999.1")
    assert Variables(MIB).of(value, ()).line.endswith("oid: 2.999.1")


def test_texts_are_not_remembered() -> None:
    variables = Variables(MIB)
    short = Varbind("1.3.6.1.2.1.2.2.1.2.3", "octets", b"Gi0/3")
    long = Varbind("1.3.6.1.2.1.2.2.1.2.3", "octets", b"x" * REPEATED_CHARS_MAX)
    variables.of(short, ())
    variables.of(long, ())
    assert list(variables.known) == [short]
