"""What the words of a Cisco text say."""

import pytest

from trapgate.decode.syslog.cisco import Body, recognise


@pytest.mark.parametrize(
    ("text", "provider", "code", "severity"),
    [
        ("%LINK-3-UPDOWN: x", "LINK", "UPDOWN", 3),
        ("%SYS-5-CONFIG_I: x", "SYS", "CONFIG_I", 5),
        ("%ROUTING-BGP-5-MAXPFX : x", "ROUTING-BGP", "MAXPFX", 5),
        ("%EARL-SW2_DFC1-1-EXCESSIVE: x", "EARL-SW2_DFC1", "EXCESSIVE", 1),
        ("%SYS-SW1-6-LOGOUT_C6K: x", "SYS-SW1", "LOGOUT_C6K", 6),
        ("%ASA-session-5-106100: x", "ASA-session", "106100", 5),
        ("%OSPFv3-5-ADJCHG: x", "OSPFv3", "ADJCHG", 5),
        ("%A-0-B", "A", "B", 0),
    ],
)
def test_parts(text: str, provider: str, code: str, severity: int) -> None:
    assert recognise(text) == Body(provider, code, severity, {})


@pytest.mark.parametrize(
    "text",
    ["", "%", "LINK-3-UPDOWN: x", "%LINK-8-UPDOWN: x", "%LINK-3-", "%-3-UP: x", "%%01A/4/B(l):x"],
)
def test_what_is_not_cisco(text: str) -> None:
    assert recognise(text) is None


INTERFACE = "interface.name"
STATE = "interface.state"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            "%LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up",
            {INTERFACE: "GigabitEthernet0/1", STATE: "up"},
        ),
        (
            "%LINK-5-CHANGED: Interface Vlan10, changed state to administratively down",
            {INTERFACE: "Vlan10", STATE: "administratively down"},
        ),
        (
            "%LINEPROTO-5-UPDOWN: Line protocol on Interface Serial0/0/0:23, changed state to down",
            {INTERFACE: "Serial0/0/0:23", STATE: "down"},
        ),
        (
            "%LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet25 (to spine, 1), changed "
            "state to down",
            {INTERFACE: "Ethernet25", STATE: "down"},
        ),
        (
            "%BGP-5-ADJCHANGE: neighbor 192.0.2.2 Up",
            {"bgp.neighbor": "192.0.2.2", "bgp.state": "Up"},
        ),
        (
            "%BGP-5-ADJCHANGE: neighbor 2001:db8::2 vpn vrf RED Down BGP Notification sent",
            {"bgp.neighbor": "2001:db8::2", "bgp.state": "Down"},
        ),
        (
            "%OSPF-5-ADJCHG: Process 1, Nbr 192.0.2.2 on GigabitEthernet0/0 from FULL to DOWN, "
            "Neighbor Down: Dead timer expired",
            {"ospf.neighbor": "192.0.2.2", INTERFACE: "GigabitEthernet0/0", "ospf.state": "DOWN"},
        ),
        (
            "%OSPFv3-5-ADJCHG: Process 1, Nbr 192.0.2.2 on Vlan7 from LOADING to FULL, done",
            {"ospf.neighbor": "192.0.2.2", INTERFACE: "Vlan7", "ospf.state": "FULL"},
        ),
        ("%LINK-3-UPDOWN: something else", {}),
        ("%LINK-4-TOOBIG: Interface Ethernet0, changed state to up", {}),
    ],
)
def test_words(text: str, fields: dict[str, str]) -> None:
    body = recognise(text)
    assert body is not None
    assert body.fields == fields
