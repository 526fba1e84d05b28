"""`trapgate events search`: events that meet a query, newest first, or how many there are."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

import msgspec

from trapgate.cli.events.asked import Asked, ending, whole
from trapgate.cli.events.rows import INSTANTS, Output, columns, encoder, named_fields, severity_cell
from trapgate.cli.instants import shown_instant
from trapgate.cli.table import Cell, Screen, Table
from trapgate.model import Event

LIMIT_DEFAULT = 100
"""Events that are shown if nobody says how many: some screens."""


class Shown(msgspec.Struct, frozen=True):
    """The options that say how: `limit` is `None` for all; `fields` and `by` have commas."""

    output: Output = "table"
    limit: int | None = LIMIT_DEFAULT
    fields: str = ""
    by: str | None = None


def search(asked: Asked, shown: Shown) -> int:
    """Print events, or counts if `by` is there; 1 if nothing meets the query, 3 if the store is
    damaged there.

    Raises `Refused`, `NotAnswered`.
    """
    if shown.by is not None:
        return _count(asked, shown, named_fields(shown.by))
    fields = named_fields(shown.fields, INSTANTS)
    query, span = asked.parsed(), asked.span()
    with asked.opened() as source:
        found = _Counted(source.newest_first(query, span, shown.limit))
        for line in event_lines(found, shown.output, fields, asked.zone):
            print(line)
        complete = whole(source, span)
    if found.count == shown.limit:
        # whether there are more is not looked for: the next one may be a day of reading away
        print(f"these are the newest {shown.limit}: see --limit and --all", file=sys.stderr)
    if not found.count:
        since, until = (shown_instant(at, asked.zone) for at in (span.start, span.end))
        print(f"nothing found, since {since} until {until}", file=sys.stderr)
    return ending(found.count, complete=complete)


def event_lines(
    events: Iterable[Event], output: Output, fields: tuple[str, ...], zone: tzinfo | None
) -> Iterator[str]:
    """The lines of events in one of the forms. Of the wide table nothing is cut."""
    if output in ("table", "wide"):
        screen = Screen.of_output()
        if output == "wide":
            screen = msgspec.structs.replace(screen, width=None)
        shape = columns(output, fields, zone)
        yield from Table(shape.headings, screen).lines(map(shape.row, events))
        return
    encode = encoder(fields)
    texts = (encode(event).decode() for event in events)
    yield from texts if output == "jsonl" else _array(texts)


def _array(texts: Iterable[str]) -> Iterator[str]:
    """JSON values as one array, an element a line, without knowing how many there are."""
    before = "["
    for text in texts:
        yield before + text
        before = ","
    yield "]" if before == "," else "[]"


class _Counted:
    """Events as they pass."""

    def __init__(self, events: Iterator[Event]) -> None:
        self.count = 0
        self._events = events

    def __iter__(self) -> Iterator[Event]:
        for event in self._events:
            self.count += 1
            yield event


def _count(asked: Asked, shown: Shown, by: tuple[str, ...]) -> int:
    query, span = asked.parsed(), asked.span()
    with asked.opened() as source:
        counts = source.count(query, by, span)
        complete = whole(source, span)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    taken = ordered[: shown.limit]
    for line in _group_lines(taken, by, shown.output):
        print(line)
    if len(ordered) > len(taken):
        print(f"{len(taken)} of {len(ordered)} groups: see --limit", file=sys.stderr)
    return ending(sum(counts.values()), complete=complete)


def _group_lines(
    groups: Sequence[tuple[tuple[str, ...], int]], by: tuple[str, ...], output: Output
) -> Iterator[str]:
    if output in ("table", "wide"):
        rows = ([Cell(str(count)), *_cells(by, values)] for values, count in groups)
        yield from Table(("COUNT", *by), Screen.of_output()).lines(rows)
        return
    objects = ({"by": dict(zip(by, values, strict=True)), "count": n} for values, n in groups)
    texts = (msgspec.json.encode(each).decode() for each in objects)
    yield from texts if output == "jsonl" else _array(texts)


def _cells(by: tuple[str, ...], values: tuple[str, ...]) -> Iterator[Cell]:
    for field, value in zip(by, values, strict=True):
        if field == "event.severity" and value.isdigit():
            yield severity_cell(int(value))
        else:
            yield Cell(value or "-")
