"""`webhook_configs`: an HTTP POST in Alertmanager's webhook format, version 4.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Beyond
Alertmanager: the header `Idempotency-Key` is the notification's id, the same at every attempt, and
a 429 is tried again, after the `Retry-After` that came with it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import ClassVar
from urllib.parse import quote, urlsplit

from trapgate import __version__
from trapgate.config import Duration, Section
from trapgate.model import ZERO_TIME, Alert, Labels, Notification, Problem, rfc3339
from trapgate.model.exchange import Done, HttpRequest, Response, Step
from trapgate.notify.http import refusal

TIMEOUT_DEFAULT_S = 10.0
"""Without a `timeout`: Alertmanager has none of its own either and ends with the flush."""


class WebhookSettings(Section, frozen=True, kw_only=True):
    """One entry of `webhook_configs`."""

    send_resolved: bool = True
    """Whether the receiver is told when alerts are resolved."""

    url: str | None = None
    """Where to POST to; a secret, never shown."""

    url_file: str | None = None
    """A file that holds the URL, instead of `url`."""

    max_alerts: int = 0
    """At most so many alerts in one request; the rest is cut and counted in `truncatedAlerts`.
    0 is all."""

    timeout: Duration = Duration(0)
    """Longest time of one request; 0 is 10s."""

    later: ClassVar[Mapping[str, str]] = {
        "http_config": "proxies, TLS and authentication of receivers come later",
        "payload": "templates of the payload come later",
    }


def check_webhook(settings: WebhookSettings) -> list[Problem]:
    """What the schema cannot say: one URL, absolute, not a template."""
    if (settings.url is None) == (settings.url_file is None):
        summary = "one of url or url_file must be configured"
        return [settings.problem("url", summary, "give the webhook its URL in one of them")]
    if settings.max_alerts < 0:
        return [settings.problem("max_alerts", "max_alerts must not be negative")]
    url = settings.url or "http://"
    if "{{" in url:
        summary = "templates in a URL are not supported yet"
        return [settings.problem("url", summary, code="not-supported-yet")]
    if not url.startswith(("http://", "https://")):
        return [settings.problem("url", "the URL must start with http:// or https://")]
    if settings.url is not None and not _absolute(url):
        return [settings.problem("url", "the URL has no host, or a port that cannot be one")]
    return []


def _absolute(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0  # `port` raises above 65535
    except ValueError:
        return False


class WebhookIntegration:
    """One request, one answer."""

    def __init__(self, settings: WebhookSettings, url: str, external_url: str) -> None:
        self._settings = settings
        self._url = url
        self._external_url = external_url

    def start(self, notification: Notification, memory: Mapping[str, str]) -> Step:
        """The POST."""
        message = webhook_message(notification, self._settings.max_alerts, self._external_url)
        return HttpRequest(
            method="POST",
            url=self._url,
            headers={
                "Content-Type": "application/json",
                "User-Agent": f"trapgate/{__version__}",
                "Idempotency-Key": quote(notification.id, safe="/-"),
            },
            body=json.dumps(message, ensure_ascii=False).encode(),
            timeout_s=self._settings.timeout.seconds or TIMEOUT_DEFAULT_S,
        )

    def next(self, response: Response) -> Step:
        """2xx is done; the rest says itself whether to try again."""
        return refusal(response, self._url) or Done()


def webhook_message(
    notification: Notification, max_alerts: int, external_url: str
) -> Mapping[str, object]:
    """The body: Alertmanager's fields, and `notificationId`."""
    alerts = notification.alerts[:max_alerts] if max_alerts else notification.alerts
    return {
        "version": "4",
        "groupKey": notification.group.key,
        "truncatedAlerts": len(notification.alerts) - len(alerts),
        "notificationId": notification.id,
        "notification_reason": notification.reason,
        "receiver": notification.integration.receiver,
        "status": notification.status(),
        "alerts": [_alert(alert, notification.at) for alert in alerts],
        "groupLabels": notification.group.labels,
        "commonLabels": common(alert.labels for alert in alerts),
        "commonAnnotations": common(alert.annotations for alert in alerts),
        "routeLabels": {},
        "externalURL": external_url,
    }


def _alert(alert: Alert, at: int) -> Mapping[str, object]:
    status = alert.status(at)
    return {
        "status": status,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": rfc3339(alert.starts_at),
        "endsAt": rfc3339(alert.ends_at) if status == "resolved" else ZERO_TIME,
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint,
    }


def common(sets: Iterable[Labels]) -> Labels:
    """What all of these label sets have in common."""
    shared: dict[str, str] | None = None
    for labels in sets:
        if shared is None:
            shared = dict(labels)
        else:
            shared = {name: value for name, value in shared.items() if labels.get(name) == value}
    return shared or {}
