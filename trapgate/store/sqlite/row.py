"""An event as a row: what is searched has columns, the rest is one JSON document."""

from collections.abc import Mapping

import msgspec

from trapgate.model import Dataset, Endpoint, Event, FieldValue, Position, Problem
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX

StoredRow = tuple[int, int, int, str, Dataset, str, str, int | None, bytes, bytes]
"""seq, timestamp, received_at, id, dataset, code, device, severity, doc, raw: dictionary numbers
are texts again."""


class Document(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The part of an event that has no column; its JSON is the column `doc` (schema version 1).

    JSON has no NaN and no infinity: such a number is written as null and not read back.
    """

    clock: str
    source: Endpoint
    message: str
    labels: Mapping[str, str] = {}
    fields: Mapping[str, FieldValue | None] = {}
    problems: tuple[Problem, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Document).decode


def encoded_document(event: Event) -> bytes:
    """The column `doc`; raises `UnicodeEncodeError` for text that is not Unicode."""
    return _encode(
        Document(
            event.clock, event.source, event.message, event.labels, event.fields, event.problems
        )
    )


def event_of(row: StoredRow, streams: Mapping[int, str]) -> Event:
    """The event of a row; `streams` are the file's.

    Raises `msgspec.DecodeError` if the document is broken.
    """
    seq, timestamp, received_at, id_, dataset, code, device, severity, doc, raw = row
    document = _decode(doc)
    fields = {name: value for name, value in document.fields.items() if value is not None}
    return Event(
        id=id_,
        position=Position(streams[seq >> SEQUENCE_BITS], seq & SEQUENCE_MAX),
        timestamp=timestamp,
        received_at=received_at,
        clock=document.clock,
        kind=dataset,
        source=document.source,
        device=device,
        severity=severity,
        code=code,
        labels=document.labels,
        fields=fields,
        message=document.message,
        raw=raw,
        problems=document.problems,
    )
