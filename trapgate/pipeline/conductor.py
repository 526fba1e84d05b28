"""The conductor: gives the alerting core its inputs and carries out its effects.

One asyncio loop owns the core. Commits of all kinds are written together, claims first, by a thread
of the store's own; notifications are sent by tasks; answers go back as inputs. A state store whose
last write is uncertain ends the process: a fresh start reads what is true.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from trapgate.alerting.board import Routing
from trapgate.alerting.core import Core
from trapgate.alerting.protocol import (
    Accepted,
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
from trapgate.model import NEVER, NS_PER_S, Alert, Decision, IntegrationId, Notification, Now
from trapgate.model.exchange import Done, Ending, Failed, Retry
from trapgate.observe import Metrics, logger
from trapgate.ports import History, StateStore
from trapgate.state import StateUnavailable

UNITS_MAX = 2_000
"""Units in one transaction: what a second's storm brings, written in some 50 ms."""

SENDS_MAX = 8
"""Notifications under way at once to one integration; the others wait their turn, claimed and
durable. Each integration has its own turns, so that one that hangs holds up nobody else."""

RECEIVES_MAX = 1_000
"""Receipts of clients (`POST /api/v2/alerts`) that wait for a commit; above it they are told to
come back."""

SLEEP_MAX_S = 3_600.0
"""The longest sleep between two ticks: a tick is harmless, a timer that overflows is not."""

DECISIONS_MAX = 50_000
"""Decisions that wait to be written, some 15 MB; when the history cannot keep up the oldest are
dropped. A run of repeats counts for all that it stands for."""

Deliver = Callable[[IntegrationId, Notification], Awaitable[Ending]]


