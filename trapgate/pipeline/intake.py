"""The way into the spool: batches of datagrams into its two lanes, which share its room.

What is refused is counted with its reason, if its sender cannot wait, or held, if it can.
"""

from collections import Counter
from collections.abc import Iterator, Sequence, Set

from trapgate.listen import listener_name, peer_address
from trapgate.model import NS_PER_MS, NS_PER_S, Now, Outcome, Position
from trapgate.observe import Alarm, Metrics
from trapgate.pipeline.diversion import PEER_RECORDS_MIN, PEER_SHARE, Diversion
from trapgate.pipeline.lanes import decode_barrier, encode_barrier
from trapgate.spool import (
    FRAME_BYTES_MAX,
    FRAME_RECORDS_MAX,
    Doorbell,
    SpoolFull,
    SpoolReader,
    SpoolWriter,
)

PRESSED_SHARE = 0.8
"""Above this part of the spool's bound peers get a fair share of each batch only; and of the whole
the bulk lane gets no more than this part."""

HELD_RETRY_NS = 200 * NS_PER_MS
"""How often frames that the spool refused are tried again."""

CALM_NS = 10 * NS_PER_S
"""The spool is well again when it has refused nothing for this long: near its bound it takes a
small batch and refuses a large one, and that must not be a log line each."""

SILENT_NS = 60 * NS_PER_S
"""Also when it has taken nothing, if it has refused nothing for this long: who is told that this
trapgate is not ready may send nothing here any more."""

SCAN_RECORDS = 4_096
"""Records of the bulk lane looked at in one go when it is opened."""

ROOM_FRAMES_MIN = 16
"""A frame is no more than this part of the spool's bound: what is held goes in piece by piece. Room
for so much there always is in time, because acknowledged segments are deleted when more than half
of a lane's room is taken: that is a quarter of the whole at least."""

ROOM_BYTES_MIN = 4 * 1024 * 1024
"""The least bound: a frame's part of it (256 KiB) takes the largest datagram four times."""

PIECE_RECORDS_MAX = FRAME_RECORDS_MAX - 1
"""Records cut for one frame: a barrier goes with them."""

PIECE_BYTES_MAX = FRAME_BYTES_MAX - 1024
"""The same in bytes."""

_LENGTH_BYTES = 4
"""What a frame spends on a record beside its bytes."""


def frames(
    records: Sequence[bytes], size_bytes_max: int = PIECE_BYTES_MAX
) -> Iterator[Sequence[bytes]]:
    """Cut records into batches that the spool takes as one frame each: in order, as few as can
    be. A record that is larger than `size_bytes_max` makes a batch of its own."""
    start = size_bytes = 0
    for index, record in enumerate(records):
        more = len(record) + _LENGTH_BYTES
        full = index - start == PIECE_RECORDS_MAX or size_bytes + more > size_bytes_max
        if full and index > start:
            yield records[start:index]
            start, size_bytes = index, 0
        size_bytes += more
    if start < len(records):
        yield records[start:]


class Lane:
    """One of the two spools, with the stream frames that it has refused: one batch at most, because
    no stream is read while there are any."""

    def __init__(self, writer: SpoolWriter, pacer: str, metrics: Metrics) -> None:
        self.writer = writer
        self.held: list[bytes] = []
        self.barrier: Position | None = None
        self._pacer = pacer
        self._held_records = metrics.gauge("trapgate_spool_held_records").labels(writer.folder.name)

    def measure(self) -> None:
        """Show what is held."""
        self._held_records.set(len(self.held))

    def append(self, records: Sequence[bytes]) -> None:
        """Append a frame's worth, behind the barrier if there is one to be written. Raises as the
        writer does; the barrier is owed then. Both are one frame: no reader acknowledges a barrier
        with nothing behind it, and its segment would stay for ever."""
        if self.barrier is not None:
            records = [encode_barrier(self.barrier), *records]
        self.writer.append(records)
        self.barrier = None

    def backlog(self) -> int:
        """What the reader that paging waits for has not read, and what has not got here yet."""
        return self.writer.backlog(self._pacer) + len(self.held)

    def unread_peers(self) -> set[bytes]:
        """The peers of the records that this reader has not read. A million takes some seconds; a
        receive process that starts again reads them, so that none of them changes its lane."""
        if not self.writer.backlog(self._pacer):
            return set()
        reader = SpoolReader.open(self.writer.folder, self._pacer)
        after = reader.acked()[0]
        found: set[bytes] = set()
        while records := reader.read(after, SCAN_RECORDS):
            found |= {peer_address(r) for _, r in records if decode_barrier(r) is None}
            after = records[-1][0]
        reader.close()
        return found


