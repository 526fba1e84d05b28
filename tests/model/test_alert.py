"""What an alert, a log entry and a notification say of themselves."""

import msgspec
import pytest

from trapgate.model import (
    NEVER,
    Alert,
    GroupId,
    IntegrationId,
    LogEntry,
    Notification,
    Status,
    fingerprint,
)

LABELS = {"alertname": "A"}
INTEGRATION = IntegrationId("default", "webhook", 0)
GROUP = GroupId("{}:{}", {})


def alert(ends_at: int) -> Alert:
    return Alert(fingerprint(LABELS), LABELS, {}, 0, ends_at, 0, 0)


def notification(*ends_at: int, at: int) -> Notification:
    alerts = tuple(alert(end) for end in ends_at)
    return Notification("id", "key", GROUP, INTEGRATION, 1, at, "why", alerts, False, {})


@pytest.mark.parametrize(
    ("ends_at", "wall_ns", "status"),
    [(NEVER, 100, "firing"), (101, 100, "firing"), (100, 100, "resolved"), (99, 100, "resolved")],
)
def test_an_alert_fires_until_its_end(ends_at: int, wall_ns: int, status: Status) -> None:
    assert alert(ends_at).status(wall_ns) == status


@pytest.mark.parametrize(
    ("ends_at", "status"), [((NEVER, 5), "firing"), ((5, 10), "resolved"), ((), "resolved")]
)
def test_a_notification_fires_if_one_of_its_alerts_does(
    ends_at: tuple[int, ...], status: Status
) -> None:
    assert notification(*ends_at, at=10).status() == status


def test_what_may_have_been_told_is_owed_a_resolve_too() -> None:
    entry = LogEntry(
        GROUP, INTEGRATION, 0, firing=("a", "b"), resolved=("c",), uncertain=("b", "d")
    )
    assert entry.told() == {"a", "b", "d"}


def test_an_integration_has_a_name_for_logs() -> None:
    assert str(INTEGRATION) == "default/webhook/0"


def test_the_persisted_form_comes_back() -> None:
    entry = LogEntry(GROUP, INTEGRATION, 7, firing=("a",), memory={"ticket": "INC1"})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(entry), type=LogEntry) == entry
    assert msgspec.json.decode(msgspec.json.encode(alert(NEVER)), type=Alert) == alert(NEVER)
