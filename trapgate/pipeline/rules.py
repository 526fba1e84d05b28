"""The rules loop: the matches spool → rule state → alerts, one unit of state at a time.

A unit holds the rules' keys, the alerts that they make, and the cursors: of each stream that it has
events of, the position of the last. After a crash the spool may be read again; what the cursors
cover is skipped.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

import msgspec

from trapgate.model import (
    NS_PER_S,
    Decision,
    Entry,
    EventMatches,
    Position,
    Rule,
    decode_matches,
)
from trapgate.observe import Metrics, logger
from trapgate.pipeline.conductor import Conductor, NotAccepted
from trapgate.ports import SpoolReader
from trapgate.rules import RuleEngine, RuleOutcome, encode_state

CURSOR_PREFIX = "c/rules/"
"""State key of the cursor of a raw spool's stream."""

TURN_PUTS = 2
"""Each turn (of a key, to another verb) writes a rule's key and an alert at the most."""

READ_RECORDS = 4_000
"""Records read at a time: their repeats are one step for each key. The first of them waits some
20 ms for the last."""

RETRY_S = 1.0
"""Wait before a unit that was not accepted is tried again."""

WARN_EVERY_S = 60
"""Between two lines of log about the same trouble: a storm is one, not a thousand."""

IDLE_S = 1.0
"""Longest sleep without a bell."""