class Intake:
    """Both lanes, and what becomes of records that neither takes."""

    def __init__(
        self,
        raw: SpoolWriter,
        bulk: SpoolWriter,
        doorbell: Doorbell,
        metrics: Metrics,
        *,
        pacer: str,
        size_max_bytes: int,
    ) -> None:
        """`pacer` is the reader whose backlog says whether peers are diverted; the lanes together
        stay below `size_max_bytes`, which is `ROOM_BYTES_MIN` or more (below that a large record
        may be refused for ever)."""
        self.raw = Lane(raw, pacer, metrics)
        self.bulk = Lane(bulk, pacer, metrics)
        self.size_max_bytes = size_max_bytes
        self._diversion = Diversion(self.raw.backlog, self.bulk.backlog, self.bulk.unread_peers())
        self._retry_at = 0
        self._doorbell = doorbell
        self._dropped = metrics.counter("trapgate_listen_dropped_total")
        diverted = metrics.gauge("trapgate_spool_diverted_peers")
        self._diverted = diverted.labels(bulk.folder.name)
        self._alarms = {
            name: Alarm(metrics, name, raw.folder.name)
            for name in ("spool.full", "spool.pressed", "spool.write-failed")
        }
        self._trouble_at = 0
        self._lost = 0

    @property
    def lanes(self) -> tuple[Lane, Lane]:
        return self.raw, self.bulk

    @property
    def holds(self) -> bool:
        """Whether stream frames wait to be taken: then no stream is to be read."""
        return bool(self.raw.held or self.bulk.held)

    @property
    def size_bytes(self) -> int:
        return self.raw.writer.size_bytes + self.bulk.writer.size_bytes

    def put(self, lossy: list[bytes], paced: list[bytes], now: Now) -> None:
        """Append a batch: `paced` from streams, whose senders can wait, `lossy` from the rest. What
        is refused of the first is held, what is refused of the second is lost and counted."""
        peers, new = self._diversion.judge(lossy + paced)
        self._diverted.set(len(peers))
        if not peers:
            self._put(self.raw, self._fair(lossy, now), paced, now)
            return
        first_lossy, bulk_lossy = _parted(lossy, peers)
        first_paced, bulk_paced = _parted(paced, peers)
        self._put(self.raw, self._fair(first_lossy, now), first_paced, now)
        if new:  # it is in the spool before what it stands in is: no crash makes it unreachable
            raw = self.raw.writer
            self.bulk.barrier = Position(raw.stream, raw.last_sequence)
        self._put(self.bulk, bulk_lossy, bulk_paced, now)

    def retry(self, now: Now) -> bool:
        """Try what is held again, if it is time; returns whether streams may be read again."""
        if not self.holds or now.elapsed_ns < self._retry_at:
            return False
        self._retry_at = now.elapsed_ns + HELD_RETRY_NS
        for lane in self.lanes:
            kept, _ = self._append(lane, lane.held, now)
            lane.held = lane.held[kept:]
            lane.measure()
        return not self.holds

    def tend(self, now: Now) -> None:
        """To be called now and then, also when nothing comes."""
        self._end_alarms(now, SILENT_NS)

    def end(self, now: Now) -> None:
        """The last try of what is held; then it is lost."""
        for lane in self.lanes:
            kept, reason = self._append(lane, lane.held, now)
            if reason:
                self._lose(lane.held[kept:], reason)
            lane.held = []
            lane.measure()

    def _put(self, lane: Lane, lossy: list[bytes], paced: list[bytes], now: Now) -> None:
        if paced:  # a stream's frames stay in order: what is held goes before
            lane.held, paced = [], lane.held + paced
        kept, reason = self._append(lane, lossy + paced, now)
        if reason:
            self._lose(lossy[kept:], reason)
            lane.held += paced[max(0, kept - len(lossy)) :]
            self._retry_at = now.elapsed_ns + HELD_RETRY_NS
        lane.measure()

    def _append(self, lane: Lane, records: list[bytes], now: Now) -> tuple[int, Outcome | None]:
        """Append, frame by frame, and ring; returns how many are kept, and why not the rest."""
        self._share_room()
        kept = 0
        for frame in frames(records, min(PIECE_BYTES_MAX, self.size_max_bytes // ROOM_FRAMES_MIN)):
            try:
                lane.append(frame)
            except SpoolFull as full:
                alarm = "spool.full" if lane is self.raw else "spool.pressed"
                self._fail(alarm, str(full), now)
                return kept, Outcome.SPOOL_FULL
            except OSError as error:
                self._fail("spool.write-failed", str(error), now)
                return kept, Outcome.WRITE_FAILED
            kept += len(frame)
            self._doorbell.ring()
        if kept:
            self._end_alarms(now, CALM_NS)
        return kept, None

    def _share_room(self) -> None:
        """What one lane takes the other has not; some of it the bulk lane never has."""
        raw, bulk, most = self.raw.writer, self.bulk.writer, self.size_max_bytes
        raw.size_max_bytes = most - bulk.size_bytes
        bulk.size_max_bytes = min(most - raw.size_bytes, int(most * PRESSED_SHARE))

    def _fail(self, alarm: str, error: str, now: Now) -> None:
        self._trouble_at = now.elapsed_ns
        self._alarms[alarm].begin(error=error)

    def _end_alarms(self, now: Now, calm_ns: int) -> None:
        """End what was wrong, if nothing was refused for so long."""
        if now.elapsed_ns - self._trouble_at <= calm_ns:
            return
        for alarm in self._alarms.values():
            alarm.end(lost_records=self._lost)
        self._lost = 0

    def _lose(self, records: list[bytes], reason: Outcome) -> None:
        self._lost += len(records)
        for name, count in Counter(map(listener_name, records)).items():
            self._dropped.labels(name, reason).inc(count)

    def _fair(self, records: list[bytes], now: Now) -> list[bytes]:
        """When the spool is nearly full: these without what is over a peer's share."""
        if self.size_bytes <= self.size_max_bytes * PRESSED_SHARE:
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
            self._fail("spool.pressed", "a peer is over its share of what is left", now)
            self._lose(excess, Outcome.SPOOL_FULL)
        return kept


def _parted(records: list[bytes], peers: Set[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The records of other peers, and those of these."""
    others: list[bytes] = []
    theirs: list[bytes] = []
    for record in records:
        (theirs if peer_address(record) in peers else others).append(record)
    return others, theirs
