"""The receive process: sockets → spool, and nothing else.

In: datagrams and stream frames. Out: spool records, durable a batch at a time, and a ring of the
bell. Whatever the disk does, sockets are drained: what cannot be kept is counted with its reason,
and TCP senders are made to wait. Plain blocking code: an event loop costs more a datagram than all
of this does.
"""

import select
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from trapgate.listen import BoundListener, TcpListener, UdpListener, listener_name, peer_address
from trapgate.model import NS_PER_MS, NS_PER_S, Now, Outcome
from trapgate.observe import Metrics, logger
from trapgate.spool import FRAME_BYTES_MAX, FRAME_RECORDS_MAX, Doorbell, SpoolFull, SpoolWriter

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

PRESSED_SHARE = 0.8
"""Above this part of the spool's bound, peers get a fair share only."""

PEER_SHARE = 1 / 8
"""What one peer may then add to a batch, as a part of it ..."""

PEER_RECORDS_MIN = 16
"""... but always this many: a quiet device's handful passes, a flood's thousands do not."""

HELD_RETRY_NS = 200 * NS_PER_MS
"""How often frames that the spool refused are tried again."""

CALM_NS = 10 * NS_PER_S
"""The spool is well again when it has refused nothing for this long: near its bound it takes a
small batch and refuses a large one, and that must not be a log line each."""

FINAL_BATCHES_MAX = 256
"""Batches at shutdown: more than a kernel buffer holds, and an end under a flood that goes on."""

_LENGTH_BYTES = 4
"""What a frame spends on a record beside its bytes."""

Listener = UdpListener | TcpListener


