"""`trapgate events tail`: the newest events, then those that come, until it is interrupted."""

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from trapgate.app.clock import now
from trapgate.app.records import NotAnswered, Span
from trapgate.cli.events.asked import Asked, Source
from trapgate.cli.events.rows import INSTANTS, Columns, Output, columns, encoder, named_fields
from trapgate.cli.table import Screen, Table
from trapgate.model import NS_PER_S, Event
from trapgate.model.query import Query

POLL_S = 1.0
"""Between two looks: quick for a reader, and nothing for a store."""

OVERLAP_S = 30
"""How far back each look goes. Events become visible in another order than they arrived in (a lane
of its own for a flood, Elasticsearch's refresh); one that is later than this is not shown."""

POLL_EVENTS_MAX = 5_000
"""Events of one look: more than anybody reads in a second. It bounds what is remembered, too."""

Key = tuple[str, str, int]
"""What tells one event from another in any store: its id, and its position."""


class Follower:
    """The events that were not there at the last look, oldest first, each once."""

    def __init__(self, source: Source, query: Query) -> None:
        self.passed_over = False
        """Whether the last look found so many that older ones may have been left out."""
        self._source = source
        self._query = query
        self._told: dict[Key, int] = {}

    def first(self, span: Span, count: int) -> Sequence[Event]:
        """The newest `count` events of this time, to begin with; what else is there already, is
        not told later."""
        newest = list(self._source.newest_first(self._query, span, count))
        since = Span(max(span.start, span.end - OVERLAP_S * NS_PER_S), span.end)
        known = self._source.newest_first(self._query, since, POLL_EVENTS_MAX)
        self._told = {_key(event): event.received_at for event in (*known, *newest)}
        return newest[::-1]

    def look(self, now_ns: int) -> Sequence[Event]:
        """What has come since. Raises `NotAnswered`; nothing is lost by it, the next look that is
        answered within `OVERLAP_S` finds it."""
        start = now_ns - OVERLAP_S * NS_PER_S
        seen = list(self._source.newest_first(self._query, Span(start, now_ns), POLL_EVENTS_MAX))
        fresh = [event for event in seen if _key(event) not in self._told]
        self.passed_over = len(fresh) == POLL_EVENTS_MAX
        self._told = {key: at for key, at in self._told.items() if at >= start}
        self._told.update((_key(event), event.received_at) for event in fresh)
        return fresh[::-1]


def tail(asked: Asked, count: int, output: Output, fields: str) -> int:
    """Print until Ctrl-C. Raises `Refused`, `NotAnswered` if not even the first look is answered;
    later a store that is away is said once, and asked again."""
    stop = threading.Event()
    chosen = named_fields(fields, INSTANTS)
    query, span = asked.parsed(), asked.span()
    write = _writer(output, chosen, columns(output, chosen, asked.zone))
    with asked.opened() as source, suppress(KeyboardInterrupt):
        follower = Follower(source, query)
        write(follower.first(span, count))
        follow(follower, write, stop.wait)
    return 0


def follow(
    follower: Follower, write: Callable[[Sequence[Event]], None], wait: Callable[[float], bool]
) -> None:
    """Look, write, wait; until `wait` (for seconds) says that it is over."""
    away = False
    while not wait(POLL_S):
        try:
            events = follower.look(now().wall_ns + 1)
        except NotAnswered as error:
            if not away:
                print(f"no answer, asking again: {error}", file=sys.stderr)
            away = True
            continue
        if away:
            print("answered again", file=sys.stderr)
            away = False
        if follower.passed_over:
            hint = "give a query that fewer meet"
            print(f"more than {POLL_EVENTS_MAX} at once, some left out: {hint}", file=sys.stderr)
        write(events)


def _writer(
    output: Output, fields: Sequence[str], shape: Columns
) -> Callable[[Sequence[Event]], None]:
    """What prints events as they come."""
    if output == "jsonl":
        encode = encoder(fields)

        def write_json(events: Sequence[Event]) -> None:
            for event in events:
                print(encode(event).decode())
            sys.stdout.flush()

        return write_json
    table = Table(shape.headings, Screen.of_output())

    def write(events: Sequence[Event]) -> None:
        for line in table.batch([shape.row(event) for event in events]):
            print(line)
        sys.stdout.flush()

    return write


def _key(event: Event) -> Key:
    return event.id, event.position.stream, event.position.sequence
