"""An event as the document that an Elasticsearch store keeps, and back: nothing is lost.

It is `document` with what that leaves out (position, clock, whole problems) under `trapgate.`, with
all nine digits of a second, and with a nesting that has one meaning: a field whose name cannot be
nested beside the others stands flat in `trapgate.beside`.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from trapgate.model import (
    Endpoint,
    Event,
    FieldValue,
    Position,
    Problem,
    parse_rfc3339,
    rfc3339,
)
from trapgate.normalize.document import ECS_VERSION, original
from trapgate.query.fields import FIELDS, PREFIXES

STORED_SCHEMA = 1
"""Version of the stored form, in `trapgate.schema`."""

CONTAINERS = ("labels", "log.syslog.structured_data", "snmp.index", "snmp.vb", "syslog.pairs")
"""Objects whose keys are somebody else's words: what stands behind the container's name is one key,
dots and all."""

KEY_CHARS_MAX = 256
"""Longest name of a field that is nested: more than any MIB's, and a bound for what parses it."""

TEXT_CHARS_MAX = 8_191
"""Longest value that can be one term of an index: Lucene's 32,766 bytes, at four a character."""

_COLUMNS = frozenset(
    """
    @timestamp ecs.version event.id event.kind event.category event.type event.module event.dataset
    event.created event.code event.severity event.original event.original_encoding host.name
    source.ip source.port message error.code error.message
    """.split()
)
"""What is made of the event's attributes."""

_OWN = frozenset("schema position clock problems beside odd pairs words numbers addresses".split())
"""Names below `trapgate.` that are not fields of events."""

_LEAVES = _COLUMNS | FIELDS.keys() | {f"trapgate.{name}" for name in _OWN}


def _above(name: str) -> Iterator[str]:
    """The names of the objects that a nested name stands in."""
    parts = name.split(".")
    return (".".join(parts[:number]) for number in range(1, len(parts)))


_OBJECTS = frozenset(
    {*CONTAINERS, *(prefix.rstrip(".") for prefix in PREFIXES)}.union(*map(_above, _LEAVES))
)


def stored_document(event: Event) -> dict[str, object]:
    """The document to store. `trapgate.odd` marks one with a value that an index may not hold as
    it is: a name that is not nested, a text beyond `TEXT_CHARS_MAX`, a number with a fraction."""
    stored = _columns(event)
    beside: list[tuple[str, FieldValue]] = []
    odd = _is_odd(event.code) or _is_odd(event.device)
    for key, value in event.fields.items():
        path = _path(key)
        if path is None or not _place(stored, path, value):
            beside.append((key, value))
        odd = odd or _is_odd(value)
    if event.labels:
        stored["labels"] = dict(event.labels)
        odd = odd or any(map(_is_odd, event.labels.values()))
    own: dict[str, object] = stored.setdefault("trapgate", {})
    own["schema"] = STORED_SCHEMA
    own["position"] = {"stream": event.position.stream, "sequence": event.position.sequence}
    own["clock"] = event.clock
    if event.problems:
        own["problems"] = msgspec.to_builtins(event.problems)
    if beside:
        own["beside"] = beside
    if beside or odd:
        own["odd"] = True
    return stored


def event_of(stored: Mapping[str, Any]) -> Event:
    """The event of a stored document, as it was: but numbers that JSON does not have (NaN, the
    infinities) are gone. Raises `ValueError` for a document that is not one of ours."""
    try:
        return _event_of(stored)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a stored event: {error!r}") from error


