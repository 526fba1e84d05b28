"""Heartbeats: a process that has stopped going on without having died is told of, and ended.

Each process beats as its loop turns, into memory that it shares with the supervisor, so that
neither a full disk nor a dead network looks like a hang. What hangs is asked for its stack
(SIGABRT, which `faulthandler` answers in the log) and killed; then it is started again like any
that died.
"""

import signal
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from trapgate.app.failing import DISPENSABLE
from trapgate.app.flow import stage_of
from trapgate.observe import Alarm, Metrics, logger
from trapgate.spool import SharedNumber

LOOK_MAX_S = 5.0
"""What passes between two looks counts as no more: where the supervisor did not run (a machine that
was asleep, a virtual one that was moved), the others did not run either."""

RECOVERED_S = 3_600.0
"""Who has gone on for so long since it was ended, without a silence that is an alarm, is met with
the first patience again."""


class Patience(msgspec.Struct, frozen=True):
    """How long a process may be silent, in seconds: `alarm` until that is an alarm, which is over
    when it has gone on for as long; `end` until it is ended, `stack` more to say where it hangs.
    No turn that is known takes half of `alarm`; what might (a memory that is built again) beats in
    between. Each time a process was ended `end` doubles, to `end_max`: what only takes long is done
    at last."""

    alarm: float = 60.0
    end: float = 120.0
    end_max: float = 3_600.0
    stack: float = 5.0


class Heartbeat:
    """That of one process. Make it before the fork; it beats in the process of its name alone."""

    def __init__(self) -> None:
        self._shared = SharedNumber()

    @property
    def count(self) -> int:
        """How often it has beaten, in all lives of the process."""
        return self._shared.value

    def beat(self) -> None:
        """The process goes on."""
        self._shared.set(self._shared.value + 1)


class _Watched:
    """A process, as the supervisor sees it."""

    def __init__(self, patience: Patience, alarm: Alarm | None) -> None:
        self.heartbeat = Heartbeat()
        self.silent_s = 0.0
        self.asked = False  # for its stack
        self._patience = patience
        self._end_s = patience.end
        self._alarm = alarm
        self._seen = 0
        self._calm_s = 0.0  # since it was silent for so long that this is an alarm

    def start_anew(self) -> None:
        """Another life begins; the alarm stays until it has gone on for a while: who hangs at a
        record of the spool beats before it comes to it again."""
        if self.asked:
            self._end_s = min(2 * self._end_s, self._patience.end_max)
        self.silent_s, self.asked = 0.0, False

    def look(self, passed_s: float) -> signal.Signals | None:
        """Note whether it has beaten since the last look; what is to be sent to it now."""
        count = self.heartbeat.count
        self._calm_s += passed_s
        if count != self._seen:
            self._seen = count
            self._gone_on()
            return None
        self.silent_s += passed_s
        if self.silent_s >= self._patience.alarm:
            self._calm_s = 0.0
            if self._alarm is not None:
                self._alarm.begin()
        if self.silent_s < self._end_s:
            return None
        if not self.asked:
            self.asked = True
            return signal.SIGABRT
        return signal.SIGKILL if self.silent_s >= self._end_s + self._patience.stack else None

    def _gone_on(self) -> None:
        self.silent_s = 0.0
        if self._calm_s >= RECOVERED_S:
            self._end_s = self._patience.end
        if self._alarm is not None and self._calm_s >= self._patience.alarm:
            self._alarm.end()


class Heartbeats:
    """Those of all processes. Times are seconds of a clock that is not set."""

    def __init__(
        self, names: Iterable[str], metrics: Metrics, patience: Patience | None = None
    ) -> None:
        waits = patience or Patience()
        self._watched: Mapping[str, _Watched] = {
            name: _Watched(waits, _alarm(name, metrics)) for name in names
        }
        self._silence = metrics.gauge("trapgate_pipeline_silent_seconds")
        self._hangs = metrics.counter("trapgate_pipeline_hangs_total")
        self._looked_at: float | None = None

    def of(self, name: str) -> Heartbeat:
        """That of the process of this name."""
        return self._watched[name].heartbeat

    def started(self, name: str) -> None:
        """The process of this name is forked."""
        self._watched[name].start_anew()

    def due(self, running: Iterable[str], now_s: float) -> Iterator[tuple[str, signal.Signals]]:
        """Look at these; who hangs, and which signal it is to get. To be called each second."""
        passed_s = min(LOOK_MAX_S, now_s - (self._looked_at or now_s))
        self._looked_at = now_s
        for name in running:
            watched = self._watched[name]
            sent = watched.look(passed_s)
            self._silence.labels(name).set(watched.silent_s)
            if sent is signal.SIGABRT:
                self._hangs.labels(name).inc()
                logger().error("process.ending", name=name, silent_s=round(watched.silent_s))
            if sent is not None:
                yield name, sent


def _alarm(name: str, metrics: Metrics) -> Alarm | None:
    return None if stage_of(name) in DISPENSABLE else Alarm(metrics, "process.hung", name)
