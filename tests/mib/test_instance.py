import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.mib.facts import Object
from trapgate.mib.instance import index_values

NUMBER = Object("number", "1.3.1", "integer")
STATE = Object("state", "1.3.2", "integer", labels={1: "up"})
IP = Object("ip", "1.3.3", "ip")
TEXT = Object("text", "1.3.4", "octets", hint="255a")
MAC = Object("mac", "1.3.5", "octets", hint="1x:", size=6)
OID = Object("oid", "1.3.6", "oid")
KIND = Object("kind", "1.3.8", "integer", labels={1: "ipv4", 2: "ipv6"}, type="InetAddressType")
ADDRESS = Object("address", "1.3.9", "octets", type="InetAddress")
FLOAT = Object("float", "1.3.7", "opaque")

ALL = [NUMBER, STATE, IP, TEXT, MAC, OID, KIND, ADDRESS, FLOAT]


@pytest.mark.parametrize(
    ("suffix", "index", "implied", "values"),
    [
        ("7", [NUMBER], False, (("number", "7"),)),
        ("1.2", [STATE, NUMBER], False, (("state", "up"), ("number", "2"))),
        ("9", [STATE], False, (("state", "9"),)),
        ("192.0.2.7.1", [IP, NUMBER], False, (("ip", "192.0.2.7"), ("number", "1"))),
        ("2.72.105.5", [TEXT, NUMBER], False, (("text", "Hi"), ("number", "5"))),
        ("72.105", [TEXT], True, (("text", "Hi"),)),
        ("0", [TEXT], False, (("text", ""),)),
        ("0.27.33.1.2.255", [MAC], False, (("mac", "00:1b:21:01:02:ff"),)),
        ("3.1.3.6.4", [OID, NUMBER], False, (("oid", "1.3.6"), ("number", "4"))),
        ("1.3.6", [OID], True, (("oid", "1.3.6"),)),
        ("1.4.192.0.2.7", [KIND, ADDRESS], False, (("kind", "ipv4"), ("address", "192.0.2.7"))),
        (
            "2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1.9",
            [KIND, ADDRESS, NUMBER],
            False,
            (("kind", "ipv6"), ("address", "2001:db8::1"), ("number", "9")),
        ),
        ("1.192.0.2.7", [KIND, ADDRESS], True, (("kind", "ipv4"), ("address", "192.0.2.7"))),
        ("16.4.97.46.100.101", [KIND, ADDRESS], False, (("kind", "16"), ("address", "a.de"))),
        ("4.192.0.2.7", [ADDRESS], False, (("address", "192.0.2.7"),)),
        ("1.5.192.0.2.7", [KIND, ADDRESS], False, ()),
        ("", [NUMBER], False, ()),
        ("7.8", [NUMBER], False, ()),
        ("7", [NUMBER, NUMBER], False, ()),
        ("192.0.2", [IP], False, ()),
        ("192.0.2.256", [IP], False, ()),
        ("3.72.105", [TEXT], False, ()),
        ("2.72.300", [TEXT], False, ()),
        ("1.2.3", [MAC], False, ()),
        ("1", [FLOAT], False, ()),
        ("x", [NUMBER], False, ()),
    ],
)
def test_instances(
    suffix: str, index: list[Object], implied: bool, values: tuple[tuple[str, str], ...]
) -> None:
    assert index_values(suffix, index, implied=implied) == values


@given(
    st.lists(st.integers(0, 2**32 - 1), max_size=10),
    st.lists(st.sampled_from(ALL), max_size=4),
    st.booleans(),
)
def test_all_or_nothing(parts: list[int], index: list[Object], implied: bool) -> None:
    values = index_values(".".join(map(str, parts)), index, implied=implied)
    assert len(values) in (0, len(index))
