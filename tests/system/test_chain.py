"""The main job: a trap or a syslog line in, a notification and its clear out, by every way in."""

import itertools
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from system.peers import amtool_alerts, program, ran, run
from system.running import COMMUNITY, Trapgate, command, eventually
from system.webhook import Webhook
from trapgate.model import ZERO_TIME

pytestmark = pytest.mark.real

_indexes = itertools.count(100)
"""Not 1, which `trapgate send trap linkDown` takes."""

_GENERIC = {"down": "2", "up": "3"}
_OID = {"down": "1.3.6.1.6.3.1.1.5.3", "up": "1.3.6.1.6.3.1.1.5.4"}
_NAMES = {"down": "IF-MIB::linkDown", "up": "IF-MIB::linkUp"}


class Port:
    """An interface of its own for each test."""

    def __init__(self) -> None:
        self.index = next(_indexes)
        self.name = f"GigabitEthernet0/{self.index}"

    def varbinds(self) -> tuple[str, ...]:
        """In net-snmp's notation."""
        index, table = str(self.index), "1.3.6.1.2.1.2.2.1"
        return (f"{table}.1.{index}", "i", index, f"{table}.2.{index}", "s", self.name)

    def line(self, state: str) -> str:
        """In Cisco's."""
        return f"%LINK-3-UPDOWN: Interface {self.name}, changed state to {state}"


class Snmptrap:
    """net-snmp's `snmptrap`."""

    def __init__(self, version: str, host: str) -> None:
        self.version = version
        self.host = host

    def __repr__(self) -> str:
        return f"snmptrap -v{self.version} {self.host}"

    def send(self, trapgate: Trapgate, port: Port, state: str) -> None:
        transport = "udp6" if ":" in self.host else "udp"
        target = f"{transport}:{self.host}:{trapgate.snmp}"
        # v1: enterprise, agent, generic trap, specific trap, uptime; v2c: uptime, trap
        head: tuple[str, ...] = ("", _OID[state])
        if self.version == "1":
            head = ("1.3.6.1.4.1.9.1.1", "192.0.2.7", _GENERIC[state], "0", "")
        ran("snmptrap", f"-v{self.version}", "-c", "public", target, *head, *port.varbinds())

    def device(self) -> str:
        return self.host.strip("[]")

    def check(self, event: Mapping[str, Any], port: Port, state: str) -> None:
        check_trap(event, port, state, self.version, self.device())
        if self.version == "1":
            assert event["snmp"]["agent_address"] == "192.0.2.7"


class TrapgateSend:
    """`trapgate send trap`, which needs no net-snmp."""

    def __init__(self, version: str, host: str) -> None:
        self.version = version
        self.host = host

    def __repr__(self) -> str:
        return f"trapgate send trap --version {self.version}"

    def send(self, trapgate: Trapgate, port: Port, state: str) -> None:
        name = "linkDown" if state == "down" else "linkUp"
        variables = (f"ifIndex.{port.index}={port.index}", f"ifDescr.{port.index}={port.name}")
        options = ("--to", f"{self.host}:{trapgate.snmp}", "--version", self.version)
        done = command("trapgate", "send", "trap", name, *variables, *options)
        assert done.returncode == 0, done.stderr

    def device(self) -> str:
        return self.host.strip("[]")

    def check(self, event: Mapping[str, Any], port: Port, state: str) -> None:
        check_trap(event, port, state, self.version, self.device())


class Logger:
    """util-linux' `logger`."""

    def __init__(self, *options: str, host: str = "127.0.0.1") -> None:
        self.options = options
        self.host = host

    def __repr__(self) -> str:
        return " ".join(("logger", *self.options, self.host))

    def send(self, trapgate: Trapgate, port: Port, state: str) -> None:
        target = ("-n", self.host, "-P", str(trapgate.syslog))
        ran("logger", *target, *self.options, "-t", "ios", port.line(state))

    def device(self) -> str:
        return socket.gethostname()

    def check(self, event: Mapping[str, Any], port: Port, state: str) -> None:
        assert event["event"]["module"] == "syslog"
        assert event["event"]["code"] == "UPDOWN"
        assert event["event"]["provider"] == "LINK"
        assert event["event"]["severity"] == 3
        assert event["event"]["parser"] == "cisco-ios"
        assert event["source"]["ip"] == self.host
        assert event["host"]["name"] == self.device()
        assert event["interface"] == {"name": port.name, "state": state}
        assert event["message"] == port.line(state)


def check_trap(event: Mapping[str, Any], port: Port, state: str, version: str, device: str) -> None:
    assert event["event"]["module"] == "snmp"
    assert event["event"]["dataset"] == "snmp.trap"
    assert event["event"]["code"] == _NAMES[state]
    assert event["source"]["ip"] == device
    assert event["host"]["name"] == device
    assert event["interface"]["name"] == port.name
    assert event["snmp"]["version"] == version
    assert event["snmp"]["credential"] == "default"
    assert event["snmp"]["trap"]["oid"] == _OID[state]
    variables = {"ifIndex": str(port.index), "ifDescr": port.name}
    if version == "1":  # what RFC 3584 adds, without the community
        variables["snmpTrapAddress"] = event["snmp"]["agent_address"]
        variables["snmpTrapCommunity"] = "********"
        variables["snmpTrapEnterprise"] = event["snmp"]["enterprise"]
    assert event["snmp"]["vb"] == variables


Way = Snmptrap | TrapgateSend | Logger

WAYS: tuple[Way, ...] = (
    *(Snmptrap(version, host) for version in ("1", "2c") for host in ("127.0.0.1", "[::1]")),
    TrapgateSend("1", "127.0.0.1"),
    TrapgateSend("2c", "[::1]"),
    Logger("-d", "--rfc3164"),
    Logger("-d", "--rfc5424", host="::1"),
    Logger("-T", "--rfc3164"),
    Logger("-T", "--rfc5424"),
    Logger("-T", "--rfc3164", "--octet-count"),
    Logger("-T", "--rfc5424", "--octet-count"),
)


@pytest.mark.parametrize("way", WAYS, ids=repr)
def test_down_up_and_down_again(
    way: Way, shared_trapgate: Trapgate, shared_webhook: Webhook
) -> None:
    trapgate, webhook, port = shared_trapgate, shared_webhook, Port()

    way.send(trapgate, port, "down")
    down = trapgate.event(f'interface.name:"{port.name}"')
    way.check(down, port, "down")
    (alert,) = eventually(lambda: trapgate.alerts(f'interface="{port.name}"'), "an alert")
    labels = {
        "alertname": "InterfaceDown",
        "device": way.device(),
        "interface": port.name,
        "severity": "critical",
    }
    assert alert["labels"] == labels
    (told,) = webhook.await_statuses(port.name, "firing")
    check_firing(told.body, labels, alert, trapgate.url)

    way.send(trapgate, port, "up")
    told, cleared = webhook.await_statuses(port.name, "firing", "resolved")
    way.check(trapgate.event(f'interface.name:"{port.name}"'), port, "up")
    check_resolved(cleared.body, told.body)
    assert trapgate.alerts(f'interface="{port.name}"') == []

    way.send(trapgate, port, "down")
    deliveries = webhook.await_statuses(port.name, "firing", "resolved", "firing")
    assert len({delivery.key for delivery in deliveries}) == 3
    assert all(delivery.status == 200 for delivery in webhook.of(port.name))
    again = trapgate.decisions(alert["fingerprint"])
    assert any(decision["reason"].startswith("episode 2,") for decision in again)


