"""Alerts, routings and moments for the tests of alerting: everything has a default."""

from collections.abc import Mapping, Sequence

from trapgate.alerting.board import Routing
from trapgate.alerting.channel import Channel, IntegrationSpec
from trapgate.alerting.route import Route, RouteTimers, build_route
from trapgate.alerting.settings import RouteSettings
from trapgate.config import Duration
from trapgate.model import (
    NEVER,
    NS_PER_S,
    Alert,
    GroupId,
    IntegrationId,
    LogEntry,
    Now,
    fingerprint,
)

T0 = 1_800_000_000
"""The second at which everything starts (2027-01-15)."""

BOOT_S = 5_000
"""Elapsed time at T0: far from the wall clock, so that mixing them up shows."""


def at(second: float) -> int:
    """The instant so many seconds after T0."""
    return T0 * NS_PER_S + int(second * NS_PER_S)


def now(second: float = 0.0) -> Now:
    return Now(at(second), int((BOOT_S + second) * NS_PER_S))


def seconds(count: float) -> int:
    return int(count * NS_PER_S)


def alert(
    name: str = "LinkDown",
    *,
    starts: float = 0.0,
    ends: float | None = None,
    received: float | None = None,
    updated: float | None = None,
    timeout: bool = False,
    episode: int = 1,
    event_ids: tuple[str, ...] = (),
    annotations: Mapping[str, str] | None = None,
    **labels: str,
) -> Alert:
    """An alert with instants in seconds after T0; `ends` of `None` is never."""
    all_labels = {"alertname": name, **labels}
    arrived = starts if received is None else received
    return Alert(
        fingerprint=fingerprint(all_labels),
        labels=all_labels,
        annotations=annotations or {},
        starts_at=at(starts),
        ends_at=NEVER if ends is None else at(ends),
        updated_at=at(arrived if updated is None else updated),
        received_at=at(arrived),
        timeout=timeout,
        episode=episode,
        event_ids=event_ids,
    )


TIMERS = RouteTimers(seconds(30), seconds(300), seconds(3_600))
GROUP = GroupId('{}:{alertname="LinkDown"}', {"alertname": "LinkDown"})
WEBHOOK = IntegrationId("team", "webhook", 0)


def entry(
    *,
    at_s: float = 0.0,
    firing: Sequence[Alert] = (),
    resolved: Sequence[Alert] = (),
    uncertain: Sequence[Alert] = (),
    failed_at_s: float | None = None,
) -> LogEntry:
    """A log entry of a flush at a second after T0."""
    return LogEntry(
        GROUP,
        WEBHOOK,
        T0,
        sequence=1,
        at=at(at_s),
        firing=tuple(alert.fingerprint for alert in firing),
        resolved=tuple(alert.fingerprint for alert in resolved),
        uncertain=tuple(alert.fingerprint for alert in uncertain),
        failed_at=0 if failed_at_s is None else at(failed_at_s),
    )


def channel(held: LogEntry | None = None, *, send_resolved: bool = True) -> Channel:
    made = Channel(GROUP, IntegrationSpec(WEBHOOK, send_resolved), TIMERS)
    made.entry = held
    return made


def tree(settings: RouteSettings, *receivers: str) -> Route:
    """A tree that must be right."""
    route, problems = build_route(settings, receivers)
    assert route is not None, problems
    return route


def routing(
    *routes: RouteSettings,
    group_by: tuple[str, ...] | None = ("alertname",),
    group_wait: str = "30s",
    **receivers: Sequence[bool],
) -> Routing:
    """A routing to `team` with children; receivers are given as one `send_resolved` for each of
    their webhooks."""
    wanted = {"team": (True,), **receivers}
    root = RouteSettings(
        receiver="team",
        group_by=group_by,
        group_wait=Duration.from_text(group_wait),
        group_interval=Duration.from_text("5m"),
        repeat_interval=Duration.from_text("1h"),
        routes=routes,
    )
    integrations = {
        receiver: tuple(
            IntegrationSpec(IntegrationId(receiver, "webhook", index), flag)
            for index, flag in enumerate(flags)
        )
        for receiver, flags in wanted.items()
    }
    return Routing(tree(root, *wanted), integrations)
