"""The alarm `process.failing`: a process that dies again and again does nothing in between.

One that dies once is started again, and goes on from its cursor before anybody misses it.
"""

from collections.abc import Iterable

from trapgate.app.flow import stage_of
from trapgate.observe import Alarm, Metrics

FAILING_S = 120.0
"""A process that dies twice in this time is an alarm, until it has not died for so long: the
longest pause before a start is 30 s, the rest is to come to the same record again."""

DISPENSABLE = frozenset({"index", "decode"})
"""Without index words are found all the same, and without decode ingest decodes alone: slower."""


class Failing:
    """Which processes die again and again. Times are seconds of a clock that is not set."""

    def __init__(self, metrics: Metrics, names: Iterable[str]) -> None:
        self._alarms = {
            name: Alarm(metrics, "process.failing", name)
            for name in names
            if stage_of(name) not in DISPENSABLE
        }
        self._died_at: dict[str, float] = {}

    def died(self, name: str, now_s: float) -> None:
        """A process has died, or could not be started."""
        if name not in self._alarms:
            return
        before = self._died_at.get(name)
        if before is not None and now_s - before <= FAILING_S:
            self._alarms[name].begin()
        self._died_at[name] = now_s

    def watch(self, now_s: float) -> None:
        """End the alarms of those that go on; to be called now and then."""
        for name, died_at in self._died_at.items():
            if now_s - died_at > FAILING_S:
                self._alarms[name].end()
