"""Reload is all or nothing: a bad file changes nothing, a good one holds from the next trap on."""

import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from compile.acme import module, scalar
from ports import free_port
from system import peers
from system.running import Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook

pytestmark = pytest.mark.real

OWN_RULE = """\
groups:
- name: own
  rules:
  - alert: PortDown
    match: event.code:"IF-MIB::linkDown"
    clear: event.code:"IF-MIB::linkUp"
    by: {port: interface.name}
"""

LAST_RELOAD = (
    "trapgate_config_last_reload_successful",
    "alertmanager_config_last_reload_successful",
)

RELOADED = "event=reloaded process=core"


@pytest.fixture
def device(trapgate: Trapgate) -> Iterator[Sender]:
    with Sender(trapgate.snmp) as sender:
        yield sender


def by_http(trapgate: Trapgate) -> None:
    answer = trapgate.reload()
    assert (answer.status_code, answer.text) == (200, "")


def by_signal(trapgate: Trapgate) -> None:
    """SIGHUP; that it is done is in the log."""
    before = trapgate.text_of("stderr").count(RELOADED)
    trapgate.signal(signal.SIGHUP)
    eventually(lambda: trapgate.text_of("stderr").count(RELOADED) > before, "reloaded")


Reload = Callable[[Trapgate], None]
WAYS = pytest.mark.parametrize("reload", [by_http, by_signal])


