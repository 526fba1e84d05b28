"""The surroundings of the simulated core: which faults there are, where alerts go, who is told."""

from collections.abc import Sequence
from random import Random

import msgspec

from trapgate.alerting.board import Routing
from trapgate.alerting.channel import IntegrationSpec
from trapgate.alerting.merge import received
from trapgate.alerting.protocol import ChannelKey
from trapgate.alerting.route import Route, build_route
from trapgate.alerting.settings import RouteSettings
from trapgate.config import Duration
from trapgate.model import (
    NEVER,
    NS_PER_S,
    Alert,
    IntegrationId,
    Notification,
    Now,
    PostedAlert,
    Status,
)
from trapgate.model.exchange import Ending, Failed, Retry

DEVICES = ("r1", "r2", "r3")
NAMES = ("LinkDown", "BgpDown", "FanFailed")

ENDS_MAX_S = 90
"""The longest that an alert fires which says itself when it ends."""

RESOLVE_TIMEOUT_NS = 60 * NS_PER_S


class Faults(msgspec.Struct, frozen=True):
    """How likely each fault is, at each occasion."""

    crash: float = 0.0
    store: float = 0.0
    receiver: float = 0.0
    jump: float = 0.0
    reload: float = 0.0
    outage: float = 0.0


CALM = Faults()
HARSH = Faults(crash=0.01, store=0.08, receiver=0.4, jump=0.04, reload=0.08, outage=0.003)
PROFILES = (
    HARSH,
    Faults(receiver=0.6, reload=0.1, outage=0.01),
    Faults(crash=0.03, receiver=0.2),
    Faults(store=0.3, receiver=0.1),
    CALM,
)
"""One of these for each seed: what hides under everything at once may show under less."""


# -- configurations ------------------------------------------------------------------------------


def _routing(route: RouteSettings, **quiet: Sequence[bool]) -> Routing:
    """A routing whose receivers have one webhook for each flag: whether it wants resolves."""
    integrations = {
        receiver: tuple(
            IntegrationSpec(IntegrationId(receiver, "webhook", index), flag)
            for index, flag in enumerate(flags)
        )
        for receiver, flags in quiet.items()
    }
    return Routing(_tree(route, list(quiet)), integrations)


def _tree(settings: RouteSettings, receivers: Sequence[str]) -> Route:
    route, problems = build_route(settings, receivers)
    assert route is not None, problems
    return route


def _root(*routes: RouteSettings, group_by: tuple[str, ...] = ("alertname",)) -> RouteSettings:
    return RouteSettings(
        receiver="team",
        group_by=group_by,
        group_wait=Duration.from_text("2s"),
        group_interval=Duration.from_text("20s"),
        repeat_interval=Duration.from_text("10m"),
        routes=routes,
    )


_PAGE = RouteSettings(matchers=('severity="critical"',), receiver="page", continue_=True)
_QUIET = RouteSettings(matchers=('device="r1"',), receiver="quiet", group_by=("...",))
_STOLEN = RouteSettings(matchers=('device="r2"',), receiver="page")

ROUTINGS = (
    _routing(_root(_PAGE, _QUIET), team=(True, True), page=(True,), quiet=(False,)),
    _routing(_root(group_by=("device",)), team=(True, True), page=(True,), quiet=(False,)),
    _routing(_root(_STOLEN, _PAGE), team=(True, False), page=(True,), quiet=(True,)),
    _routing(_root(_PAGE, _QUIET), team=(True,), page=(), quiet=(False,)),
    _routing(_root(group_by=()), team=(False, True), page=(True,), quiet=(True,)),
)
"""Between them groups change, alerts leave groups that stay, integrations go and come back, and
`send_resolved` is turned."""


# -- what clients post, and how receivers take it ------------------------------------------------


Outcome = tuple[Ending, bool, bool]
"""How an attempt ends, whether the receiver acts on it, whether the true answer comes late."""


def posted(random: Random, now: Now) -> tuple[Alert, Status | None]:
    """An alert, and the state in which it must end: `None` if it ends by itself."""
    device = random.choice(DEVICES)
    severity = "critical" if device == "r3" else "warning"
    labels = {"alertname": random.choice(NAMES), "device": device, "severity": severity}
    starts_at = now.wall_ns - random.choice((0, 0, 30)) * NS_PER_S
    ends_at: int | None = None
    status: Status | None = None
    match random.choice(("raise", "raise", "clear", "clear", "refresh", "expiring")):
        case "raise":
            ends_at, status = NEVER, "firing"
        case "clear":
            starts_at = ends_at = now.wall_ns
            status = "resolved"
        case "expiring":
            ends_at = now.wall_ns + random.randint(1, ENDS_MAX_S) * NS_PER_S
    given = PostedAlert(labels, starts_at=starts_at, ends_at=ends_at)
    return received(given, now, RESOLVE_TIMEOUT_NS), status


def bad_luck(random: Random) -> Outcome:
    """An attempt that does not go well."""
    match random.choice(("busy", "busy", "lost", "acted", "late", "refused")):
        case "busy":
            after_s = random.choice((None, 5.0, 30.0))
            return Retry("503", uncertain=False, after_s=after_s), False, False
        case "lost":
            return Retry("timeout", uncertain=True), False, False
        case "acted":
            return Retry("timeout", uncertain=True), True, False
        case "late":
            return Retry("timeout", uncertain=True), True, True
        case _:
            return Failed("400"), False, False


class Effective(msgspec.Struct, frozen=True):
    """A receiver was told this about an alert, and has acted on it."""

    status: Status
    elapsed_ns: int


Content = tuple[tuple[str, Status, int, int], ...]


class Receivers:
    """What the receivers know: it survives every crash of ours."""

    def __init__(self) -> None:
        self.contents: dict[str, Content] = {}
        self.sends: dict[str, int] = {}
        self.order: dict[ChannelKey, tuple[int, int]] = {}
        self.known: dict[tuple[ChannelKey, str], Effective] = {}
        self.last: dict[ChannelKey, tuple[frozenset[tuple[str, Status]], int]] = {}

    def sent(self, notification: Notification) -> str | None:
        """Look at a notification on the wire; returns what is wrong with it."""
        before = self.contents.setdefault(notification.id, content_of(notification))
        self.sends[notification.id] = self.sends.get(notification.id, 0) + 1
        if before != content_of(notification):
            return f"{notification.id} was {before}, is {content_of(notification)}"
        return None

    def act(self, notification: Notification, elapsed_ns: int) -> str | None:
        """Take a notification; returns what is wrong with it."""
        channel = ChannelKey(notification.group.key, notification.integration)
        born, sequence = notification.id.rsplit("/", 1)[-1].split("-")
        place = (int(born, 16), int(sequence))
        if place < self.order.get(channel, place):
            return f"{notification.id} took effect after {self.order[channel]}"
        self.order[channel] = place
        for fingerprint, status, _, _ in content_of(notification):
            self.known[channel, fingerprint] = Effective(status, elapsed_ns)
        return None


def content_of(notification: Notification) -> Content:
    return tuple(
        (alert.fingerprint, alert.status(notification.at), alert.starts_at, alert.ends_at)
        for alert in notification.alerts
    )
