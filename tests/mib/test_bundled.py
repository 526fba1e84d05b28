"""The bundled facts hang together, and where pysnmp knows the same module it says the same."""

import pytest
from pysnmp.smi.builder import MibBuilder

from trapgate.mib import MibIndex
from trapgate.mib.facts import Module, Notification, Object, Row, read_module
from trapgate.mib.hint import integer_by_hint, octets_by_hint

from .conftest import MIBS

FILES = sorted(MIBS.glob("*.json"))
MODULES = {path.stem: read_module(path.read_text(), path.name) for path in FILES}


def module(name: str) -> Module:
    found = MODULES[name]
    assert isinstance(found, Module), found
    return found


@pytest.mark.parametrize("name", MODULES)
def test_names_and_oids_hang_together(name: str, bundled: MibIndex) -> None:
    facts = module(name)
    assert facts.module == name
    assert bundled.problems == ()
    named: list[Object | Row | Notification] = list(facts.objects)
    named += [*facts.rows, *facts.notifications]
    names = [fact.name for fact in named]
    oids = [fact.oid for fact in named]
    assert len(set(names)) == len(names)
    assert len(set(oids)) == len(oids)
    mentioned = [n for row in facts.rows for n in row.index]
    mentioned += [n for notification in facts.notifications for n in notification.objects]
    for mention in mentioned:
        assert bundled.oid(mention if "::" in mention else f"{name}::{mention}"), mention


@pytest.mark.parametrize("name", MODULES)
def test_every_symbol_leads_there_and_back(name: str, bundled: MibIndex) -> None:
    for fact in module(name).objects:
        assert bundled.resolve(fact.oid).symbol == f"{name}::{fact.name}"
    for notification in module(name).notifications:
        found = bundled.notification(notification.oid)
        assert found is not None
        assert found.symbol == f"{name}::{notification.name}"


@pytest.mark.parametrize("name", ["SNMPv2-MIB", "SNMP-COMMUNITY-MIB"])
def test_pysnmp_says_the_same(name: str) -> None:
    builder = MibBuilder()
    builder.load_modules(name)
    facts: list[Object | Notification] = list(module(name).objects)
    facts += module(name).notifications
    for fact in facts:
        (symbol,) = builder.import_symbols(name, fact.name)
        assert ".".join(map(str, symbol.getName())) == fact.oid


def test_an_oid_has_one_name() -> None:
    names: dict[str, set[str]] = {}
    for name in MODULES:
        facts = module(name)
        claims = [(fact.oid, fact.name) for fact in facts.objects]
        claims += [(fact.oid, fact.name) for fact in facts.notifications]
        claims += [(row.oid, row.name) for row in facts.rows]
        for oid, fact_name in claims:
            names.setdefault(oid, set()).add(f"{name}::{fact_name}")
    assert {oid: several for oid, several in names.items() if len(several) > 1} == {}


def test_an_enumeration_has_a_name_for_each_number() -> None:
    for name in MODULES:
        for fact in module(name).objects:
            if fact.labels is not None:
                assert fact.syntax in ("integer", "gauge32", "bits"), fact
                assert all(fact.labels.values()), fact
                assert len(set(fact.labels.values())) == len(fact.labels), fact
            assert fact.syntax != "unknown", fact