class RulesLoop:
    """See the module."""

    def __init__(
        self,
        *,
        rules: Sequence[Rule],
        reader: SpoolReader,
        conductor: Conductor,
        refresh: Callable[[], Awaitable[None]],
        metrics: Metrics,
    ) -> None:
        """`refresh` takes over a configuration that another process may have seen first: it is
        called for matches of rules that are not known here."""
        self._refresh = refresh
        self._engine = RuleEngine(rules)
        self._known = {rule.uid for rule in rules}
        self._reader = reader
        self._conductor = conductor
        self._decisions = metrics.counter("trapgate_rules_decisions_total")
        self._corrupt = metrics.counter("trapgate_spool_corrupt_total").labels("matches")
        self._failures = metrics.counter("trapgate_rules_template_failures_total")
        self._bugs = metrics.counter("trapgate_rules_failures_total")
        self._warn_at_ns = 0
        self._cursors: dict[str, int] = {}
        self._position, _ = reader.acked()
        self._busy = asyncio.Lock()

    def restore(self, entries: Sequence[Entry]) -> None:
        """Take over the rules' part of the stored state."""
        self._engine.restore((entry.key, entry.value) for entry in entries)
        for entry in entries:
            if entry.key.startswith(CURSOR_PREFIX):
                stream = entry.key.removeprefix(CURSOR_PREFIX)
                self._cursors[stream] = msgspec.msgpack.decode(entry.value, type=int)

    async def run(self, bell: asyncio.Event, stop: asyncio.Event) -> None:
        """Read until told to stop, and then to the spool's end."""
        async with self._busy:
            await self._retire()
        while True:
            bell.clear()
            worked = await self._read_some()
            await self._tick()
            if worked:
                continue
            if stop.is_set():
                return
            try:
                async with asyncio.timeout(IDLE_S):
                    await bell.wait()
            except TimeoutError:
                pass

    async def replace(self, rules: Sequence[Rule]) -> None:
        """Go on with other rules: what the removed ones had raised is resolved."""
        async with self._busy:
            self._engine.replace(rules)
            self._known = {rule.uid for rule in rules}
            await self._retire()

    async def _read_some(self) -> bool:
        records = self._reader.read(self._position, READ_RECORDS)
        fresh = self._fresh(self._decoded(records))
        if {match.rule for event in fresh for match in event.matches} - self._known:
            await self._refresh()
        for unit, cursors in units(fresh, self._conductor.unit_puts_max):
            async with self._busy:
                await self._feed(unit, cursors)
        if records:
            self._position = records[-1][0]
            self._reader.ack(self._position)
        return bool(records)

    async def _feed(self, unit: Sequence[EventMatches], cursors: Sequence[Position]) -> None:
        """A unit into the engine. If that raises, a bug, its matches go one by one; the one at
        which it raises alone is passed over, for it would stop all others at each start again."""
        try:
            outcome = self._engine.feed(unit, self._conductor.now())
        except Exception:  # noqa: BLE001 - the per-item boundary: one match, not the night
            parts = list(_one_by_one(unit, cursors))
            if len(parts) > 1:
                for part, reached in parts:
                    await self._feed(part, reached)
                return
            logger().exception("rules.bug", matches=repr(unit))
            self._bugs.inc()
            outcome = RuleOutcome()
        await self._apply(outcome, cursors)

    def _decoded(self, records: Sequence[tuple[int, bytes]]) -> Iterator[EventMatches]:
        """The records' matches; what cannot be read is counted and passed over."""
        for sequence, payload in records:
            event = decode_matches(payload)
            if event is None:
                self._corrupt.inc()
                logger().error("rules.unreadable-matches", record=sequence)
            else:
                yield event

    def _fresh(self, events: Iterable[EventMatches]) -> list[EventMatches]:
        """The events behind the cursor, each once: ingest may have appended some again, when it
        was killed before it had noted that they were done."""
        reached = dict(self._cursors)
        fresh: list[EventMatches] = []
        for event in events:
            position = event.position
            if position.sequence > reached.get(position.stream, 0):
                reached[position.stream] = position.sequence
                fresh.append(event)
        return fresh

    async def _tick(self) -> None:
        async with self._busy:
            now = self._conductor.now()
            due = self._engine.next_tick()
            if due is not None and now.wall_ns >= due:
                await self._apply(self._engine.tick(now), ())

    async def _retire(self) -> None:
        """End what rules that are gone had raised, a unit at a time."""
        while True:
            outcome = self._engine.retire(self._conductor.now())
            if not outcome.changes:
                return
            await self._apply(outcome, ())

    async def _apply(self, outcome: RuleOutcome, positions: Sequence[Position]) -> None:
        """Make an outcome durable, then true. Tries until the store takes it."""
        puts = [
            (key, None if value is None else encode_state(value))
            for key, value in outcome.changes.items()
        ]
        for position in positions:
            value = msgspec.msgpack.encode(position.sequence)
            puts.append((CURSOR_PREFIX + position.stream, value))
        if puts or outcome.alerts:
            await self._until_accepted(lambda: self._conductor.receive(outcome.alerts, puts))
        self._engine.accept(outcome.changes)
        for position in positions:
            self._cursors[position.stream] = position.sequence
        self._failures.inc(outcome.template_failures)
        self._count(outcome.decisions)
        self._conductor.decide(outcome.decisions)

    def _count(self, decisions: Sequence[Decision]) -> None:
        times: Counter[str] = Counter()  # a counter of metrics takes 3 µs, this one a tenth
        for decision in decisions:
            times[decision.verdict] += decision.times
            if decision.verdict == "too-many-keys":
                self._warn_of_keys(decision)
        for verdict, count in times.items():
            self._decisions.labels(verdict).inc(count)

    def _warn_of_keys(self, decision: Decision) -> None:
        elapsed_ns = self._conductor.now().elapsed_ns
        if elapsed_ns >= self._warn_at_ns:
            self._warn_at_ns = elapsed_ns + WARN_EVERY_S * NS_PER_S
            logger().error("rules.too-many-keys", rule=decision.refs["rule"])

    async def _until_accepted(self, receive: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await receive()
                return
            except NotAccepted as refused:
                logger().warning("rules.waiting", reason=refused.reason)
                await asyncio.sleep(RETRY_S)


def turns_in(puts_max: int) -> int:
    """Turns of a unit of one stream, whose cursor is one write more."""
    return (puts_max - 1) // TURN_PUTS


def units(
    events: Sequence[EventMatches], puts_max: int
) -> Iterator[tuple[Sequence[EventMatches], Sequence[Position]]]:
    """Cut events into units of at most `puts_max` writes, each with the cursors that it moves:
    the last place in each stream of which it has events.

    A match that says the same as the one before of its key is no turn: it adds no write, and a
    storm of one interface's traps is one unit. What begins and ends in one unit has ended before
    anybody could be told, whatever the group waits. Each message of a datagram is of a stream of
    its own (`pipeline.translate`), so that a unit has a few dozen of them. An event with more
    matches than `turns_in` a unit is cut too; its cursor then moves with its last part.
    """
    turns = turns_in(puts_max)
    unit = _Unit(puts_max)
    for event in events:
        rest = event
        if len(event.matches) > turns and unit.events:
            yield unit.events, unit.cursors()
            unit = _Unit(puts_max)
        while len(rest.matches) > turns:
            yield [EventMatches(event.position, rest.matches[:turns])], ()
            rest = EventMatches(event.position, rest.matches[turns:])
        if not unit.take(rest):
            yield unit.events, unit.cursors()
            unit = _Unit(puts_max)
            unit.take(rest)
    if unit.events:
        yield unit.events, unit.cursors()


def _one_by_one(
    unit: Sequence[EventMatches], cursors: Sequence[Position]
) -> Iterator[tuple[Sequence[EventMatches], Sequence[Position]]]:
    """Each match of a unit as one of its own. The cursor of an event moves with its last match; if
    the unit moves none, its event goes on in the next one."""
    for event in unit:
        for match in event.matches:
            ended = bool(cursors) and match is event.matches[-1]
            yield [EventMatches(event.position, (match,))], [event.position] if ended else ()


class _Unit:
    """A unit that is being filled."""

    __slots__ = ("_puts", "_puts_max", "_reached", "_verbs", "events")

    def __init__(self, puts_max: int) -> None:
        self.events: list[EventMatches] = []
        self._puts_max = puts_max
        self._puts = 0
        self._verbs: dict[tuple[str, tuple[str, ...]], str] = {}
        self._reached: dict[str, Position] = {}

    def take(self, event: EventMatches) -> bool:
        """Add an event of `turns_in` a unit matches at most, unless there is no room for it."""
        turns = 0
        for match in event.matches:  # a loop: `sum` of a generator costs twice as much
            turns += self._verbs.get((match.rule, match.key)) != match.verb
        more = TURN_PUTS * turns + (event.position.stream not in self._reached)
        if self._puts + more > self._puts_max:
            return False
        self._puts += more
        self.events.append(event)
        self._reached[event.position.stream] = event.position
        for match in event.matches:
            self._verbs[match.rule, match.key] = match.verb
        return True

    def cursors(self) -> Sequence[Position]:
        """How far the unit comes in each of its streams."""
        return tuple(self._reached.values())
