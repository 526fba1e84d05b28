"""`trapgate events show`: everything that is known of one event."""

import re
import sys
from collections.abc import Iterator
from datetime import tzinfo

import msgspec

from trapgate.app.records import Span
from trapgate.cli.events.asked import EX_NOT_FOUND, Asked, Refused, Source, ending, whole
from trapgate.cli.events.rows import SEVERITIES
from trapgate.cli.hexdump import hexdump
from trapgate.cli.instants import shown_instant
from trapgate.mib.visible import visible
from trapgate.model import BUCKET_S, NS_PER_S, Event, FieldValue
from trapgate.model.query import Wildcard
from trapgate.normalize.stored import stored_document

ID_DIGITS_MIN = 8
"""Digits of an id that name its 10 seconds: with less, all that was ever stored would be read."""

_ID_DIGITS = 32
_BEGINNING = re.compile(r"[0-9a-f]{1,32}")
_LISTED_MAX = 10
"""Ids of which one may have been meant."""

_NAME_CELLS = 28
"""Width of the names of most fields."""


def show(asked: Asked, event_id: str, *, as_json: bool) -> int:
    """Print one event; 1 if there is none with this id, 3 if that is not known since the store is
    damaged there. Raises `Refused`, `NotAnswered`."""
    if not _BEGINNING.fullmatch(event_id) or len(event_id) < ID_DIGITS_MIN:
        raise Refused(
            f'"{event_id}" is no event\'s id: it has {_ID_DIGITS} digits (0-9, a-f), of which the '
            f"first {ID_DIGITS_MIN} or more may be given"
        )
    with asked.opened() as source:
        span = _span(event_id)
        found = _found(source, event_id, span)
        certain = bool(found) and len(event_id) == _ID_DIGITS
        complete = certain or whole(source, span)
    if not found:
        where = "" if complete else " in what can be read"
        print(f"there is no event {event_id}{where}", file=sys.stderr)
        return ending(0, complete=complete)
    if len(found) > 1:
        print(f"{event_id} begins the ids of several events:", file=sys.stderr)
        for event in found:
            print(f"  {event.id}  {event.device}  {visible(event.message)}", file=sys.stderr)
        return EX_NOT_FOUND
    print(_json(found[0]) if as_json else "\n".join(_lines(found[0], asked.zone)))
    return ending(1, complete=complete)


def _span(beginning: str) -> Span:
    """When the events were received whose id begins like this."""
    start = int(beginning[:ID_DIGITS_MIN], 16) * BUCKET_S * NS_PER_S
    return Span(start, start + BUCKET_S * NS_PER_S)


def _found(source: Source, beginning: str, span: Span) -> list[Event]:
    """The events whose id begins like this, some of them if there are many."""
    if len(beginning) == _ID_DIGITS:
        event = source.named(beginning)
        return [] if event is None else [event]
    query = Wildcard("event.id", (beginning, ""))
    by_id = {event.id: event for event in source.newest_first(query, span, _LISTED_MAX)}
    return list(by_id.values())


def _json(event: Event) -> str:
    return msgspec.json.format(msgspec.json.encode(stored_document(event)), indent=2).decode()


def _lines(event: Event, zone: tzinfo | None) -> Iterator[str]:
    """The event as a person reads it: what it says, its fields, what was odd, its bytes."""
    yield visible(event.message) or event.code
    yield from _pairs(_head(event, zone))
    if event.labels:
        yield "labels"
        yield from _pairs((name, value) for name, value in sorted(event.labels.items()))
    if event.fields:
        yield "fields"
        yield from _pairs(_texts(event))
    if event.problems:
        yield "problems"
        for problem in event.problems:
            yield f"  {problem.severity}: {visible(problem.summary)} [{problem.code}]"
    yield from _raw(event)


def _head(event: Event, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    yield "id", event.id
    yield "received", shown_instant(event.received_at, zone, digits=3)
    clock = "as received: the device gave no time that can be trusted"
    if event.clock.startswith("device:"):
        clock = f"by the clock of {event.clock.removeprefix('device:')}"
    yield "happened", f"{shown_instant(event.timestamp, zone, digits=3)}  ({clock})"
    yield "device", event.device
    yield "sender", str(event.source)
    yield "dataset", event.kind
    yield "code", event.code or "-"
    severity = event.severity
    if severity is not None:
        name = SEVERITIES[severity] if 0 <= severity < len(SEVERITIES) else "?"
        yield "severity", f"{severity} ({name})"
    yield "place", f"{event.position.stream}/{event.position.sequence}"


def _texts(event: Event) -> Iterator[tuple[str, str]]:
    """The fields, one line for each of several values."""
    for name, value in sorted(event.fields.items()):
        for number, text in enumerate(_values(value)):
            yield "" if number else name, text


def _values(value: FieldValue) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    return (str(value).lower() if isinstance(value, bool) else str(value),)


def _pairs(pairs: Iterator[tuple[str, str]]) -> Iterator[str]:
    for name, text in pairs:
        yield f"  {visible(name).ljust(_NAME_CELLS)}  {visible(text)}".rstrip()


def _raw(event: Event) -> Iterator[str]:
    """What came in: as text where it is a line, else as a dump that other tools read."""
    if not event.raw:
        yield "no bytes are kept: this event was made by trapgate"
        return
    size = event.fields.get("event.raw_bytes", len(event.raw))
    kept = f", the first {len(event.raw)} of them" if size != len(event.raw) else ""
    secret = "; communities are masked" if event.kind == "snmp.trap" else ""
    yield f"as received: {size} bytes{kept}{secret}"
    text = _as_line(event)
    yield from [f"  {text}"] if text is not None else (f"  {x}" for x in hexdump(event.raw))


def _as_line(event: Event) -> str | None:
    """The bytes as a line of text, `None` if they are none."""
    if event.kind != "syslog.network":
        return None
    try:
        return visible(event.raw.decode())
    except UnicodeDecodeError:
        return None
