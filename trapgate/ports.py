"""The seams between stages, as protocols. `app` decides which implementation stands behind each.

Pure ports (`Decoder`, `Integration`) are synchronous and do no IO. IO ports are synchronous too:
an implementation blocks, and who calls it from an event loop gives it a thread of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, Self

from trapgate.model import (
    Datagram,
    Decision,
    Decoded,
    Entry,
    Event,
    Notification,
    Now,
    Place,
    Position,
    Unit,
    UnitOutcome,
)
from trapgate.model.exchange import Request, Response, Step
from trapgate.model.query import Query


class Decoder(Protocol):
    """Bytes of one protocol into messages. What it remembers of earlier datagrams (USM engines)
    is explicit: a function of those it was given, saved and restored by who calls it."""

    def decode(self, datagram: Datagram, now: Now) -> Decoded:
        """Decode one datagram; never raises, whatever the bytes."""
        ...

    def remembers(self, data: bytes) -> bool:
        """Whether decoding these bytes may depend on earlier datagrams, or be remembered for later
        ones. If not, it can be done at any place in any order."""
        ...

    def saved(self) -> bytes:
        """The memory, to be kept; empty if there is none."""
        ...

    def restored(self, saved: bytes) -> Self:
        """The same decoder with a memory of its own, as `saved` has it; an empty or a damaged one
        starts anew."""
        ...


class SpoolWriter(Protocol):
    """The one appender of a durable stream."""

    @property
    def stream(self) -> str:
        """The stream's name, given once when it was created."""
        ...

    def append(self, payloads: Sequence[bytes]) -> Position:
        """Append a batch whole, in order, and return the position of its last record: on return
        it is on disk.

        Raises `SpoolFull` when the batch does not fit, `OSError` when the disk refuses; in both
        cases nothing of the batch is kept.
        """
        ...


class SpoolReader(Protocol):
    """One named reader of a durable stream, with a durable cursor of its own."""

    @property
    def stream(self) -> str: ...

    def read(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Up to about `limit` records (sequence, payload) after a sequence, in order; empty at
        the end."""
        ...

    def ack(self, sequence: int, ledger: bytes = b"") -> None:
        """Everything up to `sequence` is done with; `ledger` (the reader's counts) is kept with
        it, atomically."""
        ...

    def acked(self) -> tuple[int, bytes]:
        """The last acknowledged sequence (0: none) and its ledger."""
        ...

    def sync(self) -> None:
        """What was acknowledged survives a power cut, too. Raises `OSError`."""
        ...


class Snapshot(Protocol):
    """A memory of streams as of a place in each, kept whole or not at all."""

    def load(self) -> tuple[Mapping[str, int], bytes]:
        """The sequence in each stream, and the memory as of these; none and nothing if there is
        none that is sound."""
        ...

    def save(self, places: Mapping[str, int], memory: bytes) -> None:
        """Replace it, durable on return. Raises `OSError`: the one before is still there then."""
        ...


class EventStore(Protocol):
    """Where events are kept and found."""

    def write(self, events: Sequence[Event]) -> None:
        """Store a batch, durable on return. Writing an event again changes nothing."""
        ...

    def search(
        self, query: Query, *, start: int, end: int, limit: int, before: Place | None = None
    ) -> Sequence[Event]:
        """The newest `limit` events received in [start, end) that meet the query, newest first;
        `before` continues behind a page's last event. A store that bounds its work raises an error
        of its own instead of giving a part of the answer for the whole."""
        ...

    def aggregate(
        self, query: Query, by: Sequence[str], *, start: int, end: int
    ) -> Mapping[tuple[str, ...], int]:
        """How many events meet the query, by the values of these fields ("" for none)."""
        ...

    def since(self, position: Position, limit: int) -> Sequence[Event]:
        """Events of this stream after a position, oldest first."""
        ...

    def get(self, event_id: str) -> Event | None:
        """The event with this id; of several (identical datagrams) the first."""
        ...

    def damaged(self, *, start: int, end: int) -> Sequence[str]:
        """What is damaged in the store, by name, so that events received in [start, end) may be
        missing in the answers given so far; empty if they were whole."""
        ...


class KeptStore(EventStore, Protocol):
    """An event store as the process has it that writes it."""

    def retain(self, now: Now, *, days: int, bytes_max: int) -> Sequence[str]:
        """Delete what is older than so many days or beyond so many bytes, unless the store's own
        servers do; returns the names of what was deleted."""
        ...

    def probe(self) -> None:
        """Ask servers whether they would take events now; for the thread that writes. Raises what
        `write` raises if they would not."""
        ...

    def close(self) -> None:
        """Give up files and connections; safe twice."""
        ...


class StateStore(Protocol):
    """The consistent state: revisioned keys, changed by units only."""

    @property
    def unit_puts_max(self) -> int:
        """The most puts that a unit may have."""
        ...

    def load(self) -> tuple[Sequence[Entry], int]:
        """Every entry, and the revision as of which they were read."""
        ...

    def commit(self, units: Sequence[Unit]) -> Sequence[UnitOutcome]:
        """Apply each unit whole or not at all, in order; durable on return."""
        ...

    def watch(self, after: int) -> Iterator[Entry]:
        """Entries written by others after a revision, in revision order. A store with one opener
        has no others: its watch is empty."""
        ...


class History(Protocol):
    """The bounded, local memory of decisions."""

    def append(self, decisions: Sequence[tuple[int, Decision]]) -> None:
        """Keep decisions with the instants at which they were made; the oldest give way."""
        ...

    def search(self, subject: str | None, limit: int) -> Sequence[tuple[int, Decision]]:
        """The newest decisions about a subject, or that refer to it; newest first."""
        ...


class Integration(Protocol):
    """A conversation with a receiver, without IO: requests out, responses in, until `Done`,
    `Retry` or `Failed`. One object serves one notification."""

    def start(self, notification: Notification, memory: Mapping[str, str]) -> Step:
        """The first request (or an end, when there is nothing to say)."""
        ...

    def next(self, response: Response) -> Step:
        """What follows from the response."""
        ...


__all__ = [
    "Decoder",
    "EventStore",
    "History",
    "Integration",
    "Request",
    "SpoolReader",
    "SpoolWriter",
    "StateStore",
]
