"""The bundled rules on the lines of every vendor: one rule serves them all."""

import pytest

from decode.syslog.vendors.test_corpus import LINES, event_of
from rules.test_bundled import MATCHER, RULES

NAMES = {rule.uid: rule.alert for rule in RULES}

ALERTS = {
    "interface.state": ("InterfaceDown", {"down": "raise", "up": "clear"}),
    "bgp.state": ("BgpPeerDown", {"down": "raise", "up": "clear"}),
    "ospf.state": ("OspfNeighborDown", {"down": "raise", "up": "clear"}),
    "fan.state": ("FanFailed", {"failed": "raise", "ok": "clear"}),
    "psu.state": ("PowerSupplyFailed", {"failed": "raise", "ok": "clear"}),
    "temperature.state": ("TemperatureHigh", {"high": "raise", "ok": "clear"}),
}


def expected(line: str) -> set[tuple[str, str]]:
    event = event_of(line)
    found = set()
    for field, (alert, verbs) in ALERTS.items():
        verb = verbs.get(str(event.fields.get(field)))
        if event.fields.get(field) == "administratively down":
            verb = "clear"
        if verb is not None:
            found.add((alert, verb))
    return found


@pytest.mark.parametrize("line", [line for line in LINES if "LINEPROTO" not in line])
def test_a_state_raises_or_clears(line: str) -> None:
    matches = MATCHER.matches(event_of(line))
    assert {(NAMES[match.rule], match.verb) for match in matches} == expected(line)


def test_what_cisco_says_twice_counts_once() -> None:
    twice = [line for line in LINES if "LINEPROTO" in line]
    vendors = {str(event_of(line).fields["observer.vendor"]) for line in twice}
    counted = {
        str(event_of(line).fields["observer.vendor"])
        for line in twice
        if MATCHER.matches(event_of(line))
    }
    assert (vendors, counted) == ({"Cisco", "Arista"}, {"Arista"})


def test_every_alert_is_raised_and_cleared_by_some_line() -> None:
    seen = set().union(*map(expected, LINES))
    for alert, verbs in ALERTS.values():
        for verb in verbs.values():
            assert (alert, verb) in seen or alert == "TemperatureHigh"
