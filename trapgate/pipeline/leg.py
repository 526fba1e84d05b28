"""A leg of ingest: one reader of a raw spool, with its place and its counts."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

from trapgate.model import Datagram, Event, Outcome
from trapgate.normalize.identity import bucket_of
from trapgate.normalize.undecoded import UNDECODED_CODE
from trapgate.pipeline.translate import Batch, Ledger
from trapgate.ports import SpoolReader

BATCH_RECORDS = 2_048
"""Records decoded at a time: enough that a commit's cost is shared, few enough that the first of
them pages within some 30 ms."""

BATCH_SIZE_MAX = 8_192
"""A batch ends when so many messages are decoded, some 200 ms: a datagram of syslog may hold 256,
and `BATCH_RECORDS` of such would keep the leg that pages for many seconds, and fill the memory."""

GIVE_UP_RECORDS = 8_192
"""Records given up at a time: some ten milliseconds, for which the other leg waits."""

UNSTORED = f"{Outcome.GIVEN_UP}/unstorable"
"""In the ledger: datagrams whose events the store takes in no form."""

WARM_UP_STEPS = tuple(1_000 << step for step in range(11))
"""How far to look back, step by step, for the start of the time bucket that a leg starts in: no
more than twice as far as need be, for all between is decoded, and no further than the two buckets
of 50,000 records a second."""


class Blocked(Exception):
    """A leg cannot go on now: its sink refuses. Nothing of the batch counts as done."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Receipt:
    """What a sink gives for a batch that it has taken. It says by `durable` when the batch, and
    all that the sink had taken before, outlives the process: at once, or some time later. Then
    `lost` has those of its events that are nowhere, in no form."""

    __slots__ = ("durable", "lost")

    def __init__(self, *, durable: bool = False, lost: Sequence[Event] = ()) -> None:
        self.durable = durable
        self.lost = lost


DURABLE = Receipt(durable=True)
"""The receipt of a sink that writes before it returns."""

Records = list[tuple[int, Datagram | None]]
"""Sequences and their datagrams; `None` is a record that cannot be read."""


class Past(msgspec.Struct, frozen=True, gc=False):
    """A datagram that a leg has seen; `is_known`: what was saved of its memory has seen it, too."""

    received_at: int
    stream: str
    mark: str
    sequence: int
    datagram: Datagram
    is_known: bool


