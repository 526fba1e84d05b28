"""The alerting core in a world that fails: a deterministic simulation.

One seed is one run. It plays the part of everything around the core, on a virtual clock: a state
store that refuses commits or loses their answers, receivers that refuse, hang, act and do not say
so or answer late, crashes between any two effects, other configurations, and a wall clock that is
set. Then the faults stop, time passes, and what must hold is checked:

- an acknowledged alert is there, in the state that was acknowledged last;
- every alert that fires was told as firing to each integration that it is routed to;
- what a receiver was told as firing, and has ended, was told as resolved;
- one id has one content, and the notifications of a channel take effect in their order;
- what is confirmed was taken by its receiver, and is not sent again; what a receiver has taken is
  sent again only after a crash; without faults nothing is sent twice;
- the core's memory is what a fresh start reads from the store;
- the core never asks to be woken at an instant that has come already.

`python -m tests.alerting.simulation --seeds 10000` runs more seeds than the test does;
`--seed N` runs one, and prints what happened.
"""

import argparse
import heapq
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

import msgspec

from trapgate.alerting.board import Routing
from trapgate.alerting.channel import IntegrationSpec
from trapgate.alerting.codec import (
    ALERT_PREFIX,
    LOG_PREFIX,
    decode_alert,
    decode_log,
    group_hash,
)
from trapgate.alerting.core import Core
from trapgate.alerting.merge import received
from trapgate.alerting.protocol import (
    Accepted,
    ChannelKey,
    Claim,
    Commit,
    CommitFailed,
    Committed,
    Decided,
    Effect,
    Input,
    Receive,
    Refused,
    Send,
    Tick,
    Told,
    WakeAt,
)
from trapgate.alerting.route import Route, build_route
from trapgate.alerting.settings import RouteSettings
from trapgate.config import Duration
from trapgate.model import (
    NEVER,
    NS_PER_MS,
    NS_PER_S,
    Alert,
    Applied,
    IntegrationId,
    LogEntry,
    Notification,
    Now,
    PostedAlert,
    Status,
    Unit,
)
from trapgate.model.exchange import Done, Ending, Failed, Retry
from trapgate.state import MemoryStateStore, StateUnavailable

ACTS = 120
"""Things that happen in one run before the faults stop."""

GAP_MAX_S = 12
"""The longest time between two of them: some fall into a `group_wait`, some after a flush."""

QUIET_S = 2_400
"""Time without faults before the check: the longest `ends_at` (90 s), a `Retry-After` (30 s), the
default `group_interval` of a channel that lost its route (300 s) and a few more of them."""

JUMP_MAX_S = 600
"""How far the wall clock is set at once."""

OUTAGE_S = 4_000
"""How long a receiver is away in an outage: longer than alerts that have ended are kept."""

RESOLVE_TIMEOUT_NS = 60 * NS_PER_S

EPOCH_NS = 1_800_000_000 * NS_PER_S
BOOT_NS = 1_000 * NS_PER_S

DEVICES = ("r1", "r2", "r3")
NAMES = ("LinkDown", "BgpDown", "FanFailed")


class Broken(AssertionError):
    """Something that must hold does not; the seed and the story say how it came about."""


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


class Crash(Exception):
    """The process is gone; what is left is the store, and what the receivers know."""


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


# -- the world -----------------------------------------------------------------------------------


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
        before = self.contents.setdefault(notification.id, _content(notification))
        self.sends[notification.id] = self.sends.get(notification.id, 0) + 1
        if before != _content(notification):
            return f"{notification.id} was {before}, is {_content(notification)}"
        return None

    def act(self, notification: Notification, elapsed_ns: int) -> str | None:
        """Take a notification; returns what is wrong with it."""
        channel = ChannelKey(notification.group.key, notification.integration)
        born, sequence = notification.id.rsplit("/", 1)[-1].split("-")
        place = (int(born, 16), int(sequence))
        if place < self.order.get(channel, place):
            return f"{notification.id} took effect after {self.order[channel]}"
        self.order[channel] = place
        for fingerprint, status, _, _ in _content(notification):
            self.known[channel, fingerprint] = Effective(status, elapsed_ns)
        return None


def _content(notification: Notification) -> Content:
    return tuple(
        (alert.fingerprint, alert.status(notification.at), alert.starts_at, alert.ends_at)
        for alert in notification.alerts
    )


