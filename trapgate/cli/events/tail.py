"""`trapgate events tail`: the newest events, then those that come, until it is interrupted."""

import shlex
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import TypeVar

import msgspec

from trapgate.app.clock import now
from trapgate.app.records import NoEvents, NotAnswered, Span
from trapgate.cli.events.asked import Asked, Source, counted
from trapgate.cli.events.rows import INSTANTS, Columns, Output, columns, encoder, named_fields
from trapgate.cli.table import Screen, Table
from trapgate.model import BUCKET_S, NS_PER_S, Event, rfc3339
from trapgate.model.query import Query

POLL_S = 1.0
"""Between two looks: quick for a reader, and nothing for a store."""

OVERLAP_S = 30
"""How far each look goes back behind the one before. Events become visible in another order than
they arrived in (a lane of its own for a flood, Elasticsearch's refresh); one that is later than
this is not shown."""

POLL_EVENTS_MAX = 5_000
"""Events of one look: more than anybody reads at once, be it of a second or of the hours for which
the store was away. It bounds what is remembered, too."""

Key = tuple[str, str, int]
"""What tells one event from another in any store: its id, and its position."""

Wait = Callable[[float], bool]
"""Waits for so many seconds, and says whether it is over then."""

T = TypeVar("T")


class Gap(msgspec.Struct, frozen=True):
    """Events that were not shown since there were too many: so many of those in `span`, in which
    others may have been shown."""

    span: Span
    count: int


class Follower:
    """The events that were not there at the last look, oldest first, each once."""

    def __init__(self, source: Source, query: Query) -> None:
        self.gap: Gap | None = None
        """What the last look has left out."""
        self._source = source
        self._query = query
        self._reached: int | None = None
        self._told: dict[Key, int] = {}

    def first(self, span: Span, count: int) -> Sequence[Event]:
        """The newest `count` events of this time, to begin with; what else is there already, is
        not told later. Raises `NotAnswered`."""
        newest = list(self._source.newest_first(self._query, span, count))
        since = Span(max(span.start, span.end - OVERLAP_S * NS_PER_S), span.end)
        known = self._source.newest_first(self._query, since, POLL_EVENTS_MAX)
        self._told = {_key(event): event.received_at for event in (*known, *newest)}
        self._reached = span.end
        return newest[::-1]

    def look(self, now_ns: int) -> Sequence[Event]:
        """What has come since the last look that was answered, however long ago that is. Raises
        `NotAnswered`; nothing is lost by it."""
        reached = now_ns if self._reached is None else min(self._reached, now_ns)
        span = Span(reached - OVERLAP_S * NS_PER_S, now_ns)
        seen = list(self._source.newest_first(self._query, span, POLL_EVENTS_MAX))
        fresh = [event for event in seen if _key(event) not in self._told]
        self.gap = self._left_out(span, seen) if len(fresh) == POLL_EVENTS_MAX else None
        self._reached = now_ns
        since = now_ns - OVERLAP_S * NS_PER_S
        self._told.update((_key(event), event.received_at) for event in fresh)
        self._told = {key: at for key, at in self._told.items() if at >= since}
        return fresh[::-1]

    def _left_out(self, span: Span, seen: Sequence[Event]) -> Gap | None:
        """Of a look that found as many as it may, what is older than these."""
        total = sum(self._source.count(self._query, (), span).values())
        told = {key for key, at in self._told.items() if span.start <= at < span.end}
        count = total - len(told.union(map(_key, seen)))
        window = BUCKET_S * NS_PER_S  # within it the newest are not found first
        end = min((seen[-1].received_at // window + 1) * window, span.end)
        return Gap(Span(span.start, end), count) if count > 0 else None


class Patience:
    """Asks a store that is away again, and says once that it is, and once that it is back."""

    def __init__(self, wait: Wait) -> None:
        self._wait = wait
        self._away = False

    def tried(self, ask: Callable[[], T]) -> T | None:
        """The answer, `None` if there is none now. Raises `NoEvents`."""
        try:
            answer = ask()
        except NoEvents:
            raise
        except NotAnswered as error:
            if not self._away:
                print(f"no answer, asking again: {error}", file=sys.stderr)
            self._away = True
            return None
        if self._away:
            print("answered again", file=sys.stderr)
            self._away = False
        return answer

    def answer(self, ask: Callable[[], T]) -> T | None:
        """The answer when there is one, `None` if it is over before. Raises `NoEvents`."""
        while (answer := self.tried(ask)) is None:
            if self._wait(POLL_S):
                return None
        return answer


def tail(asked: Asked, count: int, output: Output, fields: str) -> int:
    """Print until Ctrl-C; a store that is away is waited for. Raises `Refused`, and `NoEvents` if
    there is no store."""
    stop = threading.Event()
    patience = Patience(stop.wait)
    chosen = named_fields(fields, INSTANTS)
    query = asked.parsed()
    write = _writer(output, chosen, columns(output, chosen, asked.zone))
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        source = patience.answer(lambda: stack.enter_context(asked.opened()))
        if source is not None:
            follower = Follower(source, query)
            begun = patience.answer(lambda: follower.first(asked.span(), count))
            write(begun or ())
            follow(follower, write, lambda gap: say(asked, gap), patience, stop.wait)
    return 0


def follow(
    follower: Follower,
    write: Callable[[Sequence[Event]], None],
    say: Callable[[Gap], None],
    patience: Patience,
    wait: Wait,
) -> None:
    """Look, say what is left out, write, wait; until `wait` says that it is over."""
    while not wait(POLL_S):
        events = patience.tried(lambda: follower.look(now().wall_ns + 1))
        if events is not None:
            if follower.gap is not None:
                say(follower.gap)
            write(events)


def say(asked: Asked, gap: Gap) -> None:
    """What is not shown, and the command that shows it."""
    since, until = (rfc3339(at, digits=9) for at in (gap.span.start, gap.span.end))
    command = ["trapgate", "events", "search", "--all", "--since", since, "--until", until]
    command += ["--url", asked.url] if asked.url else []
    command += ["--config", str(asked.config)] if asked.config else []
    command += [asked.query] if asked.query.strip() else []
    what = f"from {since} until {until}, {counted(gap.count, 'event')}"
    print(f"not shown: {what}; all of that time: {shlex.join(command)}", file=sys.stderr)


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
