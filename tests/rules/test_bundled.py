"""The rules that come with trapgate: they load, and do what their comments say."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from query.events import RECEIVED_AT, event
from trapgate.model import Event, EventMatches, FieldValue, Now
from trapgate.rules import Matcher, RuleEngine, build_rules

FOLDER = Path(__file__).parents[2] / "rules"
RULES, PROBLEMS = build_rules(
    {path.name: path.read_text() for path in sorted(FOLDER.glob("*.yml"))}
)
MATCHER = Matcher(RULES)
NOW = Now(RECEIVED_AT, 0)

GI = "GigabitEthernet0/1"


def trap(code: str, **varbinds: str) -> Event:
    fields: dict[str, FieldValue] = {f"snmp.vb.{name}": value for name, value in varbinds.items()}
    if "ifDescr" in varbinds:
        fields["interface.name"] = varbinds["ifDescr"]
    return event(code=code, fields=fields, message=f"{code} ...")


def line(provider: str, code: str, fields: Mapping[str, FieldValue]) -> Event:
    fields = {"event.provider": provider, "observer.vendor": "Cisco", **fields}
    return event(kind="syslog.network", code=code, fields=fields, message=f"{code} ...")


def link(state: str, provider: str = "LINK", code: str = "UPDOWN") -> Event:
    return line(provider, code, {"interface.name": GI, "interface.state": state})


def bgp(state: str) -> Event:
    return line("BGP", "ADJCHANGE", {"bgp.neighbor": "10.0.0.2", "bgp.state": state})


def ospf(state: str) -> Event:
    fields = {"ospf.neighbor": "10.0.0.3", "interface.name": GI, "ospf.state": state}
    return line("OSPF", "ADJCHG", fields)


def backward(name: str) -> Event:
    fields = {"snmp.index.bgpPeerRemoteAddr": "10.0.0.2"}
    return event(code=f"BGP4-MIB::{name}", fields=fields)


DOWN = trap("IF-MIB::linkDown", ifDescr=GI, ifAdminStatus="up", ifOperStatus="down")
UP = trap("IF-MIB::linkUp", ifDescr=GI, ifAdminStatus="up", ifOperStatus="up")
SHUT = trap("IF-MIB::linkDown", ifDescr=GI, ifAdminStatus="down")


def run(*events: Event) -> tuple[list[str], list[dict[str, str]]]:
    """Verdicts of these events, and the labels of the alerts that fire in the end."""
    engine = RuleEngine(RULES)
    verdicts = []
    for one in events:
        outcome = engine.feed([EventMatches(one.position, MATCHER.matches(one))], NOW)
        engine.accept(outcome.changes)
        verdicts += [decision.verdict for decision in outcome.decisions]
        assert outcome.template_failures == 0
    raised = [state for state in engine.states.values() if state.condition == "raised"]
    assert all("  " not in state.annotations["summary"] for state in raised)
    return verdicts, [dict(state.labels) for state in raised]


def test_the_bundled_rules_have_no_problems() -> None:
    assert PROBLEMS == ()
    assert {rule.alert for rule in RULES} == {
        "InterfaceDown",
        "BgpPeerDown",
        "OspfNeighborDown",
        "FanFailed",
        "PowerSupplyFailed",
        "TemperatureHigh",
        "EventStorm",
    }


def test_their_identities_stay() -> None:
    """A changed uid ends what fires at every user's next upgrade: not without a line in the
    changelog."""
    assert {rule.alert: rule.uid for rule in RULES} == {
        "InterfaceDown": "77aaa2b5c371c4f8",
        "BgpPeerDown": "d1b97249bae67e30",
        "OspfNeighborDown": "77a165ca2a0f6d66",
        "FanFailed": "90f6711f1dfe47e2",
        "PowerSupplyFailed": "840f00447d963fdc",
        "TemperatureHigh": "57ffa90ab7bd1603",
        "EventStorm": "6c4eff4c22963e2e",
    }


def test_every_rule_tells_its_severity_and_a_summary() -> None:
    for rule in RULES:
        assert rule.labels["severity"] in ("critical", "warning")
        assert "summary" in rule.annotations


@pytest.mark.parametrize("raised", [DOWN, link("down")])
@pytest.mark.parametrize(
    "cleared", [UP, link("up"), SHUT, link("administratively down", code="CHANGED")]
)
def test_an_interface_goes_down_and_comes_back(raised: Event, cleared: Event) -> None:
    labels = {
        "alertname": "InterfaceDown",
        "device": "r1",
        "interface": GI,
        "severity": "critical",
    }
    assert run(raised) == (["raised"], [labels])
    assert run(raised, cleared) == (["raised", "cleared"], [])


def test_trap_and_line_of_one_link_are_one_alert() -> None:
    verdicts, alerts = run(DOWN, link("down"))
    assert (verdicts, len(alerts)) == (["raised", "repeated"], 1)


def test_line_protocol_does_not_count() -> None:
    protocol = link("down", provider="LINEPROTO"), link("up", provider="LINEPROTO")
    assert run(*protocol) == ([], [])


def test_line_protocol_of_others_counts() -> None:
    fields = {"interface.name": GI, "interface.state": "down", "observer.vendor": "Arista"}
    assert run(line("LINEPROTO", "UPDOWN", fields))[0] == ["raised"]


@pytest.mark.parametrize("part", ["fan", "psu", "temperature"])
def test_a_part_fails_and_recovers(part: str) -> None:
    name = "temperature.sensor" if part == "temperature" else f"{part}.name"
    wrong = "high" if part == "temperature" else "failed"
    raised = line("ENV", "X", {name: "1", f"{part}.state": wrong})
    cleared = line("ENV", "Y", {name: "1", f"{part}.state": "ok"})
    assert run(raised)[0] == ["raised"]
    assert run(raised, cleared) == (["raised", "cleared"], [])


def test_a_port_that_was_shut_raises_nothing() -> None:
    assert run(SHUT) == (["nothing-to-clear"], [])


def test_an_interface_may_be_known_by_its_index_only() -> None:
    bare = event(code="IF-MIB::linkDown", fields={"snmp.index.ifIndex": "3"})
    assert run(bare)[1][0]["interface"] == "3"
    assert run(trap("IF-MIB::linkDown", ifIndex="4"))[1][0]["interface"] == "4"


@pytest.mark.parametrize(
    "raised",
    [backward("bgpBackwardTransition"), backward("bgpBackwardTransNotification"), bgp("down")],
)
@pytest.mark.parametrize(
    "cleared",
    [backward("bgpEstablished"), backward("bgpEstablishedNotification"), bgp("up")],
)
def test_a_bgp_peer_is_lost_and_comes_back(raised: Event, cleared: Event) -> None:
    verdicts, (labels,) = run(raised)
    assert (verdicts, labels["peer"]) == (["raised"], "10.0.0.2")
    assert run(raised, cleared) == (["raised", "cleared"], [])


def test_an_ospf_neighbour_is_lost_and_comes_back() -> None:
    verdicts, (labels,) = run(ospf("down"), ospf("INIT"))
    assert (verdicts, labels["neighbor"]) == (["raised"], "10.0.0.3")
    assert run(ospf("down"), ospf("up")) == (["raised", "cleared"], [])


def test_a_storm_is_an_alert_until_it_is_over() -> None:
    limited, recovered = event(code="trapgate.rate-limited"), event(code="trapgate.rate-recovered")
    labels = {"alertname": "EventStorm", "device": "r1", "severity": "warning"}
    assert run(limited, limited) == (["raised", "repeated"], [labels])
    assert run(limited, recovered) == (["raised", "cleared"], [])
