"""Beside the real Alertmanager: the same `alertmanager.yml`, the same alerts, the same answers.

What trapgate adds (fields newer than Debian's Alertmanager, ids of its own) is left out of the
comparison; whatever Alertmanager says must be there and equal. What later Alertmanagers changed is
not asked here: an empty `group_by` in a child (inherited by 0.25), label names in UTF-8.
"""

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from ports import free_port
from system.peers import program, ran
from system.running import Trapgate, eventually
from system.webhook import Delivery, Webhook

pytestmark = pytest.mark.real

RECEIVERS = ("default", "critical", "database", "everything", "audit")

CONFIGURATION = """\
route:
  receiver: default
  group_by: [alertname, site]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
  routes:
  - receiver: audit
    group_by: [audit]
    matchers: ['audit="yes"']
    continue: true
  - receiver: critical
    group_by: [alertname]
    matchers: [severity="critical", team!="database"]
    routes:
    - receiver: everything
      group_by: ['...']
      matchers: ['site=~"ber.*|ham"']
  - receiver: database
    match: {team: database}
    routes:
    - receiver: default
      match_re: {site: "m.*"}
receivers:
"""

ALERTS: Sequence[Mapping[str, str]] = (
    {"alertname": "LinkDown", "severity": "warning", "site": "ber1", "device": "r1"},
    {"alertname": "LinkDown", "severity": "warning", "site": "ber1", "device": "r2"},
    {"alertname": "LinkDown", "severity": "warning", "device": "r3"},
    {"alertname": "LinkDown", "severity": "critical", "site": "ber1", "device": "r4"},
    {"alertname": "LinkDown", "severity": "critical", "site": "muc", "device": "r5"},
    {"alertname": "LinkDown", "severity": "critical", "site": "muc", "device": "r6"},
    {"alertname": "Slow", "severity": "critical", "team": "database", "site": "ham"},
    {"alertname": "Slow", "severity": "critical", "team": "database", "site": "muc"},
    {"alertname": "Odd", "text": 'quote " backslash \\ newline \n tab \t and ünïcödé 🚨'},
    {"alertname": "Empty", "gone": "", "audit": "yes", "severity": "critical", "site": "ham"},
    {"alertname": "Audited", "audit": "yes"},
)
"""As clients post them: an empty label is one that is not there."""

TOLD = len(ALERTS) + 1
"""One of them goes to two receivers (`continue`)."""

ANNOTATIONS = {"summary": 'es ist <kaputt> & "laut"', "runbook": "https://example.net/r?a=1&b=2"}

START = datetime.now(UTC).replace(microsecond=123_000) - timedelta(seconds=30)
END = datetime.now(UTC).replace(microsecond=456_000) + timedelta(hours=2)

OURS_IN_MESSAGE = {"notificationId", "notification_reason", "routeLabels"}
OURS_IN_ALERT_STATUS = {"mutedBy"}


class Pair:
    """Both of them, with a webhook each that has one path for each receiver."""

    def __init__(self, trapgate: Trapgate, webhook: Webhook, url: str, peer_webhook: Webhook):
        self.trapgate = trapgate
        self.webhook = webhook
        self.url = url
        self.peer_webhook = peer_webhook

    def post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """The same request to both; the same answer from both."""
        for url in (self.url, self.trapgate.url):
            answer = httpx.post(f"{url}/api/v2/alerts", json=alerts, trust_env=False)
            assert (answer.status_code, answer.text) == (200, "")

    def answers(self, path: str, **parameters: str) -> tuple[Any, Any]:
        """What Alertmanager and what trapgate say."""
        theirs, ours = (
            httpx.get(f"{url}{path}", params=parameters, trust_env=False)
            for url in (self.url, self.trapgate.url)
        )
        assert theirs.status_code == ours.status_code, (path, ours.text)
        return theirs.json(), ours.json()


