"""The routing tree: which receivers are told of an alert, in which group, with which timers.

Keys of routes and groups are Alertmanager's byte for byte (`dispatch/route.go`): receivers derive
incident keys from them, so that incidents opened by an Alertmanager are closed by trapgate.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from trapgate.alerting.matchers import Matcher, MatcherError, Matchers, parse_matchers
from trapgate.alerting.settings import RouteSettings
from trapgate.config import Duration, did_you_mean
from trapgate.model import GroupId, Labels, Problem, labels_text

ROUTE_DEPTH_MAX = 50
"""Deeper trees are a mistake, and a bound for recursion."""

_ALL_LABELS = "..."


class RouteTimers(msgspec.Struct, frozen=True):
    """A group's timers, in nanoseconds."""

    group_wait: int
    group_interval: int
    repeat_interval: int


DEFAULT_TIMERS = RouteTimers(
    group_wait=Duration.from_text("30s"),
    group_interval=Duration.from_text("5m"),
    repeat_interval=Duration.from_text("4h"),
)


class Route:
    """A node of the tree, with everything it inherited."""

    def __init__(
        self,
        *,
        parent: "Route | None",
        matchers: Matchers,
        receiver: str,
        group_by: Collection[str] | None,
        timers: RouteTimers,
        continues: bool,
    ) -> None:
        """`group_by` of `None` groups by all labels."""
        self.key: str = f"{parent.key}/{matchers}" if parent else str(matchers)
        self.matchers = matchers
        self.receiver = receiver
        self.group_by = group_by
        self.timers = timers
        self.continues = continues
        self.children: tuple[Route, ...] = ()

    def routes(self, labels: Labels) -> "list[Route]":
        """The nodes that take an alert with these labels: depth first, the first child that
        matches and does not continue is the last; a node whose children do not match is itself
        the one."""
        if not self.matchers.match(labels):
            return []
        found: list[Route] = []
        for child in self.children:
            taken = child.routes(labels)
            found += taken
            if taken and not child.continues:
                break
        return found or [self]

    def group(self, labels: Labels) -> GroupId:
        """The group of this route that an alert with these labels is in."""
        if self.group_by is None:
            own = dict(labels)
        else:
            own = {name: value for name, value in labels.items() if name in self.group_by}
        return GroupId(f"{self.key}:{labels_text(own)}", own)

    def walk(self) -> "Iterator[Route]":
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def build_route(
    settings: RouteSettings, receivers: Sequence[str]
) -> tuple[Route | None, list[Problem]]:
    """Build the tree, or say everything that is wrong with it."""
    builder = _Builder(receivers)
    builder.check_root(settings)
    route = builder.node(settings, None, 1)
    return (None if builder.problems else route), builder.problems


class _Builder:
    def __init__(self, receivers: Sequence[str]) -> None:
        self.receivers = receivers
        self.problems: list[Problem] = []

    def check_root(self, settings: RouteSettings) -> None:
        if settings.receiver is None:
            summary = "root route must specify a default receiver"
            self.problems.append(settings.problem("receiver", summary))
        if settings.matchers or settings.match or settings.match_re:
            summary = "root route must not have any matchers"
            self.problems.append(settings.problem("matchers", summary))
        if settings.continue_:
            self.problems.append(settings.problem("continue", "cannot have continue in root route"))

    def node(self, settings: RouteSettings, parent: Route | None, depth: int) -> Route:
        if settings.receiver is not None and settings.receiver not in self.receivers:
            summary = f'undefined receiver "{settings.receiver}" used in route'
            hint = did_you_mean(settings.receiver, self.receivers)
            self.problems.append(settings.problem("receiver", summary, hint))
        route = Route(
            parent=parent,
            matchers=self.matchers(settings),
            receiver=settings.receiver or (parent.receiver if parent else ""),
            group_by=self.group_by(settings, parent),
            timers=self.timers(settings, parent.timers if parent else DEFAULT_TIMERS),
            continues=settings.continue_,
        )
        if depth < ROUTE_DEPTH_MAX:
            route.children = tuple(self.node(s, route, depth + 1) for s in settings.routes)
        elif settings.routes:
            summary = f"routes are nested deeper than {ROUTE_DEPTH_MAX}"
            self.problems.append(settings.problem("routes", summary))
        return route

    def matchers(self, settings: RouteSettings) -> Matchers:
        found = [Matcher(name, value) for name, value in settings.match.items()]
        found += [Matcher(n, f"^(?:{re})$", "=~") for n, re in settings.match_re.items()]
        try:
            for text in settings.matchers:
                found += parse_matchers(text)
            return Matchers(tuple(found))
        except MatcherError as error:
            self.problems.append(settings.problem("matchers", str(error)))
            return Matchers()

    def group_by(self, settings: RouteSettings, parent: Route | None) -> Collection[str] | None:
        names = settings.group_by
        if names is None:
            return parent.group_by if parent else ()
        if _ALL_LABELS in names:
            if len(names) > 1:
                summary = "cannot have wildcard group_by (`...`) and other labels at the same time"
                self.problems.append(settings.problem("group_by", summary))
            return None
        for name in sorted({name for name in names if names.count(name) > 1}):
            summary = f'duplicated label "{name}" in group_by'
            self.problems.append(settings.problem("group_by", summary))
        return frozenset(names)

    def timers(self, settings: RouteSettings, inherited: RouteTimers) -> RouteTimers:
        for key in ("group_interval", "repeat_interval"):
            if getattr(settings, key) == 0:
                self.problems.append(settings.problem(key, f"{key} cannot be zero"))
        own = {
            name: value
            for name in RouteTimers.__struct_fields__
            if (value := getattr(settings, name)) is not None
        }
        return msgspec.structs.replace(inherited, **own)