STANDARD = {
    "RFC 3418": "coldStart warmStart authenticationFailure",
    "RFC 2863": "linkDown linkUp",
    "RFC 4273": "bgpEstablishedNotification bgpBackwardTransNotification bgpEstablished "
    "bgpBackwardTransition",
    "RFC 4750": "ospfVirtIfStateChange ospfNbrStateChange ospfVirtNbrStateChange ospfIfConfigError "
    "ospfVirtIfConfigError ospfIfAuthFailure ospfVirtIfAuthFailure ospfIfRxBadPacket "
    "ospfVirtIfRxBadPacket ospfTxRetransmit ospfVirtIfTxRetransmit ospfOriginateLsa ospfMaxAgeLsa "
    "ospfLsdbOverflow ospfLsdbApproachingOverflow ospfIfStateChange ospfNssaTranslatorStatusChange "
    "ospfRestartStatusChange ospfNbrRestartHelperStatusChange ospfVirtNbrRestartHelperStatusChange",
    "RFC 4133": "entConfigChange",
    "RFC 4268": "entStateOperEnabled entStateOperDisabled",
    "RFC 1628": "upsTrapOnBattery upsTrapTestCompleted upsTrapAlarmEntryAdded "
    "upsTrapAlarmEntryRemoved",
    "RFC 4188": "newRoot topologyChange",
    "RFC 2787": "vrrpTrapNewMaster vrrpTrapAuthFailure",
    "RFC 6527": "vrrpv3NewMaster vrrpv3ProtoError",
    "IEEE 802.1AB-2005": "lldpRemTablesChange",
    "ANSI/TIA-1057": "lldpXMedTopologyChangeDetected",
    "RFC 3621": "pethPsePortOnOffNotification pethMainPowerUsageOnNotification "
    "pethMainPowerUsageOffNotification",
    "RFC 2981": "mteTriggerFired mteTriggerRising mteTriggerFalling mteTriggerFailure "
    "mteEventSetFailure",
    "RFC 4560": "pingProbeFailed pingTestFailed pingTestCompleted traceRoutePathChange "
    "traceRouteTestFailed traceRouteTestCompleted",
    "RFC 2819": "risingAlarm fallingAlarm",
    "RFC 3434": "hcRisingAlarm hcFallingAlarm",
    "RFC 3877": "alarmActiveState alarmClearState",
    "RFC 3813": "mplsXCUp mplsXCDown",
    "RFC 3812": "mplsTunnelUp mplsTunnelDown mplsTunnelRerouted mplsTunnelReoptimized",
    "RFC 3815": "mplsLdpInitSessionThresholdExceeded mplsLdpPathVectorLimitMismatch "
    "mplsLdpSessionUp mplsLdpSessionDown",
    "RFC 4382": "mplsL3VpnVrfUp mplsL3VpnVrfDown mplsL3VpnVrfRouteMidThreshExceeded",
    "RFC 7331": "bfdSessUp bfdSessDown",
    "RFC 4444": "isisDatabaseOverload isisAuthenticationFailure isisAdjacencyChange",
    "RFC 5060": "pimNeighborLoss",
    "RFC 4624": "msdpEstablished msdpBackwardTransition",
    "RFC 2115": "frDLCIStatusChange",
    "RFC 4805": "dsx1LineStatusChange",
    "RFC 3896": "dsx3LineStatusChange",
    "RFC 4836": "ifMauJabberTrap",
    "RFC 4878": "dot3OamThresholdEvent dot3OamNonThresholdEvent",
    "net-snmp": "nsNotifyStart nsNotifyShutdown nsNotifyRestart",
}
"""Notifications that a receiver is expected to know, by where they are defined."""

EXPECTED_MIN = 60


def test_the_notifications_of_the_standards_are_known() -> None:
    expected = {name for names in STANDARD.values() for name in names.split()}
    assert len(expected) >= EXPECTED_MIN
    for source, names in STANDARD.items():
        defined = [name for name in MODULES if source in module(name).source]
        known = {found.name for name in defined for found in module(name).notifications}
        assert set(names.split()) - known == set(), source


def test_three_generations_of_bgp_are_told_apart(bundled: MibIndex) -> None:
    # RFC 4273 has given its notifications the OIDs that the traps of RFC 1269 have by RFC 3584.
    assert bundled.oid("bgpEstablishedNotification") == "1.3.6.1.2.1.15.0.1"
    assert bundled.oid("bgpEstablished") == "1.3.6.1.2.1.15.7.1"


def test_every_display_hint_can_be_followed() -> None:
    for name in MODULES:
        facts = module(name)
        known = [(fact.syntax, fact.hint) for fact in facts.objects]
        known += [(fact.syntax, fact.hint) for fact in facts.types]
        for syntax, hint in known:
            if hint is not None and syntax == "octets":
                assert octets_by_hint(b"\1" * 8, hint), (name, hint)
            elif hint is not None:
                assert integer_by_hint(1, hint), (name, hint)
