"""The core's loop in one test: a clock, a state store with a gate, receivers, and the conductor."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from alerting.samples import routing
from rules import samples
from trapgate.alerting.board import Routing
from trapgate.alerting.codec import LOG_PREFIX, decode_log
from trapgate.alerting.core import Core
from trapgate.alerting.protocol import Tick
from trapgate.model import (
    NS_PER_S,
    UNIT_PUTS_MAX,
    Decision,
    Entry,
    IntegrationId,
    LogEntry,
    Notification,
    Now,
    Unit,
    UnitOutcome,
)
from trapgate.model.exchange import Done, Ending
from trapgate.observe import Metrics
from trapgate.pipeline.conductor import Conductor
from trapgate.state import MemoryStateStore, StateUnavailable

T0 = samples.T0 + 1_000 * NS_PER_S
"""Now: after the matches that `rules.samples` makes, and sooner after them than a group waits."""

DEADLINE_S = 10.0
"""How long a condition may take to come true on a busy machine."""

GRACE_S = 5.0

Deliver = Callable[[IntegrationId, Notification], Awaitable[Ending]]


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.elapsed_ns = 0

    def __call__(self) -> Now:
        return Now(T0 + self.elapsed_ns, 1_000 * NS_PER_S + self.elapsed_ns)


class GatedStore(MemoryStateStore):
    """A state store that notes each transaction, and takes it when the gate is open. The next one
    that writes a key with the prefix `fails_on` fails."""

    def __init__(self, unit_puts_max: int = UNIT_PUTS_MAX) -> None:
        super().__init__(unit_puts_max)
        self.gate = threading.Event()
        self.gate.set()
        self.transactions: list[Sequence[Unit]] = []
        self.fails_on: str | None = None

    def commit(self, units: Sequence[Unit]) -> Sequence[UnitOutcome]:
        self.transactions.append(tuple(units))
        if not self.gate.wait(DEADLINE_S):
            raise TimeoutError("the test has left the gate shut")
        keys = (put.key for unit in units for put in unit.puts)
        if self.fails_on is not None and any(key.startswith(self.fails_on) for key in keys):
            self.fails_on = None
            raise StateUnavailable("told to fail")
        return super().commit(units)

    def entries(self) -> Mapping[str, Entry]:
        return {entry.key: entry for entry in self.load()[0]}

    def log(self) -> list[LogEntry]:
        entries = self.entries().items()
        return [decode_log(k, entry.value) for k, entry in entries if k.startswith(LOG_PREFIX)]


class ListedHistory:
    """A history in memory that can be told to fail, and takes batches when its gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.batches = 0
        self.broken = False
        self.decisions: list[Decision] = []

    def append(self, decisions: Sequence[tuple[int, Decision]]) -> None:
        self.batches += 1
        if not self.gate.wait(DEADLINE_S):
            raise TimeoutError("the test has left the gate shut")
        if self.broken:
            raise StateUnavailable("disk full")
        self.decisions += [decision for _, decision in decisions]

    def search(self, subject: str | None, limit: int) -> Sequence[tuple[int, Decision]]:
        raise NotImplementedError


class Receivers:
    """What was delivered, and what is answered: by default that all is well."""

    def __init__(self) -> None:
        self.told: list[Notification] = []
        self.answer: Deliver = self.accept

    async def deliver(self, integration: IntegrationId, notification: Notification) -> Ending:
        self.told.append(notification)
        return await self.answer(integration, notification)

    async def accept(self, _: IntegrationId, __: Notification) -> Ending:
        return Done()


class CoreSite:
    """A conductor with everything around it. Another one on the same store is its restart."""

    def __init__(
        self,
        store: GatedStore | None = None,
        routes: Routing | None = None,
        now: Callable[[], Now] | None = None,
    ) -> None:
        self.clock = Clock()
        self.now = now or self.clock
        self.store = store or GatedStore()
        self.history = ListedHistory()
        self.receivers = Receivers()
        self.metrics = Metrics()
        self.stop = asyncio.Event()
        self.conductor = Conductor(
            core=Core(routes or routing(group_wait="0s")),
            state=self.store,
            history=self.history,
            deliver=self.receivers.deliver,
            metrics=self.metrics,
            now=self.now,
        )

    @asynccontextmanager
    async def running(self, grace_s: float = GRACE_S) -> AsyncIterator[None]:
        """Run as the core process does, and stop at the end."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.conductor.run(self.stop, grace_s), name="conductor")
            await asyncio.sleep(0)
            entries, _ = self.store.load()
            self.conductor.perform(self.conductor.core.restore(entries, self.now()))
            yield
            self.stop.set()

    def pass_time(self, seconds: float) -> None:
        self.clock.elapsed_ns += int(seconds * NS_PER_S)
        self.conductor.give(Tick())

    def verdicts(self) -> list[str]:
        return [decision.verdict for decision in self.history.decisions]

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


async def breathe() -> None:
    """Let everybody else go on for some turns of the loop."""
    for _ in range(10):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop go on until the condition holds; fail if it does not come to that."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - what the test waits for has no event
            await asyncio.sleep(0.001)
