"""Prepared events: what a datagram becomes whatever came before it.

Most of the work on a datagram needs no memory: to decode it, and to name what it says. That part
may be done by another process (`pipeline.preparing`), beforehand (`pipeline.ahead`). What is left
to ingest is what depends on the order: ids, repeats, storms, numbers of lines.
"""

from collections.abc import Mapping, Sequence

import msgspec

from trapgate.model import (
    RAW_BYTES_MAX,
    Datagram,
    Dataset,
    Event,
    FieldValue,
    Position,
    Problem,
)
from trapgate.spool import SharedNumber, Wire


class PreparedEvent(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An event without its id, its place and what it has of its datagram.

    `raw` is `None` where it is the datagram's data.
    """

    timestamp: int
    clock: str
    kind: Dataset
    device: str
    severity: int | None
    code: str
    labels: Mapping[str, str]
    fields: Mapping[str, FieldValue]
    message: str
    raw: bytes | None
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, event: Event, datagram: Datagram) -> "PreparedEvent":
        """What an event of this datagram is without these."""
        return cls(
            event.timestamp,
            event.clock,
            event.kind,
            event.device,
            event.severity,
            event.code,
            event.labels,
            event.fields,
            event.message,
            None if event.raw == datagram.data[:RAW_BYTES_MAX] else event.raw,
            event.problems,
        )

    def event(self, datagram: Datagram, event_id: str, position: Position) -> Event:
        """The event that it was made of, with its id and its place."""
        return Event(
            event_id,
            position,
            self.timestamp,
            datagram.received_at,
            self.clock,
            self.kind,
            datagram.peer,
            self.device,
            self.severity,
            self.code,
            self.labels,
            self.fields,
            self.message,
            datagram.data[:RAW_BYTES_MAX] if self.raw is None else self.raw,
            self.problems,
        )


Prepared = tuple[PreparedEvent, ...]
"""Those of one datagram's messages; none if it is to be read where its order is known."""


class Line(msgspec.Struct, frozen=True):
    """What leads to a decode process: a wire for requests and answers, and up to which number
    requests are withdrawn."""

    wire: Wire
    withdrawn: SharedNumber


class Request(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Records to be prepared under the configuration of this stamp; `number` is for the answer."""

    number: int
    stamp: tuple[int, int]
    records: Sequence[bytes]


class Answer(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What was prepared for a request, one entry a record; none at all if nothing could be done."""

    number: int
    prepared: Sequence[Prepared]


HELLO = Answer(0, ())
"""What a decode process says first: what its forerunner was asked is not answered any more."""