def _event_of(stored: Mapping[str, Any]) -> Event:
    event, own = stored["event"], stored["trapgate"]
    if own["schema"] != STORED_SCHEMA:
        raise ValueError(f"a stored event of schema {own['schema']}, not {STORED_SCHEMA}")
    fields = {key: value for key, value in _flat(stored, "") if not _is_reserved(key)}
    fields.update(own.get("beside", ()))
    return Event(
        id=event["id"],
        position=Position(own["position"]["stream"], own["position"]["sequence"]),
        timestamp=parse_rfc3339(stored["@timestamp"]),
        received_at=parse_rfc3339(event["created"]),
        clock=own["clock"],
        kind=event["dataset"],
        source=Endpoint(stored["source"]["ip"], stored["source"]["port"]),
        device=stored["host"]["name"],
        severity=event.get("severity"),
        code=event.get("code", ""),
        labels=stored.get("labels", {}),
        fields={k: _value(value) for k, value in fields.items() if value is not None},
        message=stored["message"],
        raw=_raw(event),
        problems=msgspec.convert(own.get("problems", []), tuple[Problem, ...]),
    )


def _columns(event: Event) -> dict[str, Any]:
    text, encoding = original(event)
    of_event: dict[str, object] = {
        "id": event.id,
        "kind": "event",
        "category": ["network"],
        "type": ["info"],
        "module": event.kind.partition(".")[0],
        "dataset": event.kind,
        "created": rfc3339(event.received_at, digits=9),
        "original": text,
    }
    if encoding:
        of_event["original_encoding"] = encoding
    if event.code:
        of_event["code"] = event.code
    if event.severity is not None:
        of_event["severity"] = event.severity
    stored = {
        "@timestamp": rfc3339(event.timestamp, digits=9),
        "ecs": {"version": ECS_VERSION},
        "event": of_event,
        "host": {"name": event.device},
        "source": {"ip": event.source.address, "port": event.source.port},
        "message": event.message,
    }
    if event.problems:
        stored["error"] = {
            "code": [problem.code for problem in event.problems],
            "message": [problem.summary for problem in event.problems],
        }
    return stored


def _place(stored: dict[str, Any], path: tuple[str, ...], value: FieldValue) -> bool:
    """Put a value where its path leads; whether there was room for it."""
    inside = stored
    for part in path[:-1]:
        inside = inside.setdefault(part, {})
        if inside.__class__ is not dict:
            return False
    if path[-1] in inside:
        return False
    inside[path[-1]] = value
    return True


@lru_cache(maxsize=16_384)
def _path(key: str) -> tuple[str, ...] | None:
    """Where a field is nested; `None` if it is not: its name is another's, or leads into a value,
    or is one that Elasticsearch refuses (a part that is blank, a control character)."""
    if len(key) > KEY_CHARS_MAX or not key.isprintable() or _is_reserved(key):
        return None
    for container in CONTAINERS:
        if key.startswith(f"{container}."):
            rest = key[len(container) + 1 :]
            return (*container.split("."), rest) if _is_plain(rest) else None
    if key in _OBJECTS or any(above in _LEAVES for above in _above(key)):
        return None
    return tuple(key.split(".")) if _is_plain(key) else None


def _is_plain(key: str) -> bool:
    return all(part.strip() for part in key.split("."))


@lru_cache(maxsize=16_384)
def _is_reserved(key: str) -> bool:
    """Whether this name in a stored document is not that of one of `Event.fields`."""
    if key in _COLUMNS or key.startswith("labels."):
        return True
    first, _, rest = key.partition(".")
    return first == "trapgate" and rest.partition(".")[0] in _OWN


def _is_odd(value: FieldValue) -> bool:
    if value.__class__ is str:
        return len(value) > TEXT_CHARS_MAX
    if isinstance(value, tuple):
        return any(len(text) > TEXT_CHARS_MAX for text in value)
    return value.__class__ is float


def _flat(nested: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in nested.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def _value(value: Any) -> FieldValue:
    return tuple(value) if isinstance(value, list) else value


def _raw(event: Mapping[str, Any]) -> bytes:
    text, encoding = event["original"], event.get("original_encoding")
    if encoding == "hex":
        return bytes.fromhex(text)
    return bytes(text.encode(encoding or "utf-8"))