class Leg:
    """One reader of a raw spool with its place and its counts.

    `position` is where its work stands: all before it was translated, and its sink has taken it.
    The durable cursor and the counts (`ledger`) follow in order, as far as receipts say that what
    was taken is durable. Where the disk refuses the cursor it is owed. After a crash the work
    between the two is done again, which is harmless, because ids, matches and ledger are functions
    of the spool.
    """

    def __init__(
        self, reader: SpoolReader, datagram_of: Callable[[bytes], Datagram], mark: str = ""
    ) -> None:
        """`datagram_of` raises `ValueError` for a record that it cannot read; `mark` is that of the
        reader's lane, see `normalize.identity`."""
        self.reader = reader
        self.datagram_of = datagram_of
        self.mark = mark
        self.owes = False
        self.position, ledger = reader.acked()
        self.ledger: Ledger = msgspec.json.decode(ledger, type=Ledger) if ledger else {}
        self.retry_at_ns = 0
        self._durable = self.position
        self._given_up_to = 0
        self._underway: deque[tuple[Batch, Receipt]] = deque()
        self._read_to = self.position
        self._following: tuple[int, Sequence[tuple[int, bytes]]] | None = None

    def read(self, other: int) -> Records:
        """The next records; not those behind the place of the other leg if that is ahead.

        If there are records, but none up to that place (sequences have gaps, and a power cut may
        have taken what the other has seen), this leg stands there from now on.
        """
        records = self._next_records()
        if self.position < other and records and records[-1][0] > other:
            records = [record for record in records if record[0] <= other]
            if not records:
                self.position = other
        return self._datagrams(records)

    def following(self) -> Sequence[tuple[int, bytes]]:
        """The records behind those that were read last: what the next `read` gives, if all of those
        are taken."""
        records = self.reader.read(self._read_to, BATCH_RECORDS)
        self._following = (self._read_to, records)
        return records

    def _next_records(self) -> Sequence[tuple[int, bytes]]:
        following, self._following = self._following, None
        if following is not None and following[0] == self.position and following[1]:
            records = following[1]
        else:
            records = self.reader.read(self.position, BATCH_RECORDS)
        self._read_to = records[-1][0] if records else self.position
        return records

    def advance(self, batch: Batch, receipt: Receipt = DURABLE) -> None:
        """A batch is taken: `confirmed` says when it is done with."""
        self.position = batch.last
        self._underway.append((batch, receipt))

    def confirmed(self) -> Sequence[Batch]:
        """The batches that have become durable since the last call, in order: they are in the
        ledger, and `settle` is what moves the cursor behind them."""
        done: list[Batch] = []
        while self._underway and self._underway[0][1].durable:
            batch, receipt = self._underway.popleft()
            if receipt.lost:
                batch = self._without(batch, receipt.lost)
            for outcome, count in batch.ledger.items():
                self.ledger[outcome] = self.ledger.get(outcome, 0) + count
            self._durable = batch.last
            self.owes = True
            done.append(batch)
        return done

    def _without(self, batch: Batch, lost: Sequence[Event]) -> Batch:
        """The batch without these events. The datagram of one is given up; it is that of the first
        of its messages, others and what is told beside them have streams of their own."""
        ledger = dict(batch.ledger)
        for event in lost:
            ended = _ended(event)
            if event.position.stream == self.reader.stream and ledger.get(ended):
                ledger[ended] -= 1
                ledger[UNSTORED] = ledger.get(UNSTORED, 0) + 1
        gone = {event.position for event in lost}
        events = [event for event in batch.events if event.position not in gone]
        return msgspec.structs.replace(batch, events=events, ledger=ledger)

    def settle(self) -> None:
        """Move the cursor, and the ledger with it, behind what is durable. Raises `Blocked`."""
        try:
            self.reader.ack(self._durable, msgspec.json.encode(self.ledger))
        except OSError as error:
            raise Blocked(f"its cursor: {error.strerror or error}") from error
        self.owes = False

    def give_up(self, reason: str, *, before: int, older_than: int) -> Ledger:
        """Go past the next records without their work, `GIVE_UP_RECORDS` or a few more at a time:
        those before the sequence `before` that were received before `older_than`. The ledger says
        how many there were and for what reason. What a sink has taken and is not durable is among
        them, although it may become so one day.

        Returns what was counted; `settle` makes it durable.
        """
        self._underway.clear()
        self.position = self._durable
        records = self.reader.read(self.position, GIVE_UP_RECORDS)
        if not records:
            return {}
        count = 0
        for sequence, payload in records:
            datagram = self._datagram(payload)
            if sequence >= before or (datagram and datagram.received_at >= older_than):
                break
            count, self.position = count + 1, sequence
        if not count and records[0][0] >= before:
            self.position = before - 1  # between them there is nothing
        self._durable = self._given_up_to = self.position
        self.owes = True
        if not count:
            return {}
        key = f"{Outcome.GIVEN_UP}/{reason}"
        self.ledger[key] = self.ledger.get(key, 0) + count
        return {key: count}

    def older(self, than: int) -> bool:
        """Whether the first record behind the cursor was received before this instant."""
        for _, payload in self.reader.read(self._durable, 1):
            datagram = self._datagram(payload)
            if datagram is not None:
                return datagram.received_at < than
        return False

    def at_end(self) -> bool:
        """Whether there are no records behind its place that may be read now."""
        return not self.reader.read(self.position, 1)

    def past(self, place: int) -> Iterator[Past]:
        """The datagrams up to this leg's place, in order: those behind `place`, and before it those
        of the last two time buckets, which are known.

        Where records behind `place` were given up, only the last two buckets are, and none of them
        is known: to decode what nobody is to have would keep the leg that pages for minutes.
        """
        before = self.reader.read(max(0, self.position - 1), 1) if self.position else ()
        start = self._bucket_start(self._bucket(before)) if before else self.position
        if place < self._given_up_to:
            place = max(start, place)
        after = min(place, start)
        while after < self.position:
            records = self.reader.read(after, BATCH_RECORDS)
            if not records:
                return
            after = records[-1][0]
            for sequence, datagram in self._datagrams(records):
                if datagram is not None and sequence <= self.position:
                    yield Past(
                        datagram.received_at,
                        self.reader.stream,
                        self.mark,
                        sequence,
                        datagram,
                        sequence <= place,
                    )

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


def _ended(event: Event) -> str:
    """In what its datagram has ended, as the translator counts it."""
    if event.code == UNDECODED_CODE:
        return f"{Outcome.MALFORMED}/{event.fields['event.reason']}"
    return Outcome.STORED
