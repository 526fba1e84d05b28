from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.config import Cidr
from trapgate.mib import MibIndex
from trapgate.model import (
    RAW_BYTES_MAX,
    Datagram,
    Endpoint,
    Event,
    Position,
    Problem,
    Trap,
    Varbind,
)
from trapgate.normalize.bounded import VALUE_CHARS_MAX
from trapgate.normalize.origin import Origins
from trapgate.normalize.payload import MESSAGE_CHARS_MAX
from trapgate.normalize.sources import Sources, SourceSettings
from trapgate.normalize.trap import TrapNormalizer

MIBS = Path(__file__).parents[2] / "mibs"
MIB = MibIndex.load({path.name: path.read_text() for path in sorted(MIBS.glob("*.json"))})
SOURCES = Sources(
    [SourceSettings(cidr=Cidr.from_text("10.0.0.7"), name="r1", labels={"site": "ber1"})]
)
DATAGRAM = Datagram(
    b"datagram", Endpoint("10.0.0.7", 50_000), Endpoint("10.0.0.1", 1162), "traps", 1_700_000_000
)
POSITION = Position("raw", 5)
IF = "1.3.6.1.2.1.2.2.1"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"


def v2(trap_oid: str, *varbinds: Varbind, problems: tuple[Problem, ...] = ()) -> Trap:
    return Trap("2c", "trap", 7, "core", trap_oid, 4711, varbinds, b"raw bytes", problems=problems)


def event(trap: Trap, datagram: Datagram = DATAGRAM) -> Event:
    return TrapNormalizer(MIB, Origins(SOURCES)).event(
        trap, datagram, event_id="id-1", position=POSITION
    )


def test_a_link_down() -> None:
    odd = Problem("misplaced-header", "warning", "odd")
    trap = v2(
        LINK_DOWN,
        Varbind(f"{IF}.1.3", "integer", 3),
        Varbind(f"{IF}.7.3", "integer", 1),
        Varbind(f"{IF}.8.3", "integer", 2),
        Varbind(f"{IF}.2.3", "octets", b"Gi0/3"),
        Varbind("1.3.6.1.2.1.31.1.1.1.18.3", "octets", b"to core 1"),
        problems=(odd,),
    )
    assert event(trap) == Event(
        id="id-1",
        position=POSITION,
        timestamp=1_700_000_000,
        received_at=1_700_000_000,
        clock="arrival",
        kind="snmp.trap",
        source=Endpoint("10.0.0.7", 50_000),
        device="r1",
        severity=None,
        code="IF-MIB::linkDown",
        labels={"site": "ber1"},
        fields={
            "host.ip": "10.0.0.7",
            "snmp.identity": "peer",
            "snmp.version": "2c",
            "snmp.pdu_type": "trap",
            "snmp.credential": "core",
            "snmp.trap.oid": LINK_DOWN,
            "snmp.trap.name": "linkDown",
            "snmp.uptime": 4711,
            "snmp.request_id": 7,
            "event.provider": "IF-MIB",
            "snmp.vb.ifIndex": "3",
            "snmp.vb.ifAdminStatus": "up",
            "snmp.vb.ifOperStatus": "down",
            "snmp.vb.ifDescr": "Gi0/3",
            "snmp.vb.ifAlias": "to core 1",
            "snmp.index.ifIndex": "3",
            "interface.name": "Gi0/3",
            "interface.state": "down",
            "snmp.varbinds": (
                "IF-MIB::ifIndex.3 = integer: 3",
                "IF-MIB::ifAdminStatus.3 = integer: up(1)",
                "IF-MIB::ifOperStatus.3 = integer: down(2)",
                "IF-MIB::ifDescr.3 = octets: Gi0/3",
                "IF-MIB::ifAlias.3 = octets: to core 1",
            ),
        },
        message="IF-MIB::linkDown ifIndex=3 ifAdminStatus=up ifOperStatus=down ifDescr=Gi0/3 "
        'ifAlias="to core 1"',
        raw=b"raw bytes",
        problems=(odd,),
    )