@WAYS
def test_a_new_rule_works_and_a_removed_one_ends_its_alerts(
    reload: Reload, trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")

    trapgate.write("rules/own.yml", OWN_RULE)
    reload(trapgate)
    device.send(link_trap(2))
    eventually(lambda: webhook.confirmed(interface(2), "port"), "the new rule's alert")
    webhook.await_statuses(interface(2), "firing")

    (trapgate.folder / "rules" / "own.yml").unlink()
    reload(trapgate)
    eventually(lambda: not trapgate.alerts('alertname="PortDown"'), "its alert has ended")
    eventually(
        lambda: len(webhook.confirmed(interface(2), "port")) == 2, "its receiver was told so"
    )
    assert not webhook.confirmed(interface(2), "port")[-1].firing
    assert len(trapgate.alerts('alertname="InterfaceDown"')) == 2
    assert trapgate.counted("trapgate_config_last_reload_successful") == 1


def test_http_says_what_is_wrong_and_everything_goes_on(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    processes = set(trapgate.children())
    trapgate.write("rules/own.yml", OWN_RULE.replace("match:", "mach:"))
    answer = trapgate.reload()
    assert answer.status_code == 500
    assert "rules/own.yml:5:5: " in answer.text
    assert 'did you mean "match"?' in answer.text
    assert trapgate.counted("trapgate_config_last_reload_successful") == 0
    assert trapgate.counted("alertmanager_config_last_reload_successful") == 0
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")
    assert set(trapgate.children()) == processes

    trapgate.write("rules/own.yml", OWN_RULE)
    assert trapgate.reload().status_code == 200
    assert trapgate.counted("trapgate_config_last_reload_successful") == 1


def test_sighup_logs_what_is_wrong_and_everything_goes_on(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    processes = set(trapgate.children())
    trapgate.write("rules/own.yml", OWN_RULE.replace("match:", "mach:"))
    trapgate.signal(signal.SIGHUP)
    eventually(lambda: "reload.refused" in trapgate.text_of("stderr"), "refused")
    assert "rules/own.yml:5:5: " in trapgate.text_of("stderr")
    for name in LAST_RELOAD:
        eventually(lambda name=name: trapgate.counted(name) == 0, name)  # type: ignore[misc]
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")
    assert set(trapgate.children()) == processes

    at = "alertmanager_config_last_reload_success_timestamp_seconds"
    started_at = trapgate.counted(at)
    assert 0 <= time.time() - started_at < 300
    trapgate.write("rules/own.yml", OWN_RULE)
    by_signal(trapgate)
    assert [trapgate.counted(name) for name in LAST_RELOAD] == [1, 1]
    assert trapgate.counted(at) >= started_at


def test_a_start_is_a_successful_reload(trapgate: Trapgate) -> None:
    """From the first scrape on, and it stays so when a process is started again."""
    assert [trapgate.counted(name) for name in LAST_RELOAD] == [1, 1]
    trapgate.kill_process("core")
    trapgate.process("core")
    ready = [1, 1]
    eventually(lambda: [trapgate.counted(name) for name in LAST_RELOAD] == ready, "as before")


def test_what_needs_a_restart_says_so(trapgate: Trapgate) -> None:
    trapgate.edit("trapgate.yml", "data: ./data", "data: ./elsewhere")
    answer = trapgate.reload()
    assert answer.status_code == 500
    assert "trapgate.yml:1:1: " in answer.text
    assert "restart trapgate" in answer.text


def with_listener(trapgate: Trapgate, name: str, address: str) -> None:
    """Write one more listener into the file."""
    line = f'- {{name: {name}, protocol: snmp, address: "{address}"}}'
    trapgate.edit("trapgate.yml", "listen:\n", f"listen:\n{line}\n")


@WAYS
def test_listeners_change_and_what_is_open_stays_open(
    reload: Reload, trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    """One more, one less, other senders allowed; a connection is not cut, no datagram is lost."""
    processes = set(trapgate.children())
    port = free_port()
    with socket.create_connection(("127.0.0.1", trapgate.syslog)) as stream:
        stream.sendall(b"<189>one\n")
        eventually(lambda: trapgate.kept() == 1, "the line")
        device.send_all(link_trap(index) for index in range(1, 1001))
        with_listener(trapgate, "more", f"*:{port}")
        trapgate.edit("trapgate.yml", "allow: [192.0.2.0/24]", "allow: [127.0.0.0/8]")
        reload(trapgate)
        device.send_all(link_trap(index) for index in range(1001, 2001))
        stream.sendall(b"<189>two\n")
        with Sender(port) as more, Sender(trapgate.closed) as allowed:
            eventually(lambda: _answers(port), "the new listener is read, and answers")
            answered = trapgate.kept()
            more.send(link_trap(3001))
            allowed.send(link_trap(3002))
            webhook.await_statuses(interface(3001), "firing")
            webhook.await_statuses(interface(3002), "firing")
        assert answered > 0
        assert trapgate.counted("trapgate_listen_datagrams_total", listener="snmp") == 2000
        assert trapgate.counted("trapgate_listen_datagrams_total", listener="syslog-tcp") == 2
        assert trapgate.counted("trapgate_listen_connections", listener="syslog-tcp") == 1

        trapgate.edit(
            "trapgate.yml", f'- {{name: more, protocol: snmp, address: "*:{port}"}}\n', ""
        )
        text = (trapgate.folder / "trapgate.yml").read_text().splitlines(keepends=True)
        trapgate.write("trapgate.yml", "".join(line for line in text if "closed" not in line))
        reload(trapgate)
        eventually(lambda: _free(trapgate.closed), "a port of the start is free")
        eventually(lambda: _free(port), "the port is free again")
        stream.sendall(b"<189>three\n")
        eventually(
            lambda: trapgate.counted("trapgate_listen_datagrams_total", listener="syslog-tcp") == 3,
            "the third line",
        )
    assert set(trapgate.children()) == processes


def _answers(port: int) -> bool:
    """Whether an inform to this port is acknowledged, from where it was sent to."""
    return peers.run("snmpinform", *_INFORM, f"127.0.0.2:{port}", *_LINK_DOWN).returncode == 0


_INFORM = ("-v", "2c", "-c", "public", "-r", "0", "-t", "1")
_LINK_DOWN = ("0", "1.3.6.1.6.3.1.1.5.3")


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def test_a_port_that_is_taken_refuses_the_whole_reload(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken, free = other.getsockname()[1], free_port()
        with_listener(trapgate, "taken", f"127.0.0.1:{taken}")
        with_listener(trapgate, "more", f"127.0.0.1:{free}")
        trapgate.write("rules/own.yml", OWN_RULE)
        answer = trapgate.reload()
        assert answer.status_code == 500
        assert f'"taken" cannot listen on udp 127.0.0.1:{taken}: Address already in' in answer.text
        assert f"sport = :{taken}" in answer.text
        assert _free(free)
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")
    assert trapgate.alerts('alertname="PortDown"') == []
    by_http(trapgate)  # now it can be had
    assert not _free(free)


def test_a_process_that_starts_later_has_the_listeners_of_now(
    trapgate: Trapgate, webhook: Webhook
) -> None:
    port = free_port()
    with_listener(trapgate, "more", f"127.0.0.1:{port}")
    by_http(trapgate)
    trapgate.kill_process("receive")
    with Sender(port) as more:
        more.send(link_trap(1))
        webhook.await_statuses(interface(1), "firing")


def test_a_process_that_starts_later_has_the_reloaded_rules(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    """With the rules of the start it would end the alerts of those that came since."""
    trapgate.write("rules/own.yml", OWN_RULE)
    by_http(trapgate)
    device.send(link_trap(1))
    eventually(lambda: webhook.confirmed(interface(1), "port"), "the new rule's alert")
    trapgate.kill_process("ingest")
    trapgate.kill_process("core")
    device.send(link_trap(2))
    eventually(lambda: webhook.confirmed(interface(2), "port"), "the new rule's alert")
    assert len(trapgate.alerts('alertname="PortDown"')) == 2
    assert all(delivery.firing for delivery in webhook.deliveries)


def test_another_route_takes_over_what_fires(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")
    trapgate.edit("alertmanager.yml", "group_by: ['...']", "group_by: [alertname]")
    by_http(trapgate)
    eventually(lambda: len(webhook.confirmed(interface(1))) >= 2, "told in its new group")
    device.send(link_trap(1, up=True, request_id=2))
    eventually(lambda: trapgate.alerts() == [], "cleared")
    eventually(lambda: not webhook.of(interface(1))[-1].firing, "the new group's clear")

    def groups(*, firing: bool) -> set[str]:
        told = [found for found in webhook.confirmed(interface(1)) if found.firing == firing]
        return {found.body["groupKey"] for found in told}

    assert len(groups(firing=True)) == 2
    eventually(lambda: groups(firing=False) == groups(firing=True), "both groups are cleared")
    owed = "trapgate_alerting_owed_resolves"
    eventually(lambda: trapgate.counted(owed) == 0, "nothing is owed")


def test_what_is_odd_is_logged_and_the_rest_is_taken_over(trapgate: Trapgate) -> None:
    (trapgate.folder / "mibs").mkdir(exist_ok=True)
    trapgate.write("mibs/bad.mib", "BAD-MIB DEFINITIONS ::= BEGIN\nbad ::= ::=\nEND\n")
    assert trapgate.reload().status_code == 200
    warnings = [w for w in trapgate.text_of("stderr").splitlines() if "BAD-MIB does not" in w]
    assert len(warnings) == 1
    assert "mibs/bad.mib:2:1: " in warnings[0]


def test_a_stop_does_not_wait_for_mibs(trapgate: Trapgate) -> None:
    modules = 12  # some seconds of work each
    (trapgate.folder / "mibs").mkdir(exist_ok=True)
    for number in range(modules):
        name = f"big{number}"
        objects = [scalar(f"{name}n{index}", f"{name} {index}") for index in range(1, 2_000)]
        node = f"{name} OBJECT IDENTIFIER ::= {{ enterprises {99_900 + number} }}"
        text = "\n".join([node, *objects])
        imports = "enterprises, OBJECT-TYPE FROM SNMPv2-SMI"
        trapgate.write(f"mibs/{name}.mib", module(f"{name.upper()}-MIB", text, imports))
    compiled = trapgate.folder / "data" / "mibs"
    trapgate.signal(signal.SIGHUP)
    eventually(lambda: list(compiled.glob("*.json")), "one is compiled")
    assert trapgate.stop() == 0
    assert 0 < len(list(compiled.glob("*.json"))) < modules
