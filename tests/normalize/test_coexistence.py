"""What RFC 3584 adds to a v1 trap, and the community that is never kept."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import Trap, Varbind
from trapgate.normalize.coexistence import raw_without_community, v1_varbinds, without_community

ADDRESS, COMMUNITY, ENTERPRISE = (
    "1.3.6.1.6.3.18.1.3.0",
    "1.3.6.1.6.3.18.1.4.0",
    "1.3.6.1.6.3.1.1.4.3.0",
)
V1 = Trap(
    "1",
    "trap",
    None,
    "core",
    "1.3.6.1.4.1.9.0.1",
    1,
    (),
    b"",
    enterprise="1.3.6.1.4.1.9",
    agent_address="192.0.2.1",
)
PEER = "10.0.0.1"


def added(trap: Trap) -> list[Varbind]:
    return list(v1_varbinds(trap, PEER))


def test_what_a_v1_trap_gets() -> None:
    assert added(V1) == [
        Varbind(ADDRESS, "ip", "192.0.2.1"),
        Varbind(COMMUNITY, "octets", b"********"),
        Varbind(ENTERPRISE, "oid", "1.3.6.1.4.1.9"),
    ]


def test_a_v2_trap_gets_nothing() -> None:
    assert added(msgspec.structs.replace(V1, version="2c", enterprise=None)) == []


@pytest.mark.parametrize("address", [None, "0.0.0.0"])
def test_no_agent_address_means_the_peer(address: str | None) -> None:
    found = added(msgspec.structs.replace(V1, agent_address=address))
    assert found[0] == Varbind(ADDRESS, "ip", PEER)


@pytest.mark.parametrize("present", [ADDRESS, COMMUNITY, ENTERPRISE])
def test_what_a_proxy_has_added_is_not_added_twice(present: str) -> None:
    trap = msgspec.structs.replace(V1, varbinds=(Varbind(present, "null", None),))
    assert present not in [varbind.oid for varbind in added(trap)]
    assert len(added(trap)) == 2


@pytest.mark.parametrize("oid", [COMMUNITY, COMMUNITY[:-2], COMMUNITY + ".1"])
def test_the_community_is_masked(oid: str) -> None:
    assert without_community(Varbind(oid, "octets", b"x")) == Varbind(oid, "octets", b"*" * 8)


@pytest.mark.parametrize("oid", [ADDRESS, COMMUNITY[:-2] + "0.0", "1.3"])
def test_nothing_else_is(oid: str) -> None:
    varbind = Varbind(oid, "octets", b"x")
    assert without_community(varbind) is varbind


NAME = bytes.fromhex("06092b0601060312010400")
BARE = bytes.fromhex("06082b06010603120104")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", b""),
        (b"0nothing", b"0nothing"),
        (b"0" + NAME + b"\x04\x03abcdef", b"0" + NAME + b"\x04\x03***def"),
        (b"0" + BARE + b"\x04\x03abcdef", b"0" + BARE + b"\x04\x03***def"),
        (b"0" + NAME + b"\x04\x81\x03abcdef", b"0" + NAME + b"\x04\x81\x03***def"),
        (b"0" + NAME + b"\x04\x09abc", b"0" + NAME + b"\x04\x09***"),
        (b"0" + NAME + b"\x04\x84\xff", b"0" + NAME + b"\x04\x84\xff"),
        (b"0" + NAME + b"\x04", b"0" + NAME + b"\x04"),
        (b"0" + NAME, b"0" + NAME),
        (NAME[2:], NAME[2:]),
        (
            (b"0" + NAME + b"\x04\x01a") * 2,
            (b"0" + NAME + b"\x04\x01*") * 2,
        ),
    ],
)
def test_the_raw_bytes_keep_their_lengths_and_lose_the_community(
    raw: bytes, expected: bytes
) -> None:
    assert raw_without_community(raw) == expected


@given(st.lists(st.sampled_from([NAME, BARE, b"\x04", b"\x81", b"\x84", b"\x03", b"abc"])))
def test_any_bytes_keep_their_length(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    assert len(raw_without_community(raw)) == len(raw)
