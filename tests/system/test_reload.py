"""Reload is all or nothing: a bad file changes nothing, a good one holds from the next trap on."""

import signal
from collections.abc import Callable, Iterator

import pytest

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
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")
    assert set(trapgate.children()) == processes


def test_a_port_needs_a_restart(trapgate: Trapgate) -> None:
    trapgate.edit("trapgate.yml", f":{trapgate.syslog}", ":0")
    answer = trapgate.reload()
    assert answer.status_code == 500
    assert "trapgate.yml:2:1: " in answer.text
    assert "restart trapgate" in answer.text


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
