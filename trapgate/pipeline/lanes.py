"""Lanes of the raw spool: who is read next, and what may not be read yet.

A device that sends too much has its datagrams in the *bulk* lane, everybody else in the first one
(`pipeline.diversion`). Ingest reads the first lane first. A device's records stay in order although
they are in two streams: where its first record goes to the bulk lane there is a *barrier* before
it, a record that says how far the first lane must have been read before it is that record's turn.
What is left of lanes to which nothing comes any more is read before anything else.
"""

import struct
from collections.abc import Callable, Sequence

from trapgate.model import Position
from trapgate.ports import SpoolReader

BULK_TURNS = 4
"""Of so many turns the bulk lane has one, however much there is in the first lane: a flood is late
then, and not for ever."""

BARRIER_SCHEMA = 0
"""The first byte of a barrier; datagrams have their schema there, which counts from 1."""

_BARRIER_START = bytes((BARRIER_SCHEMA,))
_BARRIER = struct.Struct("<BQ")

Turn = Callable[[], bool]
"""Does some work; whether there was any."""


class Lanes:
    """Turns of several lanes: `first` before `bulk`, which has one in `BULK_TURNS` at least."""

    def __init__(self, first: Sequence[Turn], bulk: Sequence[Turn]) -> None:
        self._first = list(first)
        self._bulk = list(bulk)
        self._waited = 0

    def turn(self) -> bool:
        """Let one lane work; whether any had work. Lanes of one kind take turns."""
        if self._waited >= BULK_TURNS - 1 and self._one_of(self._bulk):
            self._waited = 0
            return True
        if self._one_of(self._first):
            self._waited += 1
            return True
        self._waited = 0
        return self._one_of(self._bulk)

    def _one_of(self, lanes: list[Turn]) -> bool:
        for _ in range(len(lanes)):
            lanes.append(lanes.pop(0))  # who works now is the last to be asked again
            if lanes[-1]():
                return True
        return False


class OldestFirst:
    """Turns of all lanes, but before them of those alone that are left over from more receive
    processes: what their senders send now is in other lanes, and must not overtake it (decision
    0008).

    Nothing comes to left-over lanes any more, so that this is soon over. It does not wait for the
    store, which has no order to keep.
    """

    def __init__(self, left_over: Lanes, lanes: Lanes, matched: Callable[[], bool]) -> None:
        """`left_over` are among `lanes`; `matched` says whether the rules have read all of them."""
        self._left_over = left_over
        self._lanes = lanes
        self._matched = matched
        self._waits = True

    def turn(self) -> bool:
        """As `Lanes.turn`; without work while a left-over lane cannot go on."""
        self._waits = self._waits and not self._matched()
        return (self._left_over if self._waits else self._lanes).turn()


def encode_barrier(reached: Position) -> bytes:
    """The record that makes those behind it wait until `reached` has been read."""
    return _BARRIER.pack(BARRIER_SCHEMA, reached.sequence) + reached.stream.encode()


def decode_barrier(record: bytes) -> Position | None:
    """The place in a barrier; `None` if the record is none."""
    if not record or record[0] != BARRIER_SCHEMA or len(record) < _BARRIER.size:
        return None
    return Position(
        record[_BARRIER.size :].decode(errors="replace"), _BARRIER.unpack_from(record)[1]
    )


class BarrierReader:
    """A reader of the bulk lane that ends at a barrier until it may be passed, and leaves barriers
    out. Implements `trapgate.ports.SpoolReader`.

    `place` is where the first lane stands. A barrier of another stream (somebody has deleted the
    spool) holds nobody up. One whose place was lost to a damaged disk holds until the next
    datagram in the first lane, whose sequence is higher.
    """

    def __init__(self, reader: SpoolReader, place: Callable[[], Position]) -> None:
        self._reader = reader
        self._place = place
        self._ended_at = -1
        self._barrier: Position | None = None

    @property
    def stream(self) -> str:
        return self._reader.stream

    def ack(self, sequence: int, ledger: bytes = b"") -> None:
        self._reader.ack(sequence, ledger)

    def acked(self) -> tuple[int, bytes]:
        return self._reader.acked()

    def sync(self) -> None:
        self._reader.sync()

    def read(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """As the port says. What has been acknowledged can be read again at any time."""
        if after == self._ended_at and self._held(self._barrier):
            return []
        self._ended_at, self._barrier = -1, None
        history = self._reader.acked()[0]
        found = self._reader.read(after, limit)
        while found:
            records = self._before_barrier(found, history)
            if records or self._barrier is not None:
                self._ended_at = records[-1][0] if records else after
                return records
            after = found[-1][0]  # barriers and nothing else: they may be passed
            found = self._reader.read(after, limit)
        return []

    def _before_barrier(
        self, found: Sequence[tuple[int, bytes]], history: int
    ) -> Sequence[tuple[int, bytes]]:
        """The records up to the first barrier that holds, which is remembered."""
        records: list[tuple[int, bytes]] = []
        for sequence, record in found:
            barrier = decode_barrier(record) if record[0:1] == _BARRIER_START else None
            if barrier is None:
                records.append((sequence, record))
            elif sequence > history and self._held(barrier):
                self._barrier = barrier
                break
        return records

    def _held(self, barrier: Position | None) -> bool:
        if barrier is None:
            return False
        place = self._place()
        return barrier.stream == place.stream and barrier.sequence > place.sequence
