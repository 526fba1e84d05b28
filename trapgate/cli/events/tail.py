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
from trapgate.model import BUCKET_S, NEVER, NS_PER_S, Event, rfc3339
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

LATE_READ_MAX = 20_000
"""Events that one look reads to find those that came late, which may lie behind all that it knows:
half a second's work, and 30 seconds of 666 events each."""

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
    """The events that were not there at the last look, each once: those that came late first, then
    what is new, oldest first."""

    def __init__(self, source: Source, query: Query) -> None:
        self.gap: Gap | None = None
        """What the last look has left out. Nothing of that time is shown later."""
        self._source = source
        self._query = query
        self._reached: int | None = None
        self._floor = -NEVER
        self._told: dict[Key, int] = {}

    def first(self, span: Span, count: int) -> Sequence[Event]:
        """The newest `count` events of this time, to begin with; what else is there already, is
        not told later. Raises `NotAnswered`."""
        newest = list(self._source.newest_first(self._query, span, count))
        since = Span(max(span.start, span.end - OVERLAP_S * NS_PER_S), span.end)
        known = list(self._source.newest_first(self._query, since, POLL_EVENTS_MAX))
        if len(known) == POLL_EVENTS_MAX:
            self._floor = _whole_from(known[-1], since)
        self._told = {_key(event): event.received_at for event in (*known, *newest)}
        self._reached = span.end
        return newest[::-1]

    def look(self, now_ns: int) -> Sequence[Event]:
        """What has come since the last look that was answered, however long ago that is. Raises
        `NotAnswered`; nothing is lost by it."""
        reached = now_ns if self._reached is None else min(self._reached, now_ns)
        since = min(max(reached - OVERLAP_S * NS_PER_S, self._floor), reached)
        new = list(self._source.newest_first(self._query, Span(reached, now_ns), POLL_EVENTS_MAX))
        if len(new) < POLL_EVENTS_MAX:
            late, gap = self._late(Span(since, reached))
        else:
            late, gap = [], self._left_out(Span(since, now_ns), new)
        fresh = [event for event in (*new, *late) if _key(event) not in self._told]
        self.gap, self._reached = gap, now_ns
        if gap is not None:
            self._floor = gap.span.end
        oldest = now_ns - OVERLAP_S * NS_PER_S
        self._told.update((_key(event), event.received_at) for event in fresh)
        self._told = {key: at for key, at in self._told.items() if at >= oldest}
        return fresh[::-1]

    def _late(self, span: Span) -> tuple[list[Event], Gap | None]:
        """What has become visible of a time that was looked at before: as many as are counted now
        and were not told. Mostly that is none, and nothing is read."""
        told = sum(span.start <= at < span.end for at in self._told.values())
        missing = sum(self._source.count(self._query, (), span).values()) - told
        if missing <= 0:
            return [], None
        found: list[Event] = []
        for read, event in enumerate(self._source.newest_first(self._query, span), 1):
            if _key(event) not in self._told:
                found.append(event)
                if len(found) == missing:
                    break
            if read == LATE_READ_MAX:
                left = Span(span.start, _whole_from(event, span))
                return found, Gap(left, missing - len(found))
        return found, None

    def _left_out(self, span: Span, seen: Sequence[Event]) -> Gap | None:
        """Of a look that found as many as it may, what is older than these."""
        total = sum(self._source.count(self._query, (), span).values())
        told = {key for key, at in self._told.items() if span.start <= at < span.end}
        count = total - len(told.union(map(_key, seen)))
        return Gap(Span(span.start, _whole_from(seen[-1], span)), count) if count > 0 else None


def _whole_from(last: Event, span: Span) -> int:
    """From when on all of a time is known, if its events were read down to this one."""
    window = BUCKET_S * NS_PER_S  # within it the newest are not found first in every store
    return min((last.received_at // window + 1) * window, span.end)


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