def configuration(webhook: Webhook) -> str:
    receivers = "".join(
        f"- name: {name}\n  webhook_configs:\n  - url: {webhook.url}{name}\n" for name in RECEIVERS
    )
    return CONFIGURATION + receivers


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, shared_trapgate: Trapgate, shared_webhook: Webhook
) -> Iterator[Pair]:
    """Both have the alerts, and have told of them."""
    path = program("prometheus-alertmanager")
    folder, port, webhook = tmp_path_factory.mktemp("alertmanager"), free_port(), Webhook()
    (folder / "alertmanager.yml").write_text(configuration(webhook))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                path,
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
    pair = Pair(shared_trapgate, shared_webhook, f"http://127.0.0.1:{port}", webhook)
    try:
        eventually(lambda: is_ready(pair.url, process, folder / "log"), "Alertmanager is ready")
        shared_trapgate.write("alertmanager.yml", configuration(shared_webhook))
        assert shared_trapgate.reload().status_code == 200
        pair.post([posted(labels) for labels in ALERTS])
        for hook in (webhook, shared_webhook):
            await_told(hook)
        yield pair
    finally:
        process.kill()
        process.wait()
        webhook.close()


def await_told(webhook: Webhook) -> None:
    eventually(lambda: len(firing(webhook)) == TOLD, "all are told")


def is_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200


def posted(labels: Mapping[str, str], **more: str) -> Mapping[str, Any]:
    return {
        "labels": labels,
        "annotations": ANNOTATIONS,
        "startsAt": START.isoformat(),
        "endsAt": END.isoformat(),
        "generatorURL": "http://prometheus.example.net/graph?g0.expr=up",
        **more,
    }


def firing(webhook: Webhook) -> set[tuple[str, str, str]]:
    """What each receiver was told to fire: receiver, group, alert."""
    return {
        (delivery.body["receiver"], delivery.body["groupKey"], alert["fingerprint"])
        for delivery in list(webhook.deliveries)
        for alert in delivery.body["alerts"]
        if alert["status"] == "firing"
    }


def test_the_same_alerts_reach_the_same_receivers_in_the_same_groups(pair: Pair) -> None:
    assert firing(pair.webhook) == firing(pair.peer_webhook)


def whole_groups(webhook: Webhook) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The last message of each group to each receiver: all alerts are in it by then."""
    deliveries: list[Delivery] = list(webhook.deliveries)
    return {(d.body["receiver"], d.body["groupKey"]): comparable(d.body) for d in deliveries}


def comparable(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message without what is trapgate's; the order of its alerts is compared too."""
    message = {name: value for name, value in body.items() if name not in OURS_IN_MESSAGE}
    del message["externalURL"]
    return message


def test_the_messages_are_equal_field_by_field(pair: Pair) -> None:
    assert set(whole_groups(pair.webhook)) == set(whole_groups(pair.peer_webhook))
    for group, theirs in whole_groups(pair.peer_webhook).items():
        assert whole_groups(pair.webhook)[group] == theirs


def without_times(alert: Mapping[str, Any]) -> Mapping[str, Any]:
    status = {k: v for k, v in alert["status"].items() if k not in OURS_IN_ALERT_STATUS}
    return {**{k: v for k, v in alert.items() if k != "updatedAt"}, "status": status}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"filter": 'severity="critical"'},
        {"filter": 'site=~"m.*"'},
        {"filter": 'site!="muc"'},
        {"filter": 'site=""'},
        {"filter": "site!~ber.+"},
        {"receiver": "critical"},
        {"receiver": "crit.*|audit"},
        {"receiver": "crit"},
        {"active": "false"},
        {"silenced": "false", "inhibited": "false"},
    ],
    ids=str,
)
def test_alerts(parameters: Mapping[str, str], pair: Pair) -> None:
    theirs, ours = pair.answers("/api/v2/alerts", **parameters)
    assert [without_times(alert) for alert in ours] == [without_times(alert) for alert in theirs]


@pytest.mark.parametrize(
    "parameters", [{}, {"filter": 'severity="critical"'}, {"receiver": "everything|audit"}], ids=str
)
def test_groups(parameters: Mapping[str, str], pair: Pair) -> None:
    theirs, ours = pair.answers("/api/v2/alerts/groups", **parameters)

    def shown(groups: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "labels": group["labels"],
                "receiver": group["receiver"]["name"],
                "alerts": [without_times(alert) for alert in group["alerts"]],
            }
            for group in groups
        ]

    def key(group: Mapping[str, Any]) -> tuple[str, str]:
        return str(sorted(group["labels"].items())), group["receiver"]

    assert sorted(shown(ours), key=key) == sorted(shown(theirs), key=key)


