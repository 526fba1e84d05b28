"""What the API shows of the board: alerts with their status, groups as they are routed.

Alerts that have ended are hidden, as Alertmanager hides them. The views are made from a snapshot,
which is cheap to take and does not change, so that a thread may make them while paging goes on.
"""

from collections.abc import Callable, Iterator

import msgspec

from trapgate.alerting.board import Board
from trapgate.alerting.matchers import Matcher, Matchers
from trapgate.alerting.route import Route
from trapgate.model import Alert, Labels, alert_order


class Snapshot(msgspec.Struct, frozen=True):
    """What the board held at a moment: frozen alerts, and the tree that routes them."""

    alerts: tuple[Alert, ...]
    route: Route


def snapshot(board: Board) -> Snapshot:
    """Take a snapshot; it copies references only."""
    return Snapshot(tuple(board.alerts.values()), board.routing.route)


class AlertFilter(msgspec.Struct, frozen=True):
    """Which alerts a client wants. Nothing mutes alerts yet: all are active, so that `active`
    false leaves none."""

    active: bool = True
    matchers: tuple[Matcher, ...] = ()
    receiver: Callable[[str], bool] | None = None


class AlertView(msgspec.Struct, frozen=True):
    """An alert and the receivers that its labels are routed to."""

    alert: Alert
    receivers: tuple[str, ...]


class GroupView(msgspec.Struct, frozen=True):
    """A group of one receiver, its alerts in Alertmanager's order."""

    labels: Labels
    receiver: str
    alerts: tuple[AlertView, ...]


def alerts_view(taken: Snapshot, wanted: AlertFilter, wall_ns: int) -> tuple[AlertView, ...]:
    """The firing alerts that the filter lets through, by fingerprint."""
    views = [view for view, _ in _views(taken, wanted, wall_ns)]
    return tuple(sorted(views, key=lambda view: view.alert.fingerprint))


def groups_view(taken: Snapshot, wanted: AlertFilter, wall_ns: int) -> tuple[GroupView, ...]:
    """The groups of the alerts that the filter lets through, by labels, then receiver."""
    groups: dict[tuple[str, str], tuple[Labels, list[AlertView]]] = {}
    for view, routes in _views(taken, wanted, wall_ns):
        for route in routes:
            if wanted.receiver is None or wanted.receiver(route.receiver):
                group = route.group(view.alert.labels)
                groups.setdefault((group.key, route.receiver), (group.labels, []))[1].append(view)
    found = [
        GroupView(labels, receiver, tuple(sorted(views, key=lambda v: alert_order(v.alert.labels))))
        for (_, receiver), (labels, views) in groups.items()
    ]
    return tuple(sorted(found, key=lambda g: (sorted(g.labels.items()), g.receiver)))


def _views(
    taken: Snapshot, wanted: AlertFilter, wall_ns: int
) -> Iterator[tuple[AlertView, list[Route]]]:
    """What the filter lets through, each with its routes: an alert is routed once."""
    if not wanted.active:
        return
    matchers = Matchers(wanted.matchers)
    for alert in taken.alerts:
        if alert.status(wall_ns) == "resolved" or not matchers.match(alert.labels):
            continue
        routes = taken.route.routes(alert.labels)
        receivers = tuple(dict.fromkeys(route.receiver for route in routes))
        if wanted.receiver is None or any(map(wanted.receiver, receivers)):
            yield AlertView(alert, receivers), routes
