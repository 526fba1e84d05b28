"""Notifications as the alerting core makes them."""

from collections.abc import Mapping

from trapgate.model import (
    NEVER,
    NS_PER_S,
    Alert,
    GroupId,
    IntegrationId,
    Notification,
    fingerprint,
    parse_rfc3339,
)

AT = parse_rfc3339("2026-11-21T10:00:00.123Z")
DOWN = {"alertname": "InterfaceDown", "device": "r1", "interface": "Gi0/1"}


def alert(
    labels: Mapping[str, str] = DOWN,
    annotations: Mapping[str, str] | None = None,
    *,
    ends_at: int = NEVER,
) -> Alert:
    """An alert that has been firing for a minute."""
    return Alert(
        fingerprint=fingerprint(labels),
        labels=labels,
        annotations={"summary": "Gi0/1 of r1 is down"} if annotations is None else annotations,
        starts_at=AT - 60 * NS_PER_S,
        ends_at=ends_at,
        updated_at=AT,
        received_at=AT - 60 * NS_PER_S,
        generator_url="http://127.0.0.1:9093/rule/1",
    )


def notification(*alerts: Alert, reason: str = "first notification") -> Notification:
    """One notification of the group of device r1."""
    return Notification(
        id='9f1c/{}:{device="r1"}/1',
        key="0" * 64,
        group=GroupId('{}:{device="r1"}', {"device": "r1"}),
        integration=IntegrationId("default", "webhook", 0),
        sequence=1,
        at=AT,
        reason=reason,
        alerts=alerts or (alert(),),
        uncertain=False,
        memory={},
    )