def test_a_v1_trap_of_bgp_names_its_peer_by_the_instance() -> None:
    trap = Trap(
        version="1",
        pdu_type="trap",
        request_id=None,
        credential="core",
        trap_oid="1.3.6.1.2.1.15.7.0.2",
        uptime=1,
        varbinds=(
            Varbind("1.3.6.1.2.1.15.3.1.14.192.0.2.7", "octets", b"\x06\x04"),
            Varbind("1.3.6.1.2.1.15.3.1.2.192.0.2.7", "integer", 1),
        ),
        raw=b"",
        enterprise="1.3.6.1.2.1.15.7",
        agent_address="192.0.2.1",
        generic_trap=6,
        specific_trap=2,
    )
    result = event(trap)
    assert result.code == "BGP4-MIB::bgpBackwardTransition"
    assert {key: value for key, value in result.fields.items() if key != "snmp.varbinds"} == {
        "host.ip": "10.0.0.7",
        "snmp.identity": "peer",
        "snmp.version": "1",
        "snmp.pdu_type": "trap",
        "snmp.credential": "core",
        "snmp.trap.oid": "1.3.6.1.2.1.15.7.0.2",
        "snmp.trap.name": "bgpBackwardTransition",
        "snmp.trap.generic": 6,
        "snmp.trap.specific": 2,
        "snmp.uptime": 1,
        "snmp.enterprise": "1.3.6.1.2.1.15.7",
        "snmp.agent_address": "192.0.2.1",
        "event.provider": "BGP4-MIB",
        "snmp.vb.bgpPeerLastError": "0x0604",
        "snmp.vb.bgpPeerState": "idle",
        "snmp.index.bgpPeerRemoteAddr": "192.0.2.7",
        "snmp.vb.snmpTrapAddress": "192.0.2.1",
        "snmp.vb.snmpTrapCommunity": "********",
        "snmp.vb.snmpTrapEnterprise": "1.3.6.1.2.1.15.7",
    }
    lines = result.fields["snmp.varbinds"]
    assert isinstance(lines, tuple)
    assert [line.partition(" = ")[0] for line in lines[2:]] == [
        "SNMP-COMMUNITY-MIB::snmpTrapAddress.0",
        "SNMP-COMMUNITY-MIB::snmpTrapCommunity.0",
        "SNMPv2-MIB::snmpTrapEnterprise.0",
    ]
    assert "snmpTrap" not in result.message


def test_an_unknown_trap_keeps_its_numbers() -> None:
    result = event(v2("1.3.6.1.4.1.99999.0.1", Varbind("1.3.6.1.4.1.99999.2.0", "octets", b"on")))
    assert result.code == "1.3.6.1.4.1.99999.0.1"
    assert "event.provider" not in result.fields
    assert "snmp.trap.name" not in result.fields
    assert result.fields["snmp.vb.1.3.6.1.4.1.99999.2.0"] == "on"
    assert result.fields["snmp.varbinds"] == ("1.3.6.1.4.1.99999.2.0 = octets: on",)
    assert result.message == "1.3.6.1.4.1.99999.0.1 1.3.6.1.4.1.99999.2.0=on"


def test_a_repeated_variable_has_all_its_values_in_order() -> None:
    names = [Varbind(f"{IF}.2.{n}", "octets", b"Gi0/%d" % n) for n in (3, 4, 5)]
    fields = event(v2(LINK_DOWN, *names)).fields
    assert fields["snmp.vb.ifDescr"] == ("Gi0/3", "Gi0/4", "Gi0/5")
    assert fields["snmp.index.ifIndex"] == "3"
    assert fields["interface.name"] == "Gi0/3"


@pytest.mark.parametrize(
    ("name", "description", "interface"),
    [
        (b"Gi0/3", b"GigabitEthernet0/3", "Gi0/3"),
        (b"", b"GigabitEthernet0/3", "GigabitEthernet0/3"),
    ],
)
def test_the_interface_is_named_by_if_name_first(
    name: bytes, description: bytes, interface: str
) -> None:
    varbinds = (
        Varbind(f"{IF}.2.3", "octets", description),
        Varbind("1.3.6.1.2.1.31.1.1.1.1.3", "octets", name),
    )
    assert event(v2(LINK_DOWN, *varbinds)).fields["interface.name"] == interface


IF_ADMIN_STATUS, IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.7.3", "1.3.6.1.2.1.2.2.1.8.3"
LINK_UP = "1.3.6.1.6.3.1.1.5.4"


@pytest.mark.parametrize(
    ("trap_oid", "varbinds", "state"),
    [
        (LINK_DOWN, [], "down"),
        (LINK_DOWN, [(IF_ADMIN_STATUS, 1), (IF_OPER_STATUS, 1)], "down"),
        (LINK_DOWN, [(IF_ADMIN_STATUS, 2), (IF_OPER_STATUS, 2)], "administratively down"),
        (LINK_UP, [(IF_ADMIN_STATUS, 1), (IF_OPER_STATUS, 2)], "up"),
        ("1.3.6.1.6.3.1.1.5.1", [(IF_OPER_STATUS, 2)], None),
    ],
)
def test_a_link_trap_says_its_interfaces_state(
    trap_oid: str, varbinds: list[tuple[str, int]], state: str | None
) -> None:
    values = [Varbind(oid, "integer", value) for oid, value in varbinds]
    assert event(v2(trap_oid, *values)).fields.get("interface.state") == state


def test_a_link_trap_of_v1_says_it_too() -> None:
    trap = msgspec.structs.replace(v1(), trap_oid=LINK_DOWN)
    assert event(trap).fields["interface.state"] == "down"


def test_a_trap_without_variables_or_uptime() -> None:
    result = event(Trap("2c", "inform", 1, "core", LINK_DOWN, None, (), b""))
    assert result.message == "IF-MIB::linkDown"
    assert "snmp.varbinds" not in result.fields
    assert "snmp.uptime" not in result.fields
    assert result.fields["snmp.pdu_type"] == "inform"


def test_an_unknown_source_is_its_address() -> None:
    datagram = Datagram(b"", Endpoint("2001:db8::1", 1), DATAGRAM.local, "traps", 1)
    result = event(v2(LINK_DOWN), datagram)
    assert (result.device, result.labels) == ("2001:db8::1", {})


def test_sizes_are_bounded() -> None:
    trap = Trap(
        "2c",
        "trap",
        1,
        "core",
        LINK_DOWN,
        1,
        tuple(Varbind(f"1.3.{n}", "octets", b"x" * 2_000) for n in range(30)),
        bytes(60_000),
    )
    result = event(trap)
    assert len(result.raw) == RAW_BYTES_MAX
    assert int(str(result.fields["event.raw_bytes"])) > RAW_BYTES_MAX
    assert len(result.message) == MESSAGE_CHARS_MAX + 1
    lines = result.fields["snmp.varbinds"]
    assert isinstance(lines, tuple)
    assert len(lines) == 30


def v1(*varbinds: Varbind, agent_address: str | None = "192.0.2.1") -> Trap:
    return Trap(
        version="1",
        pdu_type="trap",
        request_id=None,
        credential="core",
        trap_oid="1.3.6.1.4.1.9.0.1",
        uptime=1,
        varbinds=varbinds,
        raw=b"raw",
        enterprise="1.3.6.1.4.1.9",
        agent_address=agent_address,
        generic_trap=6,
        specific_trap=1,
    )


def test_a_v1_trap_without_payload_has_its_header_in_variables() -> None:
    result = event(v1())
    lines = result.fields["snmp.varbinds"]
    assert isinstance(lines, tuple)
    assert len(lines) == 3
    assert result.message == "1.3.6.1.4.1.9.0.1"


def test_a_mapped_agent_address_is_canonical() -> None:
    assert event(v1(agent_address="::ffff:192.0.2.9")).fields["snmp.agent_address"] == "192.0.2.9"


COMMUNITY = Varbind("1.3.6.1.6.3.18.1.4.0", "octets", b"geheim")


@pytest.mark.parametrize("trap", [v1(COMMUNITY), v2(LINK_DOWN, COMMUNITY)])
def test_a_community_that_a_proxy_passes_on_is_never_kept(trap: Trap) -> None:
    result = event(trap)
    assert result.fields["snmp.vb.snmpTrapCommunity"] == "********"
    assert "geheim" not in str(result)


