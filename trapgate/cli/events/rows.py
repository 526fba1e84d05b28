"""Events as output: the columns of tables, and JSON."""

from collections.abc import Callable, Container, Mapping, Sequence
from datetime import tzinfo
from typing import Literal

import msgspec

from trapgate.cli.events.asked import Refused
from trapgate.cli.instants import shown_instant
from trapgate.cli.table import Cell
from trapgate.model import Event, rfc3339
from trapgate.normalize.stored import stored_document
from trapgate.query import QueryError, check_field, field_text, read_field

Output = Literal["table", "wide", "json", "jsonl"]

SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""The short names of RFC 5424's severities, as `logger` takes them."""

_COLOURS = ("red", "red", "red", "red", "yellow", "", "", "bright_black")

INSTANTS: Mapping[str, Callable[[Event], int]] = {
    "@timestamp": lambda event: event.timestamp,
    "event.created": lambda event: event.received_at,
}
"""Fields of the document that queries do not have: `start` and `end` stand for them."""

TABLE_FIELDS = ("event.created", "event.severity", "host.name", "event.code", "message")
WIDE_FIELDS = (
    "event.created", "@timestamp", "event.severity", "host.name", "source.ip", "event.code",
    "event.id", "message",
)  # fmt: skip
"""What the two tables show."""

_HEADINGS = {
    "@timestamp": "HAPPENED",
    "event.created": "RECEIVED",
    "event.severity": "SEVERITY",
    "host.name": "DEVICE",
    "source.ip": "SENDER",
    "event.code": "CODE",
    "event.id": "ID",
}

_NONE = "-"


class Columns:
    """The columns of a table of events. `fields` are a user's, by their names."""

    def __init__(
        self, fields: Sequence[str], zone: tzinfo | None, digits: int = 0, *, named: bool = False
    ) -> None:
        """`named`: the headings are the fields' names."""
        self.headings = [f if named else _HEADINGS.get(f, f.upper()) for f in fields]
        self._cells = [_cell_of(field, zone, digits) for field in fields]

    def row(self, event: Event) -> list[Cell]:
        """The cells of one event."""
        return [cell(event) for cell in self._cells]


def columns(output: Output, fields: Sequence[str], zone: tzinfo | None) -> Columns:
    """The columns of `-o table` and `-o wide`, or those of `--fields`."""
    digits = 3 if output == "wide" else 0
    if fields:
        return Columns(fields, zone, digits, named=True)
    return Columns(WIDE_FIELDS if output == "wide" else TABLE_FIELDS, zone, digits)


def encoder(fields: Sequence[str]) -> Callable[[Event], bytes]:
    """An event as one line of JSON: its document, or an object with these of its fields that it
    has."""
    encode = msgspec.json.Encoder().encode
    if not fields:
        return lambda event: encode(stored_document(event))
    readers = [(field, _value_of(field)) for field in fields]

    def chosen(event: Event) -> bytes:
        values = {field: read(event) for field, read in readers}
        return encode({field: value for field, value in values.items() if value is not None})

    return chosen


def named_fields(text: str, also: Container[str] = ()) -> tuple[str, ...]:
    """The fields of `--fields` and `--by`, which have commas between them. Raises `Refused` for
    one that no event can have and that is not in `also`."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if text))
    if "" in names:
        raise Refused(f'"{text}": give fields with one comma between them')
    for name in names:
        if name not in also:
            try:
                check_field(name)
            except QueryError as error:
                help = f"; {error.help}" if error.help else ""
                raise Refused(f"{error.summary}{help}") from None
    return names


def _value_of(field: str) -> Callable[[Event], object]:
    instant = INSTANTS.get(field)
    if instant is None:
        return read_field(field)
    return lambda event: rfc3339(instant(event), digits=9)


def _cell_of(field: str, zone: tzinfo | None, digits: int) -> Callable[[Event], Cell]:
    instant = INSTANTS.get(field)
    if instant is not None:
        return lambda event: Cell(shown_instant(instant(event), zone, digits=digits))
    if field == "event.severity":
        return lambda event: severity_cell(event.severity)
    read = read_field(field)
    return lambda event: Cell(field_text(read(event)) or _NONE)


def severity_cell(severity: int | None) -> Cell:
    """A severity by its name, in its colour."""
    if severity is None or not 0 <= severity < len(SEVERITIES):
        return Cell(_NONE if severity is None else str(severity))
    return Cell(SEVERITIES[severity], _COLOURS[severity])