class Simulation:
    """One run of one seed."""

    def __init__(self, seed: int, *, profile: Faults | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.profile = PROFILES[seed % len(PROFILES)] if profile is None else profile
        self.faults = self.profile
        self.story: list[str] = []
        self.elapsed_ns = BOOT_NS
        self.wall_ns = EPOCH_NS
        self.jumped_ns = 0
        self.store = MemoryStateStore()
        self.receivers = Receivers()
        self.settled: set[str] = set()
        self.claimed_at: dict[str, int] = {}
        self.acted: set[str] = set()
        self.done: set[str] = set()
        self.down: set[IntegrationId] = set()
        self.silent_until: dict[IntegrationId, int] = {}
        self.routing = ROUTINGS[0]
        self.posts: dict[str, tuple[int, Status | None]] = {}
        self.acked: dict[str, Status | None] = {}
        self.tokens = 0
        self.waiting: dict[int, dict[str, Status | None]] = {}
        self._order = 0
        self._revive()

    def run(self) -> None:
        """Let things happen, then let faults stop and time pass, and check."""
        self.attempt(lambda: self.perform(self.core.restore(self.store.load()[0], self.now())))
        for _ in range(ACTS):
            self.pass_time(self.random.randrange(GAP_MAX_S * NS_PER_S))
            self.attempt(self.act)
        self.faults = CALM
        self.down.clear()
        self.pass_time(QUIET_S * NS_PER_S + self.jumped_ns)
        while self._queue:  # a repeat may be under way
            self.pass_time(NS_PER_S)
        self.check()

    # -- time and chance ---------------------------------------------------------------------

    def now(self) -> Now:
        return Now(self.wall_ns, self.elapsed_ns)

    def chance(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability

    def pass_time(self, span_ns: int) -> None:
        until = self.elapsed_ns + span_ns
        while True:
            due = min(self._wake_ns, self._queue[0][0] if self._queue else NEVER)
            if due > until:
                break
            self._move_to(due)
            if self._queue and self._queue[0][0] <= due:
                happens = heapq.heappop(self._queue)[2]
                self.attempt(happens)
            else:
                self._wake_ns = NEVER
                self.attempt(lambda: self.step(Tick()))
        self._move_to(until)

    def _move_to(self, elapsed_ns: int) -> None:
        self.wall_ns += elapsed_ns - self.elapsed_ns
        self.elapsed_ns = elapsed_ns

    def later(self, span_ns: int, happens: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._queue, (self.elapsed_ns + span_ns, self._order, happens))

    def tell(self, what: str) -> None:
        self.story.append(f"{(self.elapsed_ns - BOOT_NS) / NS_PER_S:9.3f}  {what}")

    def broken(self, what: str) -> NoReturn:
        self.tell(f"BROKEN: {what}")
        raise Broken(f"seed {self.seed}: {what}")

    # -- crashes -----------------------------------------------------------------------------

    def attempt(self, happens: Callable[[], None]) -> None:
        """Let something happen to the process; start it again if it does not survive."""
        try:
            happens()
        except Crash as crash:
            self.tell(f"crash: {crash}")
            self._revive()
            self.attempt(lambda: self.perform(self.core.restore(self.store.load()[0], self.now())))

    def _revive(self) -> None:
        self.core = Core(self.routing)
        self._claims: list[Commit] = []
        self._commits: list[Commit] = []
        self._wake_ns = NEVER
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self.waiting.clear()
        self.done.clear()
        in_flight, self._in_flight = getattr(self, "_in_flight", {}), {}
        for notification in in_flight.values():
            if self.chance(0.5):  # the bytes had left before the process died
                self.take_effect(notification)

    def boundary(self, where: str) -> None:
        """A place where a process may be killed."""
        if self.chance(self.faults.crash):
            raise Crash(where)

    # -- what happens ------------------------------------------------------------------------

    def act(self) -> None:
        if self.chance(self.faults.jump):
            jump_s = self.random.randint(-JUMP_MAX_S, JUMP_MAX_S)
            self.wall_ns += jump_s * NS_PER_S
            self.jumped_ns += abs(jump_s) * NS_PER_S
            self.tell(f"the wall clock is set by {jump_s} s")
        elif self.chance(self.faults.reload):
            self.reload(self.random.randrange(len(ROUTINGS)))
        elif self.chance(self.faults.outage):
            self.outage()
        else:
            for _ in range(self.random.choice((1, 1, 1, 2, 3))):
                self.post()

    def reload(self, number: int) -> None:
        self._note_silence()
        self.tell(f"routing {number}")
        self.routing = ROUTINGS[number]
        self._note_silence()
        self.perform(self.core.reconfigure(self.routing, self.now()))

    def outage(self) -> None:
        """A receiver is away for long; meanwhile what it knows may end."""
        away = self.random.choice(list(self.routing.specs()))
        self.tell(f"{away} is away")
        self.down.add(away)
        self.post()
        self.pass_time(OUTAGE_S * NS_PER_S)
        self.down.discard(away)

    def _note_silence(self) -> None:
        for spec in self.routing.specs().values():
            if not spec.send_resolved:
                self.silent_until[spec.id] = self.elapsed_ns

    def post(self) -> None:
        self.tokens += 1
        alerts: list[Alert] = []
        self.waiting[self.tokens] = {}
        for _ in range(self.random.choice((1, 1, 1, 2, 4))):
            alert, status = self._posted()
            alerts.append(alert)
            self.waiting[self.tokens][alert.fingerprint] = status
            self.posts[alert.fingerprint] = (self.tokens, status)
            self.acked[alert.fingerprint] = None
            ends = "never" if alert.ends_at == NEVER else f"{alert.ends_at - self.wall_ns:,}"
            self.tell(f"post {self.tokens}: {alert.fingerprint} {alert.labels}, ends {ends}")
        puts = ((f"c/{self.random.randrange(3)}", b"%d" % self.tokens),)
        cursor = puts if self.chance(0.5) else ()
        self.step(Receive(self.tokens, tuple(alerts), cursor))

    def _posted(self) -> tuple[Alert, Status | None]:
        """An alert, and the state in which it must end: `None` if it ends by itself."""
        device = self.random.choice(DEVICES)
        severity = "critical" if device == "r3" else "warning"
        labels = {
            "alertname": self.random.choice(NAMES),
            "device": device,
            "severity": severity,
        }
        starts_at = self.wall_ns - self.random.choice((0, 0, 30)) * NS_PER_S
        raised = PostedAlert(labels, starts_at=starts_at, received_at=self.wall_ns)
        kind = self.random.choice(("raise", "raise", "clear", "clear", "refresh", "expiring"))
        ends_at: int | None = None
        status: Status | None = None
        if kind == "raise":
            ends_at, status = NEVER, "firing"
        elif kind == "clear":
            # as a rule does it: the end is told, the start is the merge's business
            raised = msgspec.structs.replace(raised, starts_at=self.wall_ns)
            ends_at, status = self.wall_ns, "resolved"
        elif kind == "expiring":
            ends_at = self.wall_ns + self.random.randint(1, 90) * NS_PER_S
        posted = msgspec.structs.replace(raised, ends_at=ends_at)
        return received(posted, self.now(), RESOLVE_TIMEOUT_NS), status

    # -- the core's surroundings -------------------------------------------------------------

    def step(self, given: Input) -> None:
        self.perform(self.core.step(given, self.now()))

    def perform(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            self.boundary(f"before {type(effect).__name__}")
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Commit():
                queue = self._claims if isinstance(effect, Claim) else self._commits
                if not self._claims and not self._commits:
                    self.later(self.random.randrange(200 * NS_PER_MS), self.commit)
                queue.append(effect)
            case Send(channel=channel, notification=notification):
                self.send(channel, notification)
            case WakeAt(elapsed_ns=elapsed_ns):
                if elapsed_ns <= self.elapsed_ns:
                    self.broken("the core asks to be woken in the past")
                self._wake_ns = elapsed_ns
            case Accepted(token=token):
                for fingerprint, status in self.waiting.pop(token).items():
                    if self.posts[fingerprint][0] == token:
                        self.acked[fingerprint] = status
                self.tell(f"post {token} is accepted")
            case Refused(token=token, reason=reason):
                del self.waiting[token]
                self.tell(f"post {token} is refused: {reason}")
            case Decided():
                pass

    def commit(self) -> None:
        taken = [*self._claims, *self._commits]
        self._claims, self._commits = [], []
        units = [unit for commit in taken for unit in commit.units]
        if self.chance(self.faults.store):
            uncertain = self.chance(0.3)
            applied = uncertain and self.chance(0.5)
            self.store.fail_next(uncertain=uncertain, applied=applied)
        try:
            outcomes = self.store.commit(units)
        except StateUnavailable as error:
            self._note_settled(units, [])
            if error.uncertain:
                raise Crash("the store did not answer") from error
            self.tell("the store fails")
            for commit in taken:
                self.step(CommitFailed(commit.ticket, error.reason))
            return
        self._note_settled(units, outcomes)
        self.boundary("after a commit")
        at = 0
        for commit in taken:
            end = at + len(commit.units)
            self.step(Committed(commit.ticket, tuple(outcomes[at:end])))
            at = end

    def _note_settled(self, units: Sequence[Unit], outcomes: Sequence[object]) -> None:
        for unit, outcome in zip(units, outcomes, strict=False):
            for put in unit.puts:
                if not isinstance(outcome, Applied) or not put.key.startswith(LOG_PREFIX):
                    continue
                if put.value is not None:
                    self._note_entry(decode_log(put.key, put.value))

    def _note_entry(self, entry: LogEntry) -> None:
        if entry.intent is not None:
            self.claimed_at[_id(entry)] = entry.intent.at
            return
        claimed_at = self.claimed_at.get(_id(entry))
        confirmed = entry.at == claimed_at and entry.failed_at != claimed_at
        if confirmed and _id(entry) not in self.acted:
            self.broken(f"{_id(entry)} is confirmed, but its receiver does not have it")
        self.settled.add(_id(entry))

    def send(self, channel: ChannelKey, notification: Notification) -> None:
        self.tell(
            f"send {notification.id} ({notification.reason}"
            f"{', uncertain' if notification.uncertain else ''}): "
            + ", ".join(f"{fp} {status}" for fp, status, _, _ in _content(notification))
        )
        wrong = self.receivers.sent(notification)
        if wrong is not None:
            self.broken(wrong)
        if notification.id in self.settled:
            self.broken(f"{notification.id} is sent again after it was settled")
        if notification.id in self.done:
            self.broken(f"{notification.id} is sent again after its receiver took it")
        if not notification.alerts:
            self.broken(f"{notification.id} tells nothing")
        ending, acts, again = self._fate(notification)
        hurry = self.random.randrange(1, 4_000) * NS_PER_MS
        self._in_flight[notification.id] = notification
        if acts:
            self.later(hurry // 2, lambda: self.arrive(notification))
        told = Told(channel, notification.sequence, ending)
        self.later(hurry, lambda: self.answer(notification, told))
        if again:  # the answer to an attempt that was given up already
            late = Told(channel, notification.sequence, Done({"ticket": notification.key[:8]}))
            span_s = self.random.choice((1, 6, 60))
            span = self.random.randrange(span_s * NS_PER_S)
            self.later(hurry + span, lambda: self.answer_late(notification, late))

    def _fate(self, notification: Notification) -> tuple[Ending, bool, bool]:
        """How an attempt ends, whether the receiver acts on it, and whether the true answer comes
        late."""
        if notification.integration not in self.routing.specs():
            return Retry("not configured", uncertain=False), False, False
        if notification.integration in self.down:
            return Retry("no route to host", uncertain=self.chance(0.3)), False, False
        if not self.chance(self.faults.receiver):
            return Done({"ticket": notification.key[:8]}), True, False
        match self.random.choice(("busy", "busy", "lost", "acted", "late", "refused")):
            case "busy":
                after_s = self.random.choice((None, 5.0, 30.0))
                return Retry("503", uncertain=False, after_s=after_s), False, False
            case "lost":
                return Retry("timeout", uncertain=True), False, False
            case "acted":
                return Retry("timeout", uncertain=True), True, False
            case "late":
                return Retry("timeout", uncertain=True), True, True
            case _:
                return Failed("400"), False, False

    def arrive(self, notification: Notification) -> None:
        self._in_flight.pop(notification.id, None)
        self.take_effect(notification)

    def take_effect(self, notification: Notification) -> None:
        self.tell(f"{notification.id} takes effect")
        self.acted.add(notification.id)
        wrong = self.receivers.act(notification, self.elapsed_ns)
        if wrong is not None:
            self.broken(wrong)
        if self.profile == CALM:
            self._check_pace(notification)

    def _check_pace(self, notification: Notification) -> None:
        """Without faults the same content comes again only after the repeat interval."""
        channel = ChannelKey(notification.group.key, notification.integration)
        content = frozenset((fp, status) for fp, status, _, _ in _content(notification))
        before, at = self.receivers.last.get(channel, (frozenset(), 0))
        self.receivers.last[channel] = (content, notification.at)
        repeat_ns = self.routing.route.timers.repeat_interval
        wants_ends = self.routing.specs()[channel.integration].send_resolved
        if wants_ends and content == before and notification.at - at < repeat_ns:
            self.broken(f"{notification.id} repeats before the repeat interval is over")

    def answer(self, notification: Notification, told: Told) -> None:
        self._in_flight.pop(notification.id, None)
        self.boundary("before an answer is read")
        self.tell(f"{notification.id} ends: {type(told.ending).__name__}")
        if isinstance(told.ending, Done):
            self.done.add(notification.id)
        self.step(told)

    def answer_late(self, notification: Notification, told: Told) -> None:
        if notification.id not in self._in_flight:  # else it would answer another attempt
            self.tell(f"{notification.id} was taken long ago")
            self.step(told)

    # -- what must hold ----------------------------------------------------------------------

    def check(self) -> None:
        if self._queue or self.waiting:
            self.broken("something is still under way after a long quiet time")
        self._check_acknowledged()
        self._check_told()
        self._check_memory()
        if self.profile == CALM and any(count > 1 for count in self.receivers.sends.values()):
            self.broken("a notification was sent twice though nothing had failed")

    def _check_acknowledged(self) -> None:
        for fingerprint, status in self.acked.items():
            alert = self.core.board.alerts.get(fingerprint)
            found = "resolved" if alert is None else alert.status(self.wall_ns)
            if status is not None and found != status:
                self.broken(f"{fingerprint} was acknowledged as {status}, is {found}")

    def _check_told(self) -> None:
        firing = {
            alert.fingerprint
            for alert in self.core.board.alerts.values()
            if alert.status(self.wall_ns) == "firing"
        }
        for fingerprint in sorted(firing):
            for channel in self._routed(self.core.board.alerts[fingerprint]):
                known = self.receivers.known.get((channel, fingerprint))
                if known is None or known.status != "firing":
                    self.broken(f"{fingerprint} fires, {channel} was not told")
        specs = self.routing.specs()
        for (channel, fingerprint), known in self.receivers.known.items():
            spec = specs.get(channel.integration)
            if known.status == "resolved" or fingerprint in firing or spec is None:
                continue
            if not spec.send_resolved or known.elapsed_ns <= self.silent_until.get(spec.id, 0):
                continue
            self.broken(f"{fingerprint} has ended, {channel} was told at {known.elapsed_ns}")

    def _routed(self, alert: Alert) -> Iterator[ChannelKey]:
        for route in self.routing.route.routes(alert.labels):
            for spec in self.routing.integrations[route.receiver]:
                yield ChannelKey(route.group(alert.labels).key, spec.id)

    def _check_memory(self) -> None:
        entries, _ = self.store.load()
        alerts = {e.key: decode_alert(e.key, e.value) for e in entries if _is(e.key, ALERT_PREFIX)}
        logs = {e.key: decode_log(e.key, e.value) for e in entries if _is(e.key, LOG_PREFIX)}
        board = self.core.board
        if sorted(alerts.values(), key=str) != sorted(board.alerts.values(), key=str):
            self.broken("the alerts in memory are not those in the store")
        if sorted(logs.values(), key=str) != sorted(board.entries(), key=str):
            self.broken("the log in memory is not the one in the store")
        for entry in logs.values():
            if entry.intent is not None and entry.integration in self.routing.specs():
                self.broken(f"{_id(entry)} is still claimed after a long quiet time")
        fresh = Core(self.routing)
        fresh.restore(entries, self.now())
        if fresh.board.alerts != board.alerts:
            self.broken("a fresh start has other alerts")
        if sorted(fresh.board.entries(), key=str) != sorted(board.entries(), key=str):
            self.broken("a fresh start has another log")


def _is(key: str, prefix: str) -> bool:
    return key.startswith(prefix)


def _id(entry: LogEntry) -> str:
    """The id of an entry's last notification; see `Channel.notification_id`."""
    group = group_hash(entry.group.key)[:16]
    return f"{group}/{entry.integration}/{entry.born:x}-{entry.sequence}"


def broken_seeds(seeds: Sequence[int]) -> dict[int, str]:
    """Run seeds; those that break something, with what they broke."""
    found: dict[int, str] = {}
    for seed in seeds:
        try:
            Simulation(seed).run()
        except Broken as broken:
            found[seed] = str(broken)
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Run seeds of the alerting simulation.")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="run this one and print what happened")
    options = parser.parse_args()
    if options.seed is not None:
        simulation = Simulation(options.seed)
        try:
            simulation.run()
        except Broken:
            return 1
        finally:
            print("\n".join(simulation.story))
        return 0
    found = broken_seeds(range(options.first, options.first + options.seeds))
    for text in found.values():
        print(text)
    print(f"{options.seeds} seeds, {len(found)} broken")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