def test_the_fields_of_v3() -> None:
    trap = msgspec.structs.replace(
        v2(LINK_DOWN),
        version="3",
        security_level="authPriv",
        engine_id="80001f8804aa",
        context_engine_id="80001f8804bb",
        context_name="vrf-a",
    )
    fields = event(trap).fields
    assert fields["snmp.security_level"] == "authPriv"
    assert fields["snmp.engine_id"] == "80001f8804aa"
    assert fields["snmp.context_engine_id"] == "80001f8804bb"
    assert fields["snmp.context_name"] == "vrf-a"
    assert "snmp.context_name" not in event(msgspec.structs.replace(trap, context_name="")).fields


def test_the_origin_names_the_device() -> None:
    origins = Origins(SOURCES, (Cidr.from_text("10.0.0.99"),))
    relayed = msgspec.structs.replace(DATAGRAM, peer=Endpoint("10.0.0.99", 5))
    trap = v2(LINK_DOWN, Varbind("1.3.6.1.6.3.18.1.3.0", "ip", "10.0.0.7"))
    result = TrapNormalizer(MIB, origins).event(trap, relayed, event_id="id-1", position=POSITION)
    assert (result.device, result.labels) == ("r1", {"site": "ber1"})
    assert result.source.address == "10.0.0.99"
    assert result.fields["host.ip"] == "10.0.0.7"
    assert result.fields["snmp.identity"] == "relay:snmpTrapAddress"


VALUES = st.one_of(
    st.integers(-(2**31), 2**64).map(lambda value: ("counter64", value)),
    st.binary(max_size=80).map(lambda value: ("octets", value)),
    st.binary(max_size=20).map(lambda value: ("ip", value)),
    st.just(("null", None)),
)
OIDS = st.lists(st.integers(0, 2**32 - 1), max_size=8).map(
    lambda parts: ".".join(map(str, (1, 3, *parts)))
) | st.sampled_from([f"{IF}.{column}.{n}" for column in (1, 2, 6, 7) for n in (1, 2)])


@given(OIDS, st.lists(st.tuples(OIDS, VALUES), max_size=6))
def test_any_trap_is_one_visible_line(
    trap_oid: str, varbinds: list[tuple[str, tuple[str, int | bytes | None]]]
) -> None:
    payload = tuple(
        Varbind(oid, kind, value)  # type: ignore[arg-type]
        for oid, (kind, value) in varbinds
    )
    result = event(v2(trap_oid, *payload))
    assert result.message.isprintable()
    lines = result.fields.get("snmp.varbinds", ())
    assert isinstance(lines, tuple)
    assert len(lines) == len(varbinds)


def test_numbers_that_no_store_has_are_left_out() -> None:
    wide = msgspec.structs.replace(v2(LINK_DOWN), request_id=2**63, uptime=2**64 - 1)
    assert not {"snmp.request_id", "snmp.uptime"} & event(wide).fields.keys()
    widest = msgspec.structs.replace(v2(LINK_DOWN), request_id=-(2**63))
    assert event(widest).fields["snmp.request_id"] == -(2**63)


def test_a_context_name_is_made_visible() -> None:
    odd = msgspec.structs.replace(
        v2(LINK_DOWN), version="3", security_level="noAuthNoPriv", context_name="a\0b"
    )
    assert event(odd).fields["snmp.context_name"] == r"a\x00b"


def test_bits_of_a_short_datagram_are_cut() -> None:
    bits = Varbind("1.3.6.1.2.1.88.1.2.2.1.4.3", "octets", b"\xff" * 1_000)
    found = event(v2(LINK_DOWN, bits))
    name, lines = found.fields["snmp.vb.mteTriggerTest"], found.fields["snmp.varbinds"]
    assert isinstance(lines, tuple)
    assert [len(str(text)) for text in (name, *lines)] == [VALUE_CHARS_MAX] * 2


def test_long_values_of_a_long_datagram_are_cut() -> None:
    long = msgspec.structs.replace(
        v2(LINK_DOWN), version="3", security_level="authPriv", context_engine_id="ab" * 4_000
    )
    datagram = msgspec.structs.replace(DATAGRAM, data=b"x" * 4_100)
    found = event(long, datagram)
    assert found.fields["snmp.context_engine_id"] == ("ab" * 2_048)[:-1] + "…"
    assert found.problems[-1].code == "value-cut"