def frames(records: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Cut records into batches that the spool takes as one frame each: in order, as few as can
    be."""
    start = size_bytes = 0
    for index, record in enumerate(records):
        more = len(record) + _LENGTH_BYTES
        if index - start == FRAME_RECORDS_MAX or size_bytes + more > FRAME_BYTES_MAX:
            yield records[start:index]
            start, size_bytes = index, 0
        size_bytes += more
    if start < len(records):
        yield records[start:]


class Batch:
    """What was drained: `paced` from streams, whose senders can wait, `lossy` from the rest."""

    def __init__(self) -> None:
        self.lossy: list[bytes] = []
        self.paced: list[bytes] = []
        self._size_bytes = 0

    def __len__(self) -> int:
        return len(self.lossy) + len(self.paced)

    def full(self) -> bool:
        return len(self) >= BATCH_RECORDS_MAX or self._size_bytes >= BATCH_BYTES_MAX

    def take(self, listener: Listener, now: Now) -> bool:
        """Drain a listener; returns whether it may have more."""
        records = self.paced if listener.paced else self.lossy
        start = len(records)
        more = listener.drain(now, records)
        self._size_bytes += sum(map(len, records[start:]))
        return more


class Intake:
    """The way into the spool, which may be full, and the disk, which may refuse.

    `held` are stream frames that were refused: one batch at most, because no stream is read while
    there are any.
    """

    def __init__(self, writer: SpoolWriter, doorbell: Doorbell, metrics: Metrics) -> None:
        self.held: list[bytes] = []
        self._retry_at = 0
        self._writer = writer
        self._doorbell = doorbell
        self._dropped = metrics.counter("trapgate_listen_dropped_total")
        self._trouble = ""
        self._trouble_at = 0
        self._lost = 0

    def put(self, batch: Batch, now: Now) -> None:
        """Append the batch. If it is refused, its datagrams are lost and counted, its stream frames
        held."""
        lossy = self._fair(batch.lossy, now)
        kept, reason = self._append(lossy + batch.paced, now)
        if reason:
            self._lose(lossy[kept:], reason)
            self.held += batch.paced[max(0, kept - len(lossy)) :]
            self._retry_at = now.elapsed_ns + HELD_RETRY_NS

    def retry(self, now: Now) -> bool:
        """Try what is held again, if it is time; returns whether streams may be read again."""
        if not self.held or now.elapsed_ns < self._retry_at:
            return False
        self._retry_at = now.elapsed_ns + HELD_RETRY_NS
        kept, _ = self._append(self.held, now)
        self.held = self.held[kept:]
        return not self.held

    def end(self, now: Now) -> None:
        """The last try of what is held; then it is lost."""
        kept, reason = self._append(self.held, now)
        if reason:
            self._lose(self.held[kept:], reason)
        self.held = []

    def _append(self, records: list[bytes], now: Now) -> tuple[int, Outcome | None]:
        """Append, frame by frame, and ring; returns how many are kept, and why not the rest."""
        kept = 0
        for frame in frames(records):
            try:
                self._writer.append(frame)
            except SpoolFull as full:
                return kept, self._fail(Outcome.SPOOL_FULL, str(full), now)
            except OSError as error:
                return kept, self._fail(Outcome.WRITE_FAILED, str(error), now)
            kept += len(frame)
            self._doorbell.ring()
        if kept and self._trouble and now.elapsed_ns - self._trouble_at > CALM_NS:
            logger().info("spool accepts again", after=self._trouble, lost_records=self._lost)
            self._trouble, self._lost = "", 0
        return kept, None

    def _fail(self, reason: Outcome, error: str, now: Now) -> Outcome:
        self._trouble_at = now.elapsed_ns
        if self._trouble != reason:
            self._trouble = reason.value
            logger().error("spool refuses", reason=reason.value, error=error)
        return reason

    def _lose(self, records: list[bytes], reason: Outcome) -> None:
        self._lost += len(records)
        for name, count in Counter(map(listener_name, records)).items():
            self._dropped.labels(name, reason).inc(count)

    def _fair(self, records: list[bytes], now: Now) -> list[bytes]:
        """When the spool is nearly full: these without what is over a peer's share."""
        if self._writer.size_bytes <= self._writer.size_max_bytes * PRESSED_SHARE:
            return records
        share = max(PEER_RECORDS_MIN, int(len(records) * PEER_SHARE))
        seen: Counter[bytes] = Counter()
        kept: list[bytes] = []
        excess: list[bytes] = []
        for record in records:
            peer = peer_address(record)
            seen[peer] += 1
            (kept if seen[peer] <= share else excess).append(record)
        if excess:
            reason = self._fail(Outcome.SPOOL_FULL, "a peer is over its share of what is left", now)
            self._lose(excess, reason)
        return kept


class Receive:
    """The loop of the receive process.

    `stop` is a descriptor that becomes readable when the process is to end (an eventfd, a pipe),
    `readers` those without whose acknowledgement nothing is deleted from the spool, `metrics_path`
    the file to which the metrics are published. The listeners and the writer stay the caller's.
    """

    def __init__(
        self,
        listeners: Sequence[BoundListener],
        writer: SpoolWriter,
        doorbell: Doorbell,
        metrics: Metrics,
        metrics_path: Path,
        *,
        readers: Sequence[str],
        stop: int,
        clock: Callable[[], Now],
    ) -> None:
        udp = [bound for bound in listeners if bound.settings.transport == "udp"]
        tcp = [bound for bound in listeners if bound.settings.transport == "tcp"]
        self._udp = [UdpListener(bound, metrics) for bound in udp]
        self._tcp = [TcpListener(bound, metrics) for bound in tcp]
        self._order: deque[Listener] = deque([*self._udp, *self._tcp])
        self._intake = Intake(writer, doorbell, metrics)
        self._writer = writer
        self._metrics = metrics
        self._metrics_path = metrics_path
        self._readers = readers
        self._stop = stop
        self._clock = clock
        self._all = _poll_of(stop, self._order)
        self._udp_only = _poll_of(stop, self._udp)
        self._stop_only = _poll_of(stop, ())
        self._chores_at = 0
        self._publish_at = 0

    def run(self) -> None:
        """Receive until `stop` is readable; then take what the kernel still holds, and return."""
        while self.turn(TICK_MS):
            continue
        self.finish()

    def turn(self, timeout_ms: int) -> bool:
        """Wait for input, `timeout_ms` at most, take one batch of it and do the chores that are
        due; returns whether to go on."""
        ready = self._ready(timeout_ms)
        count = self._take(ready)
        self._housekeep(self._clock())
        if self._stop in ready:
            return False
        if 0 < count < SMALL_BATCH_RECORDS:
            return not self._stop_only.poll(PAUSE_MS)
        return True

    def finish(self) -> None:
        """Take what the kernel still holds, close the connections, publish. To be called once."""
        for _ in range(FINAL_BATCHES_MAX):
            ready = self._ready(0) - {self._stop}
            if not ready:
                break
            self._take(ready)
        now = self._clock()
        batch = Batch()
        for listener in self._tcp:
            listener.close(now, batch.paced)
        self._intake.put(batch, now)
        self._intake.end(now)
        self._chores(now)
        self._publish(now)

    def _ready(self, timeout_ms: int) -> set[int]:
        """Wait for input; streams are left alone while frames of theirs are held."""
        poll = self._udp_only if self._intake.held else self._all
        return {fd for fd, _ in poll.poll(timeout_ms)}

    def _take(self, ready: set[int]) -> int:
        """Drain who is ready into one batch and append it; returns how many records it had."""
        now = self._clock()
        batch = Batch()
        self._order.rotate()  # who fills the batch today is not first tomorrow
        self._drain(
            [listener for listener in self._order if listener.fileno() in ready], now, batch
        )
        self._intake.put(batch, now)
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
            if not self._intake.held:
                batch = Batch()
                for listener in self._tcp:
                    listener.expire(now, batch.paced)
                self._intake.put(batch, now)
            self._chores(now)
        if now.elapsed_ns >= self._publish_at:
            self._publish(now)

    def _chores(self, now: Now) -> None:
        for listener in self._udp:
            listener.count_kernel_drops()
        spool = self._writer.folder.name
        backlog = self._metrics.gauge("trapgate_spool_backlog_records")
        with suppress(
            OSError
        ):  # tried again in a second; if nothing can be deleted, the spool fills
            self._writer.trim(self._readers)
            for reader in self._readers:
                backlog.labels(spool, reader).set(self._writer.backlog(reader))
        self._metrics.gauge("trapgate_spool_bytes").labels(spool).set(self._writer.size_bytes)

    def _publish(self, now: Now) -> None:
        self._publish_at = now.elapsed_ns + TICK_MS * NS_PER_MS
        with suppress(OSError):  # a full disk must not end the process that counts its losses
            self._metrics.publish(self._metrics_path)


def _poll_of(stop: int, listeners: Sequence[Listener]) -> select.poll:
    poll = select.poll()
    poll.register(stop, select.POLLIN)
    for listener in listeners:
        poll.register(listener.fileno(), select.POLLIN)
    return poll
