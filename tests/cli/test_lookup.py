"""`trapgate mib lookup`."""

from pathlib import Path

import pytest

from cli.conftest import Trapgate
from compile.acme import ACME


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        (
            "1.3.6.1.2.1.15.3.1.7.192.0.2.1",
            [
                "BGP4-MIB::bgpPeerRemoteAddr.192.0.2.1",
                "kind      column of bgpPeerEntry, indexed by bgpPeerRemoteAddr",
                "index     bgpPeerRemoteAddr = 192.0.2.1",
                "in rules  snmp.vb.bgpPeerRemoteAddr",
                "snmp.index.bgpPeerRemoteAddr",
            ],
        ),
        (".1.3.6.1.2.1.1.5.0", ["SNMPv2-MIB::sysName.0", "kind      scalar", "hint      255a"]),
        ("ifOperStatus", ["IF-MIB::ifOperStatus", "values    up(1), down(2), testing(3)"]),
        ("IF-MIB::ifDescr.7", ["OID       1.3.6.1.2.1.2.2.1.2.7", "index     ifIndex = 7"]),
        (
            "linkDown",
            ["IF-MIB::linkDown", "kind      notification", 'event.code:"IF-MIB::linkDown"'],
        ),
        ("1.3.6.1.2.1.15.7.0.1", ["BGP4-MIB::bgpEstablished", "1.3.6.1.2.1.15.7.1"]),
        ("dot1dBaseBridgeAddress", ["syntax    octets, 6 bytes", "type      MacAddress"]),
        ("bgpPeerState.1.2", ["index     1.2 is not an instance of this row"]),
        ("enterprises", ["SNMPv2-SMI::enterprises", "kind      node"]),
        ("1.3.6.1.2.1.33.1.6.3.2", ["UPS-MIB::upsAlarmOnBattery", "kind      node"]),
    ],
)
def test_what_is_known(trapgate: Trapgate, asked: str, lines: list[str]) -> None:
    result = trapgate("mib", "lookup", asked)
    assert (result.exit_code, result.stderr) == (0, "")
    for line in lines:
        assert line in result.stdout


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("likDown", 'likDown is not known: did you mean "linkDown"?\n'),
        ("IF-MIB::ifDscr.7", 'IF-MIB::ifDscr.7 is not known: did you mean "ifDescr"?\n'),
        ("1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.1 is not known; its module may be missing"),
        ("1", "1 is not known"),
        ("?!", "?! is not known"),
        ("", " is not known"),
    ],
)
def test_what_is_not_known(trapgate: Trapgate, asked: str, said: str) -> None:
    result = trapgate("mib", "lookup", asked)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(said)


def test_ones_own_mibs_are_known(trapgate: Trapgate, folder: Path) -> None:
    (folder / "mibs").mkdir()
    (folder / "mibs/acme.txt").write_text(ACME)
    result = trapgate("mib", "lookup", "1.3.6.1.4.1.99999.1.1.6.1.4.192.0.2.7.103.119")
    assert result.stdout.startswith("ACME-MIB::acmeState.1.4.192.0.2.7.103.119\n")
    assert "acmePeer = 192.0.2.7" in result.stdout
    (folder / "trapgate.yml").write_text("colour: red\n")
    assert trapgate("mib", "lookup", "linkDown").exit_code == 78
