"""`notify.log` of `trapgate.yml`: every notification as lines on standard output.

The receiver for a first look, on by default: it needs no account anywhere.
"""

from collections.abc import Mapping

from trapgate.config import Section
from trapgate.model import RULE_LABEL, Alert, Notification, rfc3339
from trapgate.model.exchange import (
    Done,
    Failed,
    Printed,
    PrintLine,
    Response,
    Retry,
    Step,
    Unreachable,
)


class LogSettings(Section, frozen=True, kw_only=True):
    """One entry of `notify.log`."""

    receiver: str
    """The receiver of `alertmanager.yml` that it is attached to."""

    send_resolved: bool = True
    """Whether resolved alerts are printed."""


class LogIntegration:
    """One line for each alert."""

    def start(self, notification: Notification, memory: Mapping[str, str]) -> Step:
        """All lines at once."""
        lines = [alert_line(alert, notification) for alert in notification.alerts]
        return PrintLine("\n".join(lines))

    def next(self, response: Response) -> Step:
        """Printed is done; what could not be printed is tried again."""
        if isinstance(response, Printed):
            return Done()
        if isinstance(response, Unreachable):
            return Retry(response.reason, uncertain=response.sent)
        return Failed("not a printed line")


def alert_line(alert: Alert, notification: Notification) -> str:
    """`2026-11-21T10:00:00Z FIRING InterfaceDown device="r1" (first notification) summary`."""
    status = alert.status(notification.at)
    since = rfc3339(alert.starts_at if status == "firing" else alert.ends_at)
    labels = " ".join(
        f'{name}="{value}"' for name, value in sorted(alert.labels.items()) if name != RULE_LABEL
    )
    summary = alert.annotations.get("summary", "")
    parts = (
        since,
        status.upper(),
        alert.labels.get(RULE_LABEL, "alert"),
        labels,
        f"({notification.reason})",
        summary,
    )
    return printable(" ".join(part for part in parts if part))


def printable(text: str) -> str:
    """Text for a terminal: control characters, escape sequences among them, are made visible."""
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )
