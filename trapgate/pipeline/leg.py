"""A leg of ingest: one reader of a raw spool, with its place, its counts and its memory."""

from collections.abc import Callable, Sequence

import msgspec

from trapgate.model import NS_PER_S, Datagram, Now, Position
from trapgate.normalize.identity import bucket_of
from trapgate.pipeline.memory import Memory
from trapgate.pipeline.translate import Batch, Ledger, Translator
from trapgate.ports import Snapshot, SpoolReader

BATCH_RECORDS = 2_048
"""Records decoded at a time: enough that a commit's cost is shared, few enough that the first of
them pages within some 30 ms."""

WARM_UP_STEPS = (1_000, 10_000, 100_000, 1_000_000)
"""How far to look back, step by step, for the start of the time bucket that a leg starts in."""

SAVE_S = 10
"""How often a leg's memory is saved: what came since then is decoded again after a crash."""


class Blocked(Exception):
    """A leg cannot go on now: its sink refuses. Nothing of the batch counts as done."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Records = list[tuple[int, Datagram | None]]
"""Sequences and their datagrams; `None` is a record that cannot be read."""


class Leg:
    """One reader of the raw spool with its place, and its memory of recent datagrams.

    `position` is where its work stands. The durable cursor follows at once, or, where the disk
    refuses it, is owed: after a crash then some work is done again, which is harmless, because
    ids, matches and ledger are functions of the spool.
    """

    def __init__(
        self,
        reader: SpoolReader,
        datagram_of: Callable[[bytes], Datagram],
        snapshot: Snapshot,
    ) -> None:
        """`datagram_of` raises `ValueError` for a record that it cannot read."""
        self.reader = reader
        self.datagram_of = datagram_of
        self.owes = False
        self.position, ledger = reader.acked()
        self.ledger: Ledger = msgspec.json.decode(ledger, type=Ledger) if ledger else {}
        self.retry_at_ns = 0
        self.memory: Memory | None = None
        self._snapshot = snapshot
        self._saved_at_ns = 0
        self._saved_position = self.position

    def read(self, other: int) -> Records:
        """The next records; not those behind the place of the other leg if that is ahead.

        If there are records, but none up to that place (sequences have gaps, and a power cut may
        have taken what the other has seen), this leg stands there from now on.
        """
        records = self.reader.read(self.position, BATCH_RECORDS)
        if self.position < other and records and records[-1][0] > other:
            records = [record for record in records if record[0] <= other]
            if not records:
                self.position = other
        return self._datagrams(records)

    def advance(self, batch: Batch) -> None:
        """A batch is done with: `settle` is what makes that durable."""
        for outcome, count in batch.ledger.items():
            self.ledger[outcome] = self.ledger.get(outcome, 0) + count
        self.position = batch.last
        self.owes = True

    def settle(self) -> None:
        """Move the cursor, and the ledger with it, to where the leg stands. Raises `Blocked`."""
        try:
            self.reader.ack(self.position, msgspec.json.encode(self.ledger))
        except OSError as error:
            raise Blocked(f"its cursor: {error.strerror or error}") from error
        self.owes = False

    def remembered(self, translator: Translator, now: Now) -> Memory:
        """The memory of the datagrams before this leg's place, built again if need be."""
        if self.memory is None:
            self.memory = self._built(translator, now)
        return self.memory

    def save(self, now: Now, *, at_once: bool = False) -> None:
        """Save the memory with its place, if that has moved and `SAVE_S` have passed, or
        `at_once`. Raises `OSError`; it is tried again `SAVE_S` later."""
        due = at_once or now.elapsed_ns - self._saved_at_ns >= SAVE_S * NS_PER_S
        if not due or self.owes or self.memory is None or self.position == self._saved_position:
            return
        self._saved_at_ns = now.elapsed_ns
        # a memory that is ahead of its place after a power cut would take what comes next for
        # replays
        self.reader.sync()
        self._snapshot.save(Position(self.reader.stream, self.position), self.memory.saved())
        self._saved_position = self.position

    def _built(self, translator: Translator, now: Now) -> Memory:
        """The memory as saved, with what the records since then add to it.

        Of the records up to the saved place only those of the last two time buckets are read, for
        their identities and the storms among them; what they become is known and dropped.
        """
        place, saved = self._saved()
        memory = translator.memory(saved)
        before = self.reader.read(max(0, self.position - 1), 1) if self.position else ()
        if not before:
            return memory
        old = translator.memory(of=memory)
        after = min(place, self._bucket_start(self._bucket(before)))
        while after < self.position:
            records = self.reader.read(after, BATCH_RECORDS)
            if not records:
                break
            after = records[-1][0]
            seen = self._datagrams([record for record in records if record[0] <= self.position])
            earlier = [record for record in seen if record[0] <= place]
            translator.batch(earlier, self.reader.stream, old, now)
            translator.batch(seen[len(earlier) :], self.reader.stream, memory, now)
        return memory

    def _saved(self) -> tuple[int, bytes]:
        """The saved memory and its place, if it is of this stream and not ahead of this leg."""
        place, saved = self._snapshot.load()
        if place.stream != self.reader.stream or place.sequence > self.position:
            return 0, b""
        return place.sequence, saved

    def _datagrams(self, records: Sequence[tuple[int, bytes]]) -> Records:
        return [(sequence, self._datagram(payload)) for sequence, payload in records]

    def _datagram(self, payload: bytes) -> Datagram | None:
        try:
            return self.datagram_of(payload)
        except ValueError:  # another version's, or a bug: the translator counts it
            return None

    def _bucket(self, records: Sequence[tuple[int, bytes]]) -> int | None:
        """The bucket of the first of these records that can be read."""
        for _, payload in records:
            datagram = self._datagram(payload)
            if datagram is not None:
                return bucket_of(datagram.received_at)
        return None

    def _bucket_start(self, bucket: int | None) -> int:
        """A place at or before the first record of the bucket; as far back as is looked if it is
        not known."""
        for step in WARM_UP_STEPS:
            after = max(0, self.position - step)
            records = self.reader.read(after, 1)
            if after == 0 or not records:
                return after
            there = self._bucket(records)
            if bucket is not None and there is not None and there < bucket - 1:
                return after
        return max(0, self.position - WARM_UP_STEPS[-1])