class NotAccepted(Exception):
    """Alerts could not be made durable; the client should try again. `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Conductor:
    """See the module. `run` is its life; everything else may be called while it runs."""

    def __init__(
        self,
        *,
        core: Core,
        state: StateStore,
        history: History,
        deliver: Deliver,
        metrics: Metrics,
        now: Callable[[], Now],
    ) -> None:
        self.core = core
        self.now = now
        self._state = state
        self._history = history
        self._deliver = deliver
        self._metrics = metrics
        self._history_failures = metrics.counter("trapgate_alerting_history_failures_total")
        self.trouble: str | None = None
        """Why the last commit failed; `None` if it did not."""
        self._claims: list[Commit] = []
        self._commits: list[Commit] = []
        self._decisions: list[tuple[int, Decision]] = []
        self._waiting = 0
        self._receipts: dict[int, asyncio.Future[None]] = {}
        self._token = 0
        self._wake_ns = NEVER
        self._sending: set[asyncio.Task[None]] = set()
        self._committing = False
        self._commits_begun = 0
        self._commit_seen: int | None = None
        self._to_commit = asyncio.Event()
        self._to_remember = asyncio.Event()
        self._to_tick = asyncio.Event()
        self._failing: set[IntegrationId] = set()
        self._turns: dict[IntegrationId, asyncio.Semaphore] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._state_thread = ThreadPoolExecutor(1, "state")
        self._history_thread = ThreadPoolExecutor(1, "history")

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Carry out effects until told to stop; then let sends end, for `grace_s` at most."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            loops = [
                tasks.create_task(self._commit_loop(), name="commit"),
                tasks.create_task(self._tick_loop(), name="tick"),
                tasks.create_task(self._history_loop(), name="history"),
            ]
            await stop.wait()
            await self._drain(grace_s)
            for loop in loops:
                loop.cancel()
        self._remember_rest()
        self._state_thread.shutdown()
        self._history_thread.shutdown()

    @property
    def unit_puts_max(self) -> int:
        """The most alerts and puts that `receive` makes one unit of."""
        return self._state.unit_puts_max

    def goes_on(self) -> bool:
        """Whether the store's thread is not at the same commit as when this was asked last."""
        commit = self._commits_begun if self._committing else None
        stands = commit is not None and commit == self._commit_seen
        self._commit_seen = commit
        return not stands

    def perform(self, effects: Sequence[Effect]) -> None:
        """Carry out effects that the core answered with outside of `give` (start, reload)."""
        for effect in effects:
            self._perform(effect)

    def reconfigure(self, routing: Routing) -> None:
        """Give the core another routing."""
        self.perform(self.core.reconfigure(routing, self.now()))

    async def receive(
        self, alerts: Sequence[Alert], puts: Sequence[tuple[str, bytes | None]] = ()
    ) -> None:
        """Return when alerts and puts are durable. Raises `NotAccepted`. Rules, which bring puts
        and come one at a time, are not held up by clients."""
        if not puts and len(self._receipts) >= RECEIVES_MAX:
            raise NotAccepted("too many alerts are waiting to be written")
        self._token += 1
        token = self._token
        receipt = self._receipts[token] = asyncio.get_running_loop().create_future()
        try:
            self.give(Receive(token, tuple(alerts), tuple(puts)))
            await receipt
        finally:
            self._receipts.pop(token, None)

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Put decisions into the history."""
        if decisions:
            wall_ns = self.now().wall_ns
            self._decisions += [(wall_ns, decision) for decision in decisions]
            self._waiting += sum(decision.times for decision in decisions)
            if self._waiting > DECISIONS_MAX:
                self._drop_oldest_decisions()
            self._to_remember.set()

    def _drop_oldest_decisions(self) -> None:
        count = lost = 0
        while self._waiting - lost > DECISIONS_MAX:
            lost += self._decisions[count][1].times
            count += 1
        del self._decisions[:count]
        self._waiting -= lost
        self._history_failures.inc(lost)

    def give(self, given: Input) -> None:
        """One input to the core."""
        self.perform(self.core.step(given, self.now()))

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Claim():
                self._claims.append(effect)
                self._to_commit.set()
            case Commit():
                self._commits.append(effect)
                self._to_commit.set()
            case Send():
                assert self._tasks is not None
                task = self._tasks.create_task(self._send(effect), name="send")
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            case WakeAt(elapsed_ns=elapsed_ns):
                if elapsed_ns != self._wake_ns:
                    self._wake_ns = elapsed_ns
                    self._to_tick.set()
            case Decided(decision=decision):
                self.decide((decision,))
            case Accepted(token=token):
                self._settle(token, None)
            case Refused(token=token, reason=reason):
                self._settle(token, NotAccepted(reason))

    def _settle(self, token: int, error: NotAccepted | None) -> None:
        receipt = self._receipts.get(token)
        if receipt is None or receipt.done():
            return  # its client has gone
        if error is None:
            receipt.set_result(None)
        else:
            receipt.set_exception(error)

    # -- loops -------------------------------------------------------------------------------

    async def _commit_loop(self) -> None:
        while True:
            await self._to_commit.wait()
            self._to_commit.clear()
            while self._claims or self._commits:
                await self._commit_some()

    async def _commit_some(self) -> None:
        taken: list[Commit] = []
        count = 0
        for queue in (self._claims, self._commits):
            while queue and (not taken or count + len(queue[0].units) <= UNITS_MAX):
                taken.append(queue.pop(0))
                count += len(taken[-1].units)
        units = [unit for commit in taken for unit in commit.units]
        counter = self._metrics.counter("trapgate_alerting_commits_total")
        loop = asyncio.get_running_loop()
        self._committing = True
        self._commits_begun += 1
        try:
            outcomes = await loop.run_in_executor(self._state_thread, self._state.commit, units)
        except StateUnavailable as error:
            logger().error("state.unavailable", reason=error.reason, uncertain=error.uncertain)
            counter.labels("failed").inc(len(units))
            self.trouble = error.reason
            if error.uncertain:
                raise
            for commit in taken:
                self.give(CommitFailed(commit.ticket, error.reason))
            return
        finally:
            self._committing = False
        self.trouble = None
        for outcome in outcomes:
            counter.labels(type(outcome).__name__.lower()).inc()
        at = 0
        for commit in taken:
            end = at + len(commit.units)
            self.give(Committed(commit.ticket, tuple(outcomes[at:end])))
            at = end

    async def _tick_loop(self) -> None:
        while True:
            self._to_tick.clear()
            wait_s = (self._wake_ns - self.now().elapsed_ns) / NS_PER_S
            if wait_s > 0:
                try:
                    async with asyncio.timeout(min(wait_s, SLEEP_MAX_S)):
                        await self._to_tick.wait()
                    continue
                except TimeoutError:
                    pass
            self._wake_ns = NEVER
            self.give(Tick())
            await asyncio.sleep(0)

    async def _history_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._to_remember.wait()
            self._to_remember.clear()
            taken, self._decisions, self._waiting = self._decisions, [], 0
            writing = loop.run_in_executor(self._history_thread, self._remember, taken)
            await asyncio.shield(writing)  # ending this loop must not take back what is queued

    def _remember(self, decisions: Sequence[tuple[int, Decision]]) -> None:
        try:
            self._history.append(decisions)
        except StateUnavailable as error:
            lost = sum(decision.times for _, decision in decisions)
            logger().error("history.unavailable", reason=error.reason, lost=lost)
            self._history_failures.inc(lost)

    def _remember_rest(self) -> None:
        if self._decisions:
            self._history_thread.submit(self._remember, self._decisions)

    # -- notifications -------------------------------------------------------------------------

    async def _send(self, effect: Send) -> None:
        notification = effect.notification
        turns = self._turns.setdefault(notification.integration, asyncio.Semaphore(SENDS_MAX))
        async with turns:
            ending = await self._attempt(notification)
        self._count(notification, ending)
        self.give(Told(effect.channel, notification.sequence, ending))

    async def _attempt(self, notification: Notification) -> Ending:
        try:
            return await self._deliver(notification.integration, notification)
        except Exception as error:  # noqa: BLE001 - the per-item boundary: one notification
            logger().exception("notify.bug", notification=notification.id)
            return Retry(f"trapgate failed: {type(error).__name__}", uncertain=True)

    def _count(self, notification: Notification, ending: Ending) -> None:
        kind = notification.integration.kind
        words = {Done: "done", Retry: "retry", Failed: "failed"}
        outcome = words[type(ending)]
        self._metrics.counter("trapgate_notify_attempts_total").labels(kind, outcome).inc()
        self._metrics.counter("alertmanager_notifications_total").labels(kind).inc()
        self._log(notification, ending)
        if isinstance(ending, Done):
            if notification.reason == "first notification":
                arrived = min((a.received_at for a in notification.alerts), default=notification.at)
                latency_s = (self.now().wall_ns - arrived) / NS_PER_S
                self._metrics.histogram("trapgate_pipeline_latency_seconds").observe(latency_s)
            return
        failed = self._metrics.counter("alertmanager_notifications_failed_total")
        failed.labels(kind, _failure_reason(ending)).inc()

    def _log(self, notification: Notification, ending: Ending) -> None:
        """One line when an integration begins to fail and one when it works again; one for each
        notification that is refused for good."""
        integration = notification.integration
        if isinstance(ending, Failed):
            told = {"notification": notification.id, "reason": ending.reason}
            logger().error("notify.failed", integration=str(integration), **told)
        elif isinstance(ending, Retry) and integration not in self._failing:
            self._failing.add(integration)
            logger().warning("notify.retry", integration=str(integration), reason=ending.reason)
        elif isinstance(ending, Done) and integration in self._failing:
            self._failing.discard(integration)
            logger().info("notify.works-again", integration=str(integration))

    def _under_way(self) -> bool:
        waiting = self._claims or self._commits or self._receipts
        return bool(self._sending or self._committing or waiting)

    async def _drain(self, grace_s: float) -> None:
        """Let what is under way end: commits, sends and their confirmations. Sends that take too
        long are broken off: they are claimed, and are sent again after the next start."""
        try:
            async with asyncio.timeout(grace_s):
                while self._under_way():  # noqa: ASYNC110 - for a moment, at shutdown only
                    await asyncio.sleep(0.01)
        except TimeoutError:
            logger().warning("stop.unfinished", sending=len(self._sending))
            for task in self._sending:
                task.cancel()


def _failure_reason(ending: Retry | Failed) -> str:
    """The reason's category, in Alertmanager's words."""
    if isinstance(ending, Failed):
        return "clientError"
    if "HTTP 429" in ending.reason:
        return "rateLimited"
    return "serverError" if ending.reason.startswith("HTTP 5") else "other"
