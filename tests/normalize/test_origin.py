"""Whose trap is this: who is believed, in which order, and what is recorded of it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.config import Cidr
from trapgate.model import SecurityLevel, Trap, Varbind
from trapgate.normalize import origin as module
from trapgate.normalize.origin import SNMP_TRAP_ADDRESS, Origins, canonical_address, device_address
from trapgate.normalize.settings import AgentAddressPolicy
from trapgate.normalize.sources import Sources, SourceSettings

RELAY, PEER, BEHIND, AGENT = "10.9.9.9", "10.0.0.1", "192.0.2.1", "192.0.2.2"
ENGINE, OTHER_ENGINE = "80001f8804aa01", "80001f8804bb02"
SOURCES = Sources(
    [
        SourceSettings(cidr=Cidr.from_text(PEER), name="peer", labels={"site": "a"}),
        SourceSettings(cidr=Cidr.from_text(BEHIND), name="behind", labels={"site": "b"}),
        SourceSettings(cidr=Cidr.from_text(RELAY), name="relay"),
        SourceSettings(name="engine", engine_ids=("0x80:00:1F:88:04:AA:01",), labels={"x": "y"}),
    ]
)
V2 = Trap("2c", "trap", 1, "core", "1.3.6.1.6.3.1.1.5.3", 1, (), b"")
V1 = msgspec.structs.replace(V2, version="1", enterprise="1.3.6.1.4.1.9", agent_address=AGENT)


def said(value: str | bytes | int, trap: Trap = V2) -> Trap:
    """A trap with snmpTrapAddress.0."""
    kind = "ip" if isinstance(value, str) else "octets" if isinstance(value, bytes) else "integer"
    varbind = Varbind(SNMP_TRAP_ADDRESS, kind, value)  # type: ignore[arg-type]
    return msgspec.structs.replace(trap, varbinds=(Varbind("1.3.6", "null", None), varbind))


def decided(
    trap: Trap, peer: str = RELAY, policy: AgentAddressPolicy = "relays"
) -> tuple[str, str, str]:
    found = Origins(SOURCES, (Cidr.from_text(RELAY),), policy).of(trap, peer)
    return found.device, found.address, found.identity


@pytest.mark.parametrize("trap", [V2, V1, said(BEHIND), said(BEHIND, V1)])
def test_nobody_is_believed_but_relays(trap: Trap) -> None:
    assert decided(trap, PEER) == ("peer", PEER, "peer")
    assert decided(trap, "203.0.113.1") == ("203.0.113.1", "203.0.113.1", "peer")


def test_a_relay_names_the_device() -> None:
    assert decided(said(BEHIND)) == ("behind", BEHIND, "relay:snmpTrapAddress")
    assert decided(V1) == (AGENT, AGENT, "relay:agent-addr")
    assert decided(said(BEHIND, V1)) == ("behind", BEHIND, "relay:snmpTrapAddress")
    assert Origins(SOURCES, (Cidr.from_text(RELAY),)).of(said(BEHIND), RELAY).labels == {
        "site": "b"
    }


def test_a_relay_that_says_nothing_of_it_is_the_device_itself() -> None:
    assert decided(V2) == ("relay", RELAY, "peer")
    assert decided(said(RELAY)) == ("relay", RELAY, "peer")


@pytest.mark.parametrize(
    ("policy", "peer", "expected"),
    [
        ("relays", RELAY, "relay:agent-addr"),
        ("relays", PEER, "peer"),
        ("always", RELAY, "relay:agent-addr"),
        ("always", PEER, "agent-addr"),
        ("never", RELAY, "peer"),
        ("never", PEER, "peer"),
    ],
)
def test_the_policy_of_agent_addresses(
    policy: AgentAddressPolicy, peer: str, expected: str
) -> None:
    assert decided(V1, peer, policy)[2] == expected


@pytest.mark.parametrize("policy", ["relays", "always", "never"])
def test_the_policy_of_agent_addresses_is_not_about_variables(policy: AgentAddressPolicy) -> None:
    assert decided(said(BEHIND), policy=policy)[2] == "relay:snmpTrapAddress"
    assert decided(said(BEHIND), PEER, policy)[2] == "peer"


NOTHING: list[str | None] = [None, "", "0.0.0.0", "::", "127.0.0.1", "::1", "224.0.0.1", "nonsense"]


@pytest.mark.parametrize("address", NOTHING)
def test_an_address_that_is_no_devices_is_passed_over(address: str | None) -> None:
    trap = msgspec.structs.replace(V1, agent_address=address)
    assert decided(trap) == ("relay", RELAY, "peer")
    if address is not None:
        assert decided(said(address)) == ("relay", RELAY, "peer")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        (b"\xc0\x00\x02\x01", "192.0.2.1"),
        (bytes(10) + b"\xff\xff\xc0\x00\x02\x01", "192.0.2.1"),
        (b"192.0.2.1", "192.0.2.1"),
        (b"::ffff:192.0.2.1", "192.0.2.1"),
        (bytes.fromhex("20010db8000000000000000000000001"), "2001:db8::1"),
        (b"\x01\x02\x03", None),
        (b"", None),
        (b"\xff" * 16, None),
    ],
)
def test_addresses_are_read_in_every_form_and_kept_in_one(
    value: str | bytes, expected: str | None
) -> None:
    assert device_address(value) == expected
    if expected is not None:
        assert decided(said(value))[1] == expected


def test_a_number_is_no_address() -> None:
    assert decided(said(3_221_225_985))[2] == "peer"


@pytest.mark.parametrize("text", ["", "x", "10.0.0.1", "fe80::1%eth0"])
def test_what_is_canonical_stays(text: str) -> None:
    assert canonical_address(text) == text


def v3(level: SecurityLevel, engine: str = ENGINE, context: str = "", pdu: str = "trap") -> Trap:
    return msgspec.structs.replace(
        V2,
        version="3",
        pdu_type=pdu,
        security_level=level,
        engine_id=engine,
        context_engine_id=context or engine,
    )


@pytest.mark.parametrize("peer", [PEER, "203.0.113.1"])
@pytest.mark.parametrize("level", ["authNoPriv", "authPriv"])
def test_an_authenticated_engine_is_its_device_wherever_it_sends_from(
    level: SecurityLevel, peer: str
) -> None:
    assert decided(v3(level), peer) == ("engine", peer, "engine-id")
    assert Origins(SOURCES).of(v3(level), peer).labels == {"x": "y"}


def test_without_authentication_an_engine_is_nobody() -> None:
    assert decided(v3("noAuthNoPriv"), PEER) == ("peer", PEER, "peer")


def test_an_unknown_engine_is_its_peer() -> None:
    assert decided(v3("authPriv", OTHER_ENGINE), PEER) == ("peer", PEER, "peer")


def test_the_context_engine_counts_for_informs_and_relays_only() -> None:
    """An inform's authoritative engine is ours."""
    proxied = v3("authPriv", OTHER_ENGINE, ENGINE)
    assert decided(proxied, PEER)[2] == "peer"
    assert decided(proxied, RELAY) == ("engine", RELAY, "engine-id")
    inform = v3("authPriv", OTHER_ENGINE, ENGINE, "inform")
    assert decided(inform, PEER) == ("engine", PEER, "engine-id")


def test_an_engine_without_a_name_has_the_name_of_its_address() -> None:
    sources = Sources([SourceSettings(engine_ids=(ENGINE,), labels={"x": "y"})])
    found = Origins(sources).of(v3("authPriv"), PEER)
    assert (found.device, found.identity, found.labels) == (PEER, "engine-id", {"x": "y"})


def test_a_scan_of_spoofed_peers_empties_the_cache_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ADDRESSES_CACHED_MAX", 4)
    origins = Origins(SOURCES)
    found = [origins.of(V2, f"10.0.0.{number}").device for number in range(20)]
    assert found[1] == "peer"
    assert len(origins._peers) <= 4


@given(st.text(max_size=20) | st.binary(max_size=20))
def test_whatever_a_device_says_is_an_address_or_nothing(value: str | bytes) -> None:
    found = device_address(value)
    assert found is None or canonical_address(found) == found
