"""A conductor that runs: with a state store, a receiver that does what it is told, and a clock."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from alerting.samples import routing
from trapgate.alerting.board import Routing
from trapgate.alerting.core import Core
from trapgate.model import Alert, Decision, IntegrationId, Notification, Now, Unit, UnitOutcome
from trapgate.model.exchange import Done, Ending
from trapgate.observe import Metrics
from trapgate.pipeline.conductor import Conductor
from trapgate.state import MemoryStateStore

DEADLINE_S = 10.0
"""How long a test waits for what must come: long enough for a busy machine."""

GRACE_S = 0.2


class Store(MemoryStateStore):
    """Remembers what was committed together. While `gate` is shut a commit waits."""

    def __init__(self) -> None:
        super().__init__()
        self.together: list[list[str]] = []
        self.shut = False

    def commit(self, units: Sequence[Unit]) -> Sequence[UnitOutcome]:
        ends_at = time.monotonic() + DEADLINE_S
        while self.shut and time.monotonic() < ends_at:
            time.sleep(0.001)
        self.together.append([put.key for unit in units for put in unit.puts])
        return super().commit(units)


class Memory:
    """A history that is a list."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []

    def append(self, decisions: Sequence[tuple[int, Decision]]) -> None:
        self.decisions += [decision for _, decision in decisions]

    def search(self, subject: str | None, limit: int) -> Sequence[tuple[int, Decision]]:
        return []


class Site:
    """The conductor and its surroundings."""

    def __init__(self, given: Routing | None = None, store: Store | None = None) -> None:
        self.store = store or Store()
        self.history = Memory()
        self.metrics = Metrics()
        self.told: list[Notification] = []
        self.endings: list[Ending | Exception] = []
        self.hangs = False
        self.stop = asyncio.Event()
        self.conductor = Conductor(
            core=Core(given or routing(group_wait="0s")),
            state=self.store,
            history=self.history,
            deliver=self._deliver,
            metrics=self.metrics,
            now=clock,
        )

    async def _deliver(self, integration: IntegrationId, notification: Notification) -> Ending:
        self.told.append(notification)
        if self.hangs:
            await asyncio.Event().wait()
        ending = self.endings.pop(0) if self.endings else Done()
        if isinstance(ending, Exception):
            raise ending
        return ending

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Conductor]:
        """The conductor's life: restored, then stopped in good order."""
        async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(self.conductor.run(self.stop, GRACE_S))
            await asyncio.sleep(0)
            entries, _ = self.store.load()
            self.conductor.perform(self.conductor.core.restore(entries, clock()))
            try:
                yield self.conductor
            finally:
                self.store.shut = False
                self.stop.set()

    def alerts(self) -> list[Alert]:
        return list(self.conductor.core.board.alerts.values())

    def counted(self, name: str, *labels: str) -> float:
        found: float = self.metrics.counter(name).labels(*labels)._value.get()
        return found


def clock() -> Now:
    return Now(time.time_ns(), time.monotonic_ns())


async def until(holds: Callable[[], object]) -> None:
    """Wait until it does; the site's deadline ends the wait."""
    while not holds():
        await asyncio.sleep(0.001)
