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
from collections.abc import Callable, Sequence
from typing import NoReturn

from trapgate.alerting.codec import (
    LOG_PREFIX,
    decode_log,
)
from trapgate.alerting.core import Core
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
    Status,
    Unit,
)
from trapgate.model.exchange import Done, Ending, Retry
from trapgate.state import MemoryStateStore, StateUnavailable

from .promises import check, check_pace, id_of
from .worlds import (
    CALM,
    PROFILES,
    ROUTINGS,
    Faults,
    Receivers,
    bad_luck,
    content_of,
    posted,
)

ACTS = 120
"""Things that happen in one run before the faults stop."""

GAP_MAX_S = 12
"""The longest time between two of them: some fall into a `group_wait`, some after a flush."""

QUIET_S = 2_400
"""Time without faults before the check: the longest `ends_at` (90 s), a `Retry-After` (30 s), the
longest wait between attempts (60 s), a few `group_interval`s and `repeat_interval`s."""

JUMP_MAX_S = 600
"""How far the wall clock is set at once."""

STEPS_MAX = 20_000
"""Several times what the busiest run needs: more is a core that runs in circles."""

OUTAGE_S = 4_000
"""How long a receiver is away in an outage: longer than alerts that have ended are kept."""

EPOCH_NS = 1_800_000_000 * NS_PER_S
BOOT_NS = 1_000 * NS_PER_S


class Broken(AssertionError):
    """Something that must hold does not; the seed and the story say how it came about."""


class Crash(Exception):
    """The process is gone; what is left is the store, and what the receivers know."""


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
        self.steps = 0
        self._order = 0
        self._wake_ns: int = NEVER
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._in_flight: dict[str, Notification] = {}
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
        check(self)

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
        self._queue = []
        self.waiting.clear()
        self.done.clear()
        in_flight, self._in_flight = self._in_flight, {}
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
            jump_ns = self.random.randint(-JUMP_MAX_S * NS_PER_S, JUMP_MAX_S * NS_PER_S)
            self.wall_ns += jump_ns
            self.jumped_ns += abs(jump_ns)
            self.tell(f"the wall clock is set by {jump_ns / NS_PER_S:.3f} s")
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
            alert, status = posted(self.random, self.now())
            alerts.append(alert)
            self.waiting[self.tokens][alert.fingerprint] = status
            self.posts[alert.fingerprint] = (self.tokens, status)
            self.acked[alert.fingerprint] = None
            ends = "never" if alert.ends_at == NEVER else f"{alert.ends_at - self.wall_ns:,}"
            self.tell(f"post {self.tokens}: {alert.fingerprint} {alert.labels}, ends {ends}")
        puts = ((f"c/{self.random.randrange(3)}", b"%d" % self.tokens),)
        cursor = puts if self.chance(0.5) else ()
        self.step(Receive(self.tokens, tuple(alerts), cursor))

    # -- the core's surroundings -------------------------------------------------------------

    def step(self, given: Input) -> None:
        self.steps += 1
        if self.steps > STEPS_MAX:
            self.broken("the core does not come to rest")
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
            self.claimed_at[id_of(entry)] = entry.intent.at
            return
        claimed_at = self.claimed_at.get(id_of(entry))
        confirmed = entry.at == claimed_at and entry.failed_at != claimed_at
        if confirmed and id_of(entry) not in self.acted:
            self.broken(f"{id_of(entry)} is confirmed, but its receiver does not have it")
        self.settled.add(id_of(entry))

    def send(self, channel: ChannelKey, notification: Notification) -> None:
        self.tell(
            f"send {notification.id} ({notification.reason}"
            f"{', uncertain' if notification.uncertain else ''}): "
            + ", ".join(f"{fp} {status}" for fp, status, _, _ in content_of(notification))
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
        return bad_luck(self.random)

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
            check_pace(self, notification)

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

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._queue or self.waiting)


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
