"""Writing behind: a store that is slow or away does not hold up who feeds it.

In: batches of events. Out: receipts, which become durable in the order of the batches, when the
store has them. In between is a *window* of bounded size, and a thread that writes it: several
batches in one write if they are small, and again and again as long as the store is away. What is in
the window when the process dies is still in the spool, behind the cursor of who handed it over.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from typing import NamedTuple

from trapgate.model import NS_PER_S, Event
from trapgate.observe import Metrics
from trapgate.pipeline.leg import DURABLE, Blocked, Receipt

WINDOW_EVENTS_MAX = 16_384
"""Events that may wait: eight batches of ingest, some 50 MB; seconds of what a server takes, so
that a hiccup of it is not noticed, and little enough to be written again after a crash."""

WINDOW_BYTES_MAX = 64 * 1024 * 1024
"""The same in bytes, where events are large."""

WINDOW_BATCHES_MAX = 1_024
"""The same in batches: of quiet devices each has an event or none."""

REOPEN_SHARE = 0.5
"""A window that was full takes batches again when it is down to this part: who feeds it had to go
another way, and that is not worth while for one batch."""

WRITE_EVENTS_MAX = 8_192
WRITE_BYTES_MAX = 8 * 1024 * 1024
"""Batches are joined to writes of this size at most: servers take between 5 and 15 MB best. A batch
that is larger is a write of its own."""

EVENT_BYTES = 1_024
"""What an event takes beside its message and its bytes, about."""

RETRY_FIRST_S = 0.5
RETRY_MAX_S = 10.0
"""Waits before a write is tried again double from the first to the last: when the store is back
that is noticed within ten seconds. Each is shortened by chance, by half at the most, so that many
gateways do not come back together."""


IDLE_S = 30.0
"""While nothing is to be written the store is asked this often whether it would take it: who is on
call learns of a wrong password or a dead server before the first event does."""


class _Waiting(NamedTuple):
    events: Sequence[Event]
    size_bytes: int
    receipt: Receipt


class WriteBehind:
    """The window before a store, and the thread that writes it."""

    def __init__(
        self,
        write: Callable[[Sequence[Event]], Receipt],
        metrics: Metrics,
        *,
        on_written: Callable[[], None],
        elapsed_ns: Callable[[], int],
        pause: Callable[[float], object] | None = None,
        idle: Callable[[], object] = lambda: None,
    ) -> None:
        """`write` returns when all is durable, with what of it is lost, and raises `Blocked` if
        that cannot be now; it is called in the thread, as is `on_written`, when receipts have
        become durable. `pause` waits so many seconds, or shorter if the window is to be closed.
        `idle` is called in the thread at first, and every `IDLE_S` while nothing waits."""
        self._write = write
        self._on_written = on_written
        self._elapsed_ns = elapsed_ns
        self._closing = threading.Event()
        self._pause = pause or self._closing.wait
        self._idle = idle
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._events = self._bytes = 0
        self._was_full = False
        self._moved_at_ns = 0
        self._bug: Exception | None = None
        self._window = metrics.gauge("trapgate_store_window_events")
        self._stalled = metrics.gauge("trapgate_store_stalled_seconds")
        self._thread = threading.Thread(
            # a thread has no context of its own making: its log lines would name no process
            target=copy_context().run,
            args=(self._run,),
            name="store",
            daemon=True,
        )
        self._thread.start()

    def room(self) -> bool:
        """Whether another batch may be taken. Raises `RuntimeError` if the thread has failed by a
        bug: what it has not written is in the spool, for the process that comes after this one."""
        if self._bug is not None:
            raise RuntimeError("the thread that writes to the store has failed") from self._bug
        with self._changed:
            share = REOPEN_SHARE if self._was_full else 1
            self._was_full = (
                self._events >= WINDOW_EVENTS_MAX * share
                or self._bytes >= WINDOW_BYTES_MAX * share
                or len(self._waiting) >= WINDOW_BATCHES_MAX * share
            )
            return not self._was_full

    def take(self, events: Sequence[Event]) -> Receipt:
        """Take a batch whole: `room` was asked before. One without events is durable when those
        before it are."""
        waiting = _Waiting(events, sum(map(_size_bytes, events)), Receipt())
        with self._changed:
            if not self._waiting:
                self._moved_at_ns = self._elapsed_ns()
            self._waiting.append(waiting)
            self._count(waiting, 1)
            self._changed.notify()
        return waiting.receipt

    def measure(self) -> None:
        """Show for how long nothing was written although something waits."""
        with self._changed:
            since_ns = self._elapsed_ns() - self._moved_at_ns if self._waiting else 0
        self._stalled.set(since_ns / NS_PER_S)

    def close(self, within_s: float) -> bool:
        """Write what waits, if the store takes it at the first try and in this time; whether
        nothing is left. Safe to call twice."""
        with self._changed:
            self._closing.set()
            self._changed.notify()
        self._thread.join(within_s)
        return not self._thread.is_alive() and not self._waiting

    def _run(self) -> None:
        try:
            self._idle()
            while some := self._next():
                receipt = self._written([event for each in some for event in each.events])
                if receipt is None:
                    return
                self._done(some, receipt.lost)
        except Exception as bug:  # noqa: BLE001 - told by `room`, in the thread that may end all
            self._bug = bug
            self._on_written()  # who feeds the window looks at it

    def _next(self) -> list[_Waiting]:
        """What is to be written next, together; nothing if there will be no more."""
        while not self._await_some():
            self._idle()
        with self._changed:
            joined: list[_Waiting] = []
            events = size_bytes = 0
            for waiting in self._waiting:
                events += len(waiting.events)
                size_bytes += waiting.size_bytes
                if joined and (events > WRITE_EVENTS_MAX or size_bytes > WRITE_BYTES_MAX):
                    break
                joined.append(waiting)
            return joined

    def _await_some(self) -> bool:
        """Wait until something is to be written, or nothing ever more; false if neither comes."""
        with self._changed:
            return self._changed.wait_for(
                lambda: bool(self._waiting) or self._closing.is_set(), IDLE_S
            )

    def _written(self, events: Sequence[Event]) -> Receipt | None:
        """Write, and try for ever; `None` if the window is closed before."""
        wait_s = RETRY_FIRST_S
        while events:
            last = self._closing.is_set()
            try:
                return self._write(events)
            except Blocked:
                if last:
                    return None
            self._pause(wait_s * random.uniform(0.5, 1))
            wait_s = min(RETRY_MAX_S, 2 * wait_s)
        return DURABLE

    def _done(self, some: Sequence[_Waiting], lost: Sequence[Event]) -> None:
        gone = {event.position for event in lost}
        with self._changed:
            for waiting in some:
                self._waiting.popleft()
                self._count(waiting, -1)
                if gone:
                    waiting.receipt.lost = [e for e in waiting.events if e.position in gone]
                waiting.receipt.durable = True
            self._moved_at_ns = self._elapsed_ns()
        self._on_written()

    def _count(self, waiting: _Waiting, sign: int) -> None:
        self._events += sign * len(waiting.events)
        self._bytes += sign * waiting.size_bytes
        self._window.set(self._events)


def _size_bytes(event: Event) -> int:
    """About what an event takes in a write: its bytes are there twice, as text and as fields."""
    return EVENT_BYTES + 2 * (len(event.message) + len(event.raw))
