"""An event as its ECS document: the same in every store, on every API, in every output.

Flat dotted keys become nested objects here, and only here. Source: Elastic Common Schema 8,
https://www.elastic.co/guide/en/ecs/current/.
"""

from collections.abc import Iterator, Mapping

from trapgate.model import Event, FieldValue, rfc3339

ECS_VERSION = "8.17.0"

Document = Mapping[str, object]


def document(event: Event) -> Document:
    """The nested document. A key that is both a value and an object (a device may name its fields
    `a` and `a.b`) keeps the dotted form for the deeper one."""
    nested: dict[str, object] = {}
    for key, value in _flat(event):
        _place(nested, key, value)
    return nested


def _flat(event: Event) -> Iterator[tuple[str, FieldValue]]:
    module, _, _ = event.kind.partition(".")
    yield "@timestamp", rfc3339(event.timestamp, digits=6)
    yield "ecs.version", ECS_VERSION
    yield "event.id", event.id
    yield "event.kind", "event"
    yield "event.category", ("network",)
    yield "event.type", ("info",)
    yield "event.module", module
    yield "event.dataset", event.kind
    yield "event.created", rfc3339(event.received_at, digits=6)
    if event.code:
        yield "event.code", event.code
    if event.severity is not None:
        yield "event.severity", event.severity
    yield "host.name", event.device
    yield "source.ip", event.source.address
    yield "source.port", event.source.port
    yield "message", event.message
    yield from ((f"labels.{name}", value) for name, value in event.labels.items())
    yield from event.fields.items()
    text, encoding = original(event)
    yield "event.original", text
    if encoding:
        yield "event.original_encoding", encoding
    if event.problems:
        yield "error.code", tuple(problem.code for problem in event.problems)
        yield "error.message", tuple(problem.summary for problem in event.problems)


def original(event: Event) -> tuple[str, str]:
    """The raw bytes as text, and its encoding: hex for SNMP, for syslog the line itself, which is
    UTF-8 ("") if it can be."""
    if event.kind == "syslog.network":
        try:
            return event.raw.decode(), ""
        except UnicodeDecodeError:
            return event.raw.decode("latin-1"), "latin-1"
    return event.raw.hex(), "hex"


def _place(nested: dict[str, object], key: str, value: FieldValue) -> None:
    parts = key.split(".")
    inside = nested
    for number, part in enumerate(parts[:-1]):
        deeper = inside.setdefault(part, {})
        if not isinstance(deeper, dict):
            inside[".".join(parts[number:])] = value
            return
        inside = deeper
    last = parts[-1]
    if isinstance(inside.get(last), dict):
        inside[f"{last}.value"] = value
    else:
        inside[last] = list(value) if isinstance(value, tuple) else value