def test_receivers(pair: Pair) -> None:
    theirs, ours = pair.answers("/api/v2/receivers")

    def names(receivers: Sequence[Mapping[str, Any]]) -> Sequence[str]:
        return [receiver["name"] for receiver in receivers]

    assert names(ours) == names(theirs) == list(RECEIVERS)


def test_status(pair: Pair) -> None:
    theirs, ours = pair.answers("/api/v2/status")
    assert set(theirs) <= set(ours)
    assert set(theirs["versionInfo"]) <= set(ours["versionInfo"])
    assert ours["cluster"] == theirs["cluster"]
    assert "<secret>" in ours["config"]["original"]
    assert pair.webhook.url not in ours["config"]["original"]


@pytest.mark.parametrize(
    "body",
    [
        '[{"labels": {}}]',
        '[{"labels": {"alertname": ""}}]',
        '[{"labels": {"a": "b"}, "startsAt": "2026-01-02T00:00:00Z", '
        '"endsAt": "2026-01-01T00:00:00Z"}]',
        '{"labels": {"a": "b"}}',
        "[",
    ],
)
def test_what_is_refused(body: str, pair: Pair) -> None:
    headers = {"Content-Type": "application/json"}
    theirs, ours = (
        httpx.post(f"{url}/api/v2/alerts", content=body, headers=headers, trust_env=False)
        for url in (pair.url, pair.trapgate.url)
    )
    assert ours.status_code == theirs.status_code == 400


@pytest.mark.parametrize("path", ["/api/v2/alerts", "/api/v2/alerts/groups"])
@pytest.mark.parametrize("parameter", ["filter", "receiver"])
def test_a_bad_parameter_is_refused(parameter: str, path: str, pair: Pair) -> None:
    theirs, ours = (
        httpx.get(f"{url}{path}", params={parameter: '="('}, trust_env=False)
        for url in (pair.url, pair.trapgate.url)
    )
    assert ours.status_code == theirs.status_code == 400


def ways_to_resolve() -> Sequence[Callable[[str, Mapping[str, str]], None]]:
    return (resolve_by_post, resolve_by_amtool)


def resolve_by_post(url: str, labels: Mapping[str, str]) -> None:
    ended = posted(labels, endsAt=datetime.now(UTC).isoformat())
    answer = httpx.post(f"{url}/api/v2/alerts", json=[ended], trust_env=False)
    assert answer.status_code == 200


def resolve_by_amtool(url: str, labels: Mapping[str, str]) -> None:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    end = f"--end={datetime.now(UTC).isoformat()}"
    ran("amtool", f"--alertmanager.url={url}", "alert", "add", end, *pairs)


@pytest.mark.parametrize("resolve", ways_to_resolve())
def test_an_alert_that_is_added_and_resolved(
    resolve: Callable[[str, Mapping[str, str]], None], pair: Pair
) -> None:
    """The last test of the module: it changes what the others look at."""
    labels = {"alertname": resolve.__name__, "severity": "warning", "site": "ber1"}
    come_and_go(pair.url, pair.peer_webhook, labels, resolve)
    come_and_go(pair.trapgate.url, pair.webhook, labels, resolve)
    for theirs, ours in zip(
        told(pair.peer_webhook, labels), told(pair.webhook, labels), strict=True
    ):
        assert without_instants(ours.body) == without_instants(theirs.body)


def come_and_go(
    url: str,
    webhook: Webhook,
    labels: Mapping[str, str],
    resolve: Callable[[str, Mapping[str, str]], None],
) -> None:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    ran("amtool", f"--alertmanager.url={url}", "alert", "add", "--annotation=a=b", *pairs)
    eventually(lambda: told(webhook, labels), "firing")
    resolve(url, labels)
    eventually(lambda: not told(webhook, labels)[-1].firing, "resolved")


def told(webhook: Webhook, labels: Mapping[str, str]) -> list[Delivery]:
    return webhook.of(labels["alertname"], "alertname")


def without_instants(body: Mapping[str, Any]) -> Mapping[str, Any]:
    message = comparable(body)
    (alert,) = message["alerts"]
    rest = {name: value for name, value in alert.items() if name not in ("startsAt", "endsAt")}
    return {**message, "alerts": rest}
