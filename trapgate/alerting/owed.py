"""What an integration is owed about a group, and when: the rules of Alertmanager's dedup stage.

Pure functions of what was told (the log entry), what is (the alerts) and the timers. Source:
Alertmanager `notify/dedup_stage.go`, `dispatch/dispatch.go`. Deviations, each to keep "every firing
once, every clear always":

- an alert that may have been told (an attempt with unknown outcome) counts as told when it
  resolves;
- with `send_resolved: false` the log also forgets single alerts that resolved, not only whole
  groups, so that their next firing is told;
- flushes after the first happen at whole `group_interval`s from the last one's instant, which is
  when it was due and not when the receiver had answered: a `repeat_interval` equal to
  `group_interval` repeats every time, not every second time.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import msgspec

from trapgate.alerting.route import RouteTimers
from trapgate.model import Alert, LogEntry

Reason = Literal[
    "first notification",
    "new alerts added",
    "some alerts resolved",
    "all alerts resolved",
    "repeat interval elapsed",
]


class Owed(msgspec.Struct, frozen=True):
    """A notification that is due: all of these alerts, firing ones first."""

    reason: Reason
    firing: tuple[Alert, ...]
    resolved: tuple[Alert, ...]


def owed(
    entry: LogEntry | None,
    alerts: Iterable[Alert],
    *,
    send_resolved: bool,
    repeat: bool,
    routed: Collection[str],
    wall_ns: int,
) -> Owed | None:
    """What there is to tell at this instant, or nothing.

    `repeat`: the repeat interval is over. `routed` are the alerts that are in the group; of others
    that were told before the routes were changed only the end is news. With `send_resolved`
    false the caller tells the firing ones only and, where there are none, just logs.
    """
    told = entry.told() if entry else frozenset()
    confirmed = frozenset(entry.firing if entry else ())
    firing, resolved = _split(entry, sorted(alerts, key=_age), wall_ns)
    found = Owed("first notification", firing, resolved)
    if not told:
        return found if firing else None
    if not firing:
        return msgspec.structs.replace(found, reason="all alerts resolved")
    here = [alert.fingerprint for alert in firing if alert.fingerprint in routed]
    if any(fingerprint not in confirmed for fingerprint in here):
        return msgspec.structs.replace(found, reason="new alerts added")
    cleared = any(alert.fingerprint in told for alert in resolved)
    if cleared or (resolved and send_resolved):
        return msgspec.structs.replace(found, reason="some alerts resolved")
    if repeat and here:
        return msgspec.structs.replace(found, reason="repeat interval elapsed")
    return None


def _age(alert: Alert) -> tuple[int, str]:
    return alert.starts_at, alert.fingerprint


def _split(
    entry: LogEntry | None, alerts: Sequence[Alert], wall_ns: int
) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
    """The alerts that fire, and those whose end is news: they were told, or they came and went
    since the last flush (in a group that is told anyway)."""
    firing = tuple(alert for alert in alerts if alert.ends_at > wall_ns)
    told = entry.told() if entry else frozenset()
    since = min((alert.received_at for alert in firing), default=wall_ns)
    if entry and told:
        since = entry.at
    logged = frozenset(entry.resolved if entry else ())
    resolved = tuple(
        alert
        for alert in alerts
        if alert.ends_at <= wall_ns
        and (
            alert.fingerprint in told
            or (alert.ends_at >= since and alert.fingerprint not in logged)
        )
    )
    return firing, resolved


def due_at(
    entry: LogEntry | None,
    alerts: Sequence[Alert],
    timers: RouteTimers,
    routed: Collection[str],
    wall_ns: int,
) -> int | None:
    """The instant of the next flush at which there is something to tell, as things are now.

    It is asked for after every change of a group, which may have thousands of alerts: one pass over
    them, without sorting.
    """
    firing, resolved = _split(entry, alerts, wall_ns)
    if entry is None or not entry.told():
        first = _first_flush(firing, timers)
        if first is not None and entry is not None and entry.failed_at:
            return max(first, entry.failed_at + timers.group_interval)
        return first
    here = [alert for alert in firing if alert.fingerprint in routed]
    confirmed = frozenset(entry.firing)
    news = [alert.received_at for alert in here if alert.fingerprint not in confirmed]
    news += [alert.ends_at for alert in resolved]
    wanted = [min(*news, wall_ns)] if news else []
    if here:
        wanted.append(entry.at + timers.repeat_interval)
    base = _not_after(wall_ns, max(entry.at, entry.failed_at), timers.group_interval)
    return _flush_after(base, min(wanted), timers.group_interval) if wanted else None


def _first_flush(firing: Sequence[Alert], timers: RouteTimers) -> int | None:
    """`group_wait` after the group came to be; at once if an alert is older than that already."""
    if not firing:
        return None
    old = [a.received_at for a in firing if a.starts_at + timers.group_wait < a.received_at]
    created = min(alert.received_at for alert in firing)
    return min([*old, created + timers.group_wait])


def _not_after(wall_ns: int, base: int, interval: int) -> int:
    """The last flush's instant, or whole intervals before it if the wall clock was set back since:
    news do not wait until it has caught up."""
    return base - max(0, -(-(base - wall_ns) // interval)) * interval


def _flush_after(base: int, wanted: int, interval: int) -> int:
    """The first whole interval after `base` that is not before `wanted`."""
    return base + max(1, -(-(wanted - base) // interval)) * interval


def repeat_at(entry: LogEntry | None, timers: RouteTimers) -> int | None:
    """When an unchanged group is told again."""
    return entry.at + timers.repeat_interval if entry and entry.firing else None