def check_firing(
    body: Mapping[str, Any], labels: Mapping[str, str], alert: Mapping[str, Any], url: str
) -> None:
    """Alertmanager's webhook format, field by field."""
    pairs = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    expected = {
        "version": "4",
        "groupKey": f"{{}}:{{{pairs}}}",
        "truncatedAlerts": 0,
        "receiver": "hook",
        "status": "firing",
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": alert["annotations"],
        "externalURL": url,
    }
    assert {name: body[name] for name in expected} == expected
    (told,) = body["alerts"]
    assert told == {
        "status": "firing",
        "labels": labels,
        "annotations": alert["annotations"],
        "startsAt": alert["startsAt"],
        "endsAt": ZERO_TIME,
        "generatorURL": "",
        "fingerprint": alert["fingerprint"],
    }
    expected_summary = f"{labels['device']}: interface {labels['interface']} is down"
    assert told["annotations"]["summary"] == expected_summary


def check_resolved(body: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """The clear tells of the same alert in the same group."""
    assert body["status"] == "resolved"
    assert body["groupKey"] == told["groupKey"]
    (cleared,), (fired,) = body["alerts"], told["alerts"]
    assert cleared["status"] == "resolved"
    assert cleared["fingerprint"] == fired["fingerprint"]
    assert cleared["labels"] == fired["labels"]
    assert cleared["startsAt"] == fired["startsAt"]
    assert cleared["startsAt"] <= cleared["endsAt"] != ZERO_TIME


def test_amtool_sees_the_alert_come_and_go(
    shared_trapgate: Trapgate, shared_webhook: Webhook
) -> None:
    program("amtool")
    trapgate, port, way = shared_trapgate, Port(), TrapgateSend("2c", "127.0.0.1")
    way.send(trapgate, port, "down")
    (told,) = shared_webhook.await_statuses(port.name, "firing")
    (alert,) = amtool_alerts(trapgate.url, f"interface={port.name}")
    assert alert["labels"] == told.body["commonLabels"]
    assert alert["annotations"] == told.body["commonAnnotations"]
    assert alert["fingerprint"] == told.body["alerts"][0]["fingerprint"]
    assert alert["startsAt"] == told.body["alerts"][0]["startsAt"]
    assert alert["receivers"] == [{"name": "hook"}]
    assert alert["status"]["state"] == "active"
    way.send(trapgate, port, "up")
    shared_webhook.await_statuses(port.name, "firing", "resolved")
    assert amtool_alerts(trapgate.url, f"interface={port.name}") == []


def test_the_first_command_that_the_banner_proposes(
    shared_trapgate: Trapgate, shared_webhook: Webhook
) -> None:
    banner = shared_trapgate.text_of("stdout").splitlines()
    (proposed,) = (line.strip() for line in banner if " send trap linkDown " in line)
    assert proposed == f"trapgate send trap linkDown --to localhost:{shared_trapgate.snmp}"
    assert command(*proposed.split()).returncode == 0
    shared_webhook.await_statuses("GigabitEthernet0/1", "firing")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_an_inform_is_acknowledged(host: str, shared_trapgate: Trapgate) -> None:
    port = Port()
    target = f"{'udp6' if ':' in host else 'udp'}:{host}:{shared_trapgate.snmp}"
    options = ("-v2c", "-c", COMMUNITY, "-r", "0", "-t", "10")
    done = run("snmpinform", *options, target, "", _OID["down"], *port.varbinds())
    assert done.returncode == 0, done.stderr
    event = shared_trapgate.event(f'interface.name:"{port.name}"')
    assert event["snmp"]["pdu_type"] == "inform"
    assert event["snmp"]["credential"] == "lab"


def test_an_inform_with_a_wrong_community_is_not_answered(shared_trapgate: Trapgate) -> None:
    target = f"udp:127.0.0.1:{shared_trapgate.snmp}"
    options = ("-v2c", "-c", "wrong", "-r", "0", "-t", "1")
    done = run("snmpinform", *options, target, "", _OID["down"], *Port().varbinds())
    assert done.returncode != 0
    assert "Timeout" in done.stderr
