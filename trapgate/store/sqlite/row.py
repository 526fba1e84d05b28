"""An event as a row: what is searched most is its facet, the rest is columns and one document."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from trapgate.model import Dataset, Endpoint, Event, FieldValue, Position, Problem
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX


class Facet(NamedTuple):
    """What an event shares with thousands of others: the values of the *hot* fields, by which
    events are mostly looked for. A part has a table of them; its events have their numbers."""

    dataset: Dataset
    severity: int | None
    code: str
    device: str
    source: str


StoredRow = tuple[int, int, int, str, Dataset, int | None, str, str, str, str, str, bytes]
"""seq, timestamp, received_at, id, the facet's values, message, doc, raw."""


class Document(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The part of an event that has no column; its JSON is the column `doc` (schema version 2).

    JSON has no NaN and no infinity: such a number is written as null and not read back.
    """

    clock: str
    port: int
    labels: Mapping[str, str] = {}
    fields: Mapping[str, FieldValue | None] = {}
    problems: tuple[Problem, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Document).decode


def document_text(event: Event) -> str:
    """The column `doc`; raises `UnicodeEncodeError` for text that is not Unicode."""
    document = Document(event.clock, event.source.port, event.labels, event.fields, event.problems)
    return _encode(document).decode()


def event_of(row: StoredRow, streams: Mapping[int, str]) -> Event:
    """The event of a row; `streams` are the file's.

    Raises `msgspec.DecodeError` if the document is broken.
    """
    (seq, timestamp, received_at, id_) = row[:4]
    (dataset, severity, code, device, source, message, doc, raw) = row[4:]
    document = _decode(doc)
    fields = {name: value for name, value in document.fields.items() if value is not None}
    return Event(
        id=id_,
        position=Position(streams[seq >> SEQUENCE_BITS], seq & SEQUENCE_MAX),
        timestamp=timestamp,
        received_at=received_at,
        clock=document.clock,
        kind=dataset,
        source=Endpoint(source, document.port),
        device=device,
        severity=severity,
        code=code,
        labels=document.labels,
        fields=fields,
        message=message,
        raw=raw,
        problems=document.problems,
    )
