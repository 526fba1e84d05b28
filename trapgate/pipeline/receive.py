"""The receive process: sockets → spool, and nothing else.

In: datagrams and stream frames. Out: spool records, durable a batch at a time, and a ring of the
bell. Whatever the disk does, sockets are drained: what cannot be kept is counted with its reason,
and TCP senders are made to wait. Plain blocking code: an event loop costs more a datagram than all
of this does.
"""

import select
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from trapgate.listen import BoundListener, TcpListener, UdpListener
from trapgate.listen.slots import Slots
from trapgate.model import NS_PER_MS, NS_PER_S, Now
from trapgate.observe import Metrics
from trapgate.pipeline.intake import Intake
from trapgate.spool import SpoolWriter

BATCH_RECORDS_MAX = 4_096
"""A batch is not filled beyond this (a drain that is under way ends as it does): a burst shares one
sync, and is readable some ten milliseconds later."""

BATCH_BYTES_MAX = 8 * 1024 * 1024
"""The same in bytes; with a whole drain of the largest datagrams (32 MiB) it is within a frame's
limit. What many connections had begun, when they all end, may not be: see `frames`."""

ROUNDS_MAX = 8
"""Turns that each listener has in a batch: also datagrams that are all refused end somewhere."""

SMALL_BATCH_RECORDS = 128
"""A batch below this is followed by a pause, so that the next one is worth its sync."""

PAUSE_MS = 2
"""How long: an idle machine's trap waits for nothing, the one right behind it for this."""

TICK_MS = 200
"""The longest wait for a datagram, and the shortest time between two publications of metrics."""

CHORES_EVERY_NS = NS_PER_S
"""How often acknowledged segments are deleted, kernel drops read and idle connections closed."""

FINAL_BATCHES_MAX = 256
"""Batches at shutdown: more than a kernel buffer holds, and an end under a flood that goes on."""

Listener = UdpListener | TcpListener

Changes = tuple[int, Callable[[], Sequence[BoundListener]]]
"""A descriptor that is readable when the listeners are to change, and what reads them then."""


class Batch:
    """What was drained: `paced` from streams, whose senders can wait, `lossy` from the rest."""

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return len(self.lossy) + len(self.paced)

    def clear(self) -> None:
        """Begin anew."""
        self.lossy: list[bytes] = []
        self.paced: list[bytes] = []
        self._size_bytes = 0

    def full(self) -> bool:
        return len(self) >= BATCH_RECORDS_MAX or self._size_bytes >= BATCH_BYTES_MAX

    def take(self, listener: Listener, now: Now) -> bool:
        """Drain a listener; returns whether it may have more."""
        records = self.paced if listener.paced else self.lossy
        start = len(records)
        more = listener.drain(now, records)
        self._size_bytes += sum(map(len, records[start:]))
        return more


