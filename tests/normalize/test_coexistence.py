"""What RFC 3584 adds to a v1 trap, and the community that is never kept."""

import msgspec
import pytest

from trapgate.model import Trap, Varbind
from trapgate.normalize.coexistence import v1_varbinds, without_community

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
