"""The webhook's request, field by field."""

import json

import pytest

from golden import Golden
from notify.notifications import AT, DOWN, alert, notification
from trapgate import __version__
from trapgate.config import Duration
from trapgate.model import NS_PER_S, Notification
from trapgate.model.exchange import Done, Failed, HttpRequest, HttpResponse, Retry
from trapgate.notify import WebhookIntegration, WebhookSettings, check_webhook
from trapgate.notify.webhook import common, webhook_message

URL = "http://127.0.0.1:1/hook"
EXTERNAL = "https://trapgate.example.net"

RESOLVED = alert(ends_at=AT - NS_PER_S)
OTHER = alert({**DOWN, "interface": "Gi0/2"}, {"summary": "Gi0/2 of r1 is down", "runbook": "r"})
UNICODE = alert(
    {"alertname": "Störung", "device": "r1", "note": 'quote " backslash \\ tab \t'},
    {"summary": "Zürich → 東京 😀 </script>\u2028\x00"},
)


def request(told: Notification, settings: WebhookSettings) -> HttpRequest:
    step = WebhookIntegration(settings, URL, EXTERNAL).start(told, {})
    assert isinstance(step, HttpRequest)
    return step


@pytest.mark.parametrize(
    ("name", "told", "max_alerts"),
    [
        ("firing", notification(), 0),
        ("resolved", notification(RESOLVED, reason="all alerts resolved"), 0),
        ("firing-and-resolved", notification(RESOLVED, OTHER, reason="new alerts"), 0),
        ("truncated", notification(alert(), OTHER, RESOLVED), 1),
        ("unicode", notification(UNICODE), 0),
    ],
)
def test_the_payload(name: str, told: Notification, max_alerts: int, golden: Golden) -> None:
    body = request(told, WebhookSettings(url=URL, max_alerts=max_alerts)).body
    text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    golden.check(f"webhook-{name}.json", text + "\n")


def test_the_request() -> None:
    asked = request(notification(), WebhookSettings(url=URL))
    assert (asked.method, asked.url, asked.timeout_s) == ("POST", URL, 10.0)
    assert asked.headers == {
        "Content-Type": "application/json",
        "User-Agent": f"trapgate/{__version__}",
        "Idempotency-Key": "9f1c/%7B%7D%3A%7Bdevice%3D%22r1%22%7D/1",
    }
    given = WebhookSettings(url=URL, timeout=Duration.from_text("2500ms"))
    assert request(notification(), given).timeout_s == 2.5


def test_a_repeat_of_the_same_notification_is_byte_for_byte_the_same() -> None:
    settings = WebhookSettings(url=URL)
    assert request(notification(), settings) == request(notification(), settings)


@pytest.mark.parametrize(
    ("max_alerts", "kept", "cut"), [(0, 3, 0), (1, 1, 2), (3, 3, 0), (9, 3, 0)]
)
def test_max_alerts(max_alerts: int, kept: int, cut: int) -> None:
    message = webhook_message(notification(alert(), OTHER, RESOLVED), max_alerts, EXTERNAL)
    alerts = message["alerts"]
    assert isinstance(alerts, list)
    assert (len(alerts), message["truncatedAlerts"]) == (kept, cut)
    assert message["status"] == "firing"


@pytest.mark.parametrize(
    ("sets", "shared"),
    [
        ([], {}),
        ([{"a": "1"}], {"a": "1"}),
        ([{"a": "1", "b": "2"}, {"a": "1", "b": "3"}], {"a": "1"}),
        ([{"a": "1"}, {}], {}),
        ([{"a": "1"}, {"b": "2"}, {"a": "1"}], {}),
    ],
)
def test_what_label_sets_have_in_common(sets: list[dict[str, str]], shared: dict[str, str]) -> None:
    assert common(sets) == shared


def test_how_an_answer_ends_it() -> None:
    webhook = WebhookIntegration(WebhookSettings(url=URL), URL, EXTERNAL)
    assert webhook.next(HttpResponse(204, {}, b"")) == Done()
    assert isinstance(webhook.next(HttpResponse(400, {}, b"")), Failed)
    assert isinstance(webhook.next(HttpResponse(500, {}, b"")), Retry)


@pytest.mark.parametrize(
    ("settings", "summary"),
    [
        (WebhookSettings(), "one of url or url_file must be configured"),
        (WebhookSettings(url=URL, url_file="f"), "one of url or url_file must be configured"),
        (WebhookSettings(url="hooks/s3cret"), "the URL must start with http:// or https://"),
        (WebhookSettings(url="file:///s3cret"), "the URL must start with http:// or https://"),
        (WebhookSettings(url=URL + "/{{ .s3cret }}"), "templates in a URL are not supported yet"),
        (WebhookSettings(url="http://"), "the URL has no host, or a port that cannot be one"),
        (
            WebhookSettings(url="http:///s3cret"),
            "the URL has no host, or a port that cannot be one",
        ),
        (
            WebhookSettings(url="http://h:99999/"),
            "the URL has no host, or a port that cannot be one",
        ),
        (WebhookSettings(url="http://[::1/"), "the URL has no host, or a port that cannot be one"),
        (WebhookSettings(url=URL, max_alerts=-1), "max_alerts must not be negative"),
    ],
)
def test_what_is_refused_without_showing_the_url(settings: WebhookSettings, summary: str) -> None:
    (problem,) = check_webhook(settings)
    assert problem.summary == summary
    assert "s3cret" not in str(problem)


@pytest.mark.parametrize(
    "settings",
    [WebhookSettings(url=URL), WebhookSettings(url="https://h/"), WebhookSettings(url_file="f")],
)
def test_what_is_accepted(settings: WebhookSettings) -> None:
    assert check_webhook(settings) == []