class Receive:
    """The loop of the receive process.

    `changes` is a descriptor that becomes readable when there are other listeners, and what reads
    them; `stop` one that becomes readable when the process is to end (an eventfd, a pipe).
    `readers` are those without whose acknowledgement nothing is deleted from the spool,
    `metrics_path` is the file to which the metrics are published. The spools stay the caller's.
    """

    def __init__(
        self,
        listeners: Sequence[BoundListener],
        intake: Intake,
        metrics: Metrics,
        metrics_path: Path,
        *,
        readers: Sequence[str],
        stop: int,
        changes: Changes | None = None,
        clock: Callable[[], Now],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`beat` is called as the loop turns."""
        self._slots = Slots()
        self._udp: list[UdpListener] = []
        self._tcp: list[TcpListener] = []
        self._order: deque[Listener] = deque()
        self._intake = intake
        self._metrics = metrics
        self._metrics_path = metrics_path
        self._readers = readers
        self._stop = stop
        self._clock = clock
        self._beat = beat
        self._changes = changes
        self._stop_only = _poll_of([stop])
        self._listen_to(listeners)
        self._chores_at = 0
        self._publish_at = 0

    def run(self) -> None:
        """Receive until `stop` is readable; then take what the kernel still holds, and return."""
        while self.turn(TICK_MS):
            self._beat()
        self.finish()

    def turn(self, timeout_ms: int) -> bool:
        """Wait for input, `timeout_ms` at most, take one batch of it and do the chores that are
        due; returns whether to go on."""
        ready = self._ready(timeout_ms)
        count = self._take(ready)
        if self._changes and self._changes[0] in ready:
            self.replace(self._changes[1]())
        self._housekeep(self._clock())
        if self._stop in ready:
            return False
        if 0 < count < SMALL_BATCH_RECORDS:
            return not self._stop_only.poll(PAUSE_MS)
        return True

    def finish(self) -> None:
        """Take what the kernel still holds, close the connections, publish. To be called once."""
        for _ in range(FINAL_BATCHES_MAX):
            ready = self._ready(0) - self._told
            if not ready:
                break
            self._take(ready)
        now = self._clock()
        batch = Batch()
        for listener in self._tcp:
            listener.close(now, batch.paced)
        self._intake.put(batch.lossy, batch.paced, now)
        self._intake.end(now)
        self._chores(now)
        self._publish(now)

    def replace(self, listeners: Sequence[BoundListener]) -> None:
        """Go on with these listeners. Where the socket is the same, nothing is closed; of one that
        is not there any more what it holds is taken before it is closed."""
        now = self._clock()
        batch = Batch()
        known: dict[tuple[int, int], Listener] = {each.bound.key(): each for each in self._order}
        fresh: list[BoundListener] = []
        for bound in listeners:
            same = known.pop(bound.key(), None)
            if same is None:
                fresh.append(bound)
                continue
            bound.close()  # another descriptor of the socket that is here already
            settled = BoundListener(bound.settings, same.bound.socket)
            if isinstance(same, TcpListener):
                same.reconfigure(settled, now, batch.paced)
            else:
                same.reconfigure(settled)
        for gone in known.values():
            self._leave(gone, now, batch)
        self._intake.put(batch.lossy, batch.paced, now)
        self._listen_to(fresh)

    def _leave(self, listener: Listener, now: Now, batch: Batch) -> None:
        """Take what a listener still holds, and close it."""
        for _ in range(FINAL_BATCHES_MAX):
            if not batch.take(listener, now):
                break
            if batch.full():
                self._intake.put(batch.lossy, batch.paced, now)
                batch.clear()
        self._order.remove(listener)
        if isinstance(listener, TcpListener):
            listener.close(now, batch.paced)
            self._tcp.remove(listener)
        else:
            listener.count_kernel_drops()
            self._udp.remove(listener)
        listener.bound.close()

    def _listen_to(self, more: Sequence[BoundListener]) -> None:
        """Take these on, too."""
        for bound in more:
            if bound.settings.transport == "udp":
                self._udp.append(UdpListener(bound, self._metrics, self._slots))
            else:
                self._tcp.append(TcpListener(bound, self._metrics))
        self._order = deque([*self._udp, *self._tcp])
        self._told = {self._stop} | ({self._changes[0]} if self._changes else set())
        descriptors = [listener.fileno() for listener in self._order]
        self._all = _poll_of([*self._told, *descriptors])
        self._udp_only = _poll_of([*self._told, *descriptors[: len(self._udp)]])

    def _ready(self, timeout_ms: int) -> set[int]:
        """Wait for input; streams are left alone while frames of theirs are held."""
        poll = self._udp_only if self._intake.holds else self._all
        return {fd for fd, _ in poll.poll(timeout_ms)}

    def _take(self, ready: set[int]) -> int:
        """Drain who is ready into one batch and append it; returns how many records it had."""
        now = self._clock()
        batch = Batch()
        self._order.rotate()  # who fills the batch today is not first tomorrow
        self._drain(
            [listener for listener in self._order if listener.fileno() in ready], now, batch
        )
        self._intake.put(batch.lossy, batch.paced, now)
        if self._intake.retry(now):
            for listener in self._tcp:
                listener.resume(now)
        return len(batch)

    def _drain(self, listeners: Sequence[Listener], now: Now, batch: Batch) -> None:
        for _ in range(ROUNDS_MAX):
            more = False
            for listener in listeners:
                if batch.full():
                    return
                more |= batch.take(listener, now)
            if not more:
                return

    def _housekeep(self, now: Now) -> None:
        if now.elapsed_ns >= self._chores_at:
            self._chores_at = now.elapsed_ns + CHORES_EVERY_NS
            if not self._intake.holds:
                batch = Batch()
                for listener in self._tcp:
                    listener.expire(now, batch.paced)
                self._intake.put(batch.lossy, batch.paced, now)
            self._chores(now)
        if now.elapsed_ns >= self._publish_at:
            self._publish(now)

    def _chores(self, now: Now) -> None:
        for listener in self._udp:
            listener.count_kernel_drops()
        for lane in self._intake.lanes:
            self._tend(lane.writer)
        self._intake.tend(now)

    def _tend(self, writer: SpoolWriter) -> None:
        """Delete what all have read, and measure."""
        spool = writer.folder.name
        backlog = self._metrics.gauge("trapgate_spool_backlog_records")
        with suppress(
            OSError
        ):  # tried again in a second; if nothing can be deleted, the spool fills
            writer.trim(self._readers)
            for reader in self._readers:
                backlog.labels(spool, reader).set(writer.backlog(reader))
        self._metrics.gauge("trapgate_spool_bytes").labels(spool).set(writer.size_bytes)

    def _publish(self, now: Now) -> None:
        self._publish_at = now.elapsed_ns + TICK_MS * NS_PER_MS
        with suppress(OSError):  # a full disk must not end the process that counts its losses
            self._metrics.publish(self._metrics_path)


def _poll_of(descriptors: Iterable[int]) -> select.poll:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return poll
