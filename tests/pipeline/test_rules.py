"""The rules loop: matches become state, alerts and a cursor in one unit, each once."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from alerting.samples import routing
from pipeline.cores import CoreSite, GatedStore, breathe, until
from pipeline.spools import Died, MemorySpool
from rules.samples import LINK, now, rule, rules, up_or_down
from trapgate.model import (
    NS_PER_S,
    UNIT_PUTS_MAX,
    Alert,
    EventMatches,
    Position,
    Rule,
    encode_matches,
)
from trapgate.pipeline.rules import (
    CURSOR_PREFIX,
    IDLE_S,
    READ_RECORDS,
    TURN_PUTS,
    RulesLoop,
    turns_in,
    units,
)
from trapgate.rules import KeyState, RuleEngine
from trapgate.rules.engine import CLEARED_KEPT_S
from trapgate.rules.state import STATE_PREFIX, decode_state

UID = rule().uid
TURNS_IN_UNIT = turns_in(UNIT_PUTS_MAX)
OTHER = LINK.replace("InterfaceDown", "LinkDown")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def match(
    verb: str, sequence: int, *, interface: str = "Gi0/1", uid: str = "", stream: str = "raw"
) -> EventMatches:
    found = up_or_down(verb, sequence, key=("r1", interface), uid=uid or UID)
    return msgspec.structs.replace(found, position=Position(stream, sequence))


class Loop:
    """The loop with its spool and conductor; `state` is a store that outlives it."""

    def __init__(
        self,
        spool: MemorySpool | None = None,
        store: GatedStore | None = None,
        given: Sequence[Rule] | None = None,
    ) -> None:
        self.site = CoreSite(store, routing(group_wait="1h"))
        self.spool = spool or MemorySpool("matches")
        self.reader = self.spool.reader("core")
        self.refreshed = 0
        self.to_learn: Sequence[Rule] | None = None
        self.loop = RulesLoop(
            rules=rules() if given is None else given,
            reader=self.reader,
            conductor=self.site.conductor,
            refresh=self._refresh,
            metrics=self.site.metrics,
        )
        self.loop.restore(self.site.store.load()[0])

    async def _refresh(self) -> None:
        self.refreshed += 1
        if self.to_learn is not None:
            await self.loop.replace(self.to_learn)

    def put(self, *events: EventMatches) -> None:
        self.spool.append([encode_matches(event) for event in events])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run until everything is read."""
        bell, stop = asyncio.Event(), asyncio.Event()
        async with self.site.running():
            reading = asyncio.create_task(self.loop.run(bell, stop))
            yield
            stop.set()
            bell.set()
            await reading

    def run(self) -> None:
        async def story() -> None:
            async with self.running():
                pass

        asyncio.run(story())

    def statuses(self) -> dict[str, str]:
        wall_ns = self.site.conductor.now().wall_ns
        alerts = self.alerts()
        return {alert.labels["interface"]: alert.status(wall_ns) for alert in alerts}

    def alerts(self) -> list[Alert]:
        return list(self.site.conductor.core.board.alerts.values())

    def verdicts(self) -> list[str]:
        return [decision.verdict for decision in self.site.history.decisions]

    def states(self) -> dict[str, KeyState]:
        entries = self.site.store.load()[0]
        return {e.key: decode_state(e.value) for e in entries if e.key.startswith(STATE_PREFIX)}

    def counts(self) -> dict[str, int]:
        """Raises of each interface that is remembered."""
        return {state.key[1]: state.count for state in self.states().values()}

    def written(self) -> dict[str, int]:
        return {entry.key: entry.revision for entry in self.site.store.load()[0]}


def largest(loop: Loop) -> int:
    """Puts of the largest unit."""
    store = loop.site.store
    return max(len(unit.puts) for units in store.transactions for unit in units)


def test_matches_become_state_alert_and_cursor_in_one_unit() -> None:
    loop = Loop()
    loop.put(match("down", 7))
    loop.run()
    assert loop.statuses() == {"Gi0/1": "firing"}
    keys = loop.written()
    assert {key.split("/")[0] for key in keys} == {"a", "r", "c"}
    assert len(set(keys.values())) == 1  # one revision: one unit
    assert CURSOR_PREFIX + "raw" in keys
    assert loop.spool.places["core"][0] == 1


def test_raise_clear_raise() -> None:
    loop = Loop()
    loop.put(match("down", 1), match("up", 2))
    loop.run()
    assert loop.statuses() == {"Gi0/1": "resolved"}
    again = Loop(loop.spool, loop.site.store)
    again.put(match("down", 3))
    again.run()
    assert again.statuses() == {"Gi0/1": "firing"}
    assert again.alerts()[0].episode == 2


def test_what_the_cursor_covers_is_skipped() -> None:
    loop = Loop()
    loop.put(match("down", 1), match("up", 2))
    loop.run()
    before = loop.written()
    replayed = MemorySpool("matches")  # nothing acknowledged: the whole spool is read again
    replayed.append(loop.spool.payloads)
    again = Loop(replayed, loop.site.store)
    again.put(match("down", 2))
    again.run()
    assert again.written() == before
    assert again.statuses() == {"Gi0/1": "resolved"}
    assert again.spool.places["core"][0] == 3


def test_a_match_at_which_the_engine_raises_stops_nothing() -> None:
    """A rule whose template was never checked. What is in the same unit, and even in the same
    event, becomes state with its cursor, and none of it is done again at the next start."""
    bad = msgspec.structs.replace(rule(OTHER), annotations={"summary": "{{ nonsense }}"})
    given = [*rules(), bad]
    both = EventMatches(
        Position("raw", 2),
        (*match("down", 2, uid=bad.uid).matches, *match("down", 2, interface="Gi0/2").matches),
    )
    loop = Loop(given=given)
    loop.put(match("down", 1), both, match("up", 3), match("down", 4, uid=bad.uid))
    loop.run()
    assert loop.statuses() == {"Gi0/1": "resolved", "Gi0/2": "firing"}
    assert loop.site.value("trapgate_rules_failures_total") == 2
    before = loop.written()
    replayed = MemorySpool("matches")
    replayed.append(loop.spool.payloads)
    again = Loop(replayed, loop.site.store, given=given)
    again.put(match("down", 5, interface="Gi0/3"))
    again.run()
    assert again.statuses()["Gi0/3"] == "firing"
    assert again.site.value("trapgate_rules_failures_total") == 0
    assert {key for key, revision in again.written().items() if before.get(key) != revision} > {
        CURSOR_PREFIX + "raw"
    }


def test_of_an_event_of_many_units_only_the_match_that_raises_is_passed_over() -> None:
    bad = msgspec.structs.replace(rule(OTHER), annotations={"summary": "{{ nonsense }}"})
    loop = Loop(given=[*rules(), bad])
    many = [
        match("down", 1, interface=f"Gi0/{number}", uid=bad.uid if number == 3 else "").matches[0]
        for number in range(2 * TURNS_IN_UNIT)
    ]
    loop.put(EventMatches(Position("raw", 1), tuple(many)))
    loop.run()
    assert len(loop.statuses()) == 2 * TURNS_IN_UNIT - 1
    assert loop.site.value("trapgate_rules_failures_total") == 1
    assert largest(loop) <= UNIT_PUTS_MAX


def test_matches_that_cannot_be_read_are_counted_and_passed_over() -> None:
    loop = Loop()
    loop.put(match("down", 1))
    loop.spool.append([b"of another version"])
    loop.put(match("up", 2))
    with capture_logs() as logs:
        loop.run()
    assert loop.statuses() == {"Gi0/1": "resolved"}
    assert loop.site.value("trapgate_spool_corrupt_total", spool="matches") == 1
    assert [line["event"] for line in logs] == ["rules.unreadable-matches"]


def test_matches_that_were_appended_twice_count_once() -> None:
    loop = Loop()
    events = (match("down", 1), match("up", 2))
    loop.put(*events, *events)  # ingest was killed before it had noted that they are done
    loop.run()
    assert loop.statuses() == {"Gi0/1": "resolved"}
    assert loop.site.value("trapgate_rules_decisions_total", verdict="raised") == 1
    assert loop.site.value("trapgate_rules_decisions_total", verdict="cleared") == 1


def test_each_stream_has_its_cursor() -> None:
    loop = Loop()
    loop.put(match("down", 100, stream="raw-1"))
    loop.run()
    again = Loop(loop.spool, loop.site.store)
    again.put(match("up", 5, stream="raw-2"))
    again.run()
    assert again.statuses() == {"Gi0/1": "resolved"}


def test_a_store_that_is_away_is_waited_for() -> None:
    loop = Loop()
    loop.site.store.fail_next("disk full")
    loop.put(match("down", 1))
    loop.run()
    assert loop.statuses() == {"Gi0/1": "firing"}
    assert loop.verdicts().count("raised") == 1


def test_a_storm_is_many_units() -> None:
    loop = Loop()
    count = 3 * TURNS_IN_UNIT
    loop.put(*(match("down", n, interface=str(n)) for n in range(1, count + 1)))
    loop.run()
    assert len(loop.statuses()) == count
    assert largest(loop) <= UNIT_PUTS_MAX


def test_a_unit_is_as_large_as_the_store_takes_it() -> None:
    count = 3 * TURNS_IN_UNIT
    loop = Loop(store=GatedStore(TURN_PUTS * count + 1))
    loop.put(*(match("down", n, interface=str(n)) for n in range(1, count + 1)))
    loop.run()
    assert len(loop.statuses()) == count
    assert [len(units) for units in loop.site.store.transactions] == [1]
    assert largest(loop) == TURN_PUTS * count + 1


def test_matches_of_rules_that_are_not_known_are_asked_for() -> None:
    loop = Loop()
    loop.put(match("down", 1, uid="0123456789abcdef"))
    loop.run()
    assert loop.refreshed == 1
    assert loop.verdicts() == ["rule-gone"]
    assert loop.spool.places["core"][0] == 1
    known = Loop()
    known.put(match("down", 1))
    known.run()
    assert known.refreshed == 0


def test_rules_that_are_removed_resolve_what_they_raised() -> None:
    async def story(loop: Loop) -> None:
        async with loop.running():
            await until(loop.statuses)
            await loop.loop.replace(rules(OTHER))
            await until(lambda: loop.statuses() == {"Gi0/1": "resolved"})

    loop = Loop()
    loop.put(match("down", 1))
    asyncio.run(story(loop))
    assert "rule-removed" in loop.verdicts()
    assert not [key for key in loop.written() if key.startswith("r/")]


def test_rules_that_were_removed_while_it_was_down_are_retired_at_the_start() -> None:
    loop = Loop()
    count = 2 * TURNS_IN_UNIT
    loop.put(*(match("down", n, interface=str(n)) for n in range(1, count + 1)))
    loop.run()
    again = Loop(loop.spool, loop.site.store, rules(OTHER))
    again.run()
    assert set(again.statuses().values()) == {"resolved"}
    assert len(again.statuses()) == count
    assert largest(again) <= UNIT_PUTS_MAX


def test_a_rule_that_stays_keeps_its_state() -> None:
    async def story(loop: Loop) -> None:
        async with loop.running():
            await until(loop.statuses)
            await loop.loop.replace(rules(LINK.replace("critical", "warning")))

    loop = Loop()
    loop.put(match("down", 1))
    asyncio.run(story(loop))
    assert loop.statuses() == {"Gi0/1": "firing"}


def test_killed_between_the_commit_and_the_acknowledgement() -> None:
    """The next life goes on behind what was taken, though the spool gives it again."""
    loop = Loop()
    loop.put(match("down", 1), match("down", 2))
    loop.reader.broken = True
    with pytest.raises(ExceptionGroup) as caught:
        loop.run()
    assert caught.value.subgroup(Died) is not None
    assert loop.counts() == {"Gi0/1": 2}
    again = Loop(loop.spool, loop.site.store)
    again.put(match("down", 3))
    again.run()
    assert again.counts() == {"Gi0/1": 3}
    assert again.verdicts().count("repeated") == 1
    assert again.spool.places["core"][0] == 3


def test_a_unit_moves_the_cursor_of_each_of_its_streams() -> None:
    """Else matches of the others would be taken again after a crash."""
    loop = Loop()
    events = match("down", 5, stream="raw-1"), match("up", 1, stream="raw-2")
    loop.put(*events)
    loop.run()
    keys = loop.written()
    assert {CURSOR_PREFIX + "raw-1", CURSOR_PREFIX + "raw-2"} <= keys.keys()
    assert len(set(keys.values())) == 1  # one revision: one unit
    assert loop.statuses() == {"Gi0/1": "resolved"}
    again = Loop(store=loop.site.store)
    again.put(*events)
    again.run()
    assert again.written() == keys


def test_a_datagram_of_many_messages_is_few_units() -> None:
    """Each is of a stream of its own; a commit for each would be a hundred a second."""
    loop = Loop()
    events = [
        match("down", 1, interface=str(n), stream=f"raw/{n}")
        for n in range(2, 2 + 4 * TURNS_IN_UNIT)
    ]
    loop.put(*events)
    loop.run()
    assert set(loop.statuses().values()) == {"firing"}
    assert len(loop.statuses()) == len(events)
    assert largest(loop) <= UNIT_PUTS_MAX
    assert len(set(loop.written().values())) <= 4 * 2  # three writes each instead of two


def test_a_configuration_that_was_learned_takes_the_matches() -> None:
    loop = Loop(given=())
    loop.to_learn = rules()
    loop.put(match("down", 1))
    loop.run()
    assert loop.refreshed == 1
    assert loop.statuses() == {"Gi0/1": "firing"}


def test_more_than_one_read() -> None:
    loop = Loop()
    count = READ_RECORDS + 5
    loop.put(*(match("down", n) for n in range(1, count + 1)))
    loop.run()
    assert loop.counts() == {"Gi0/1": count}
    assert loop.spool.places["core"][0] == count


def test_the_bell_wakes_it() -> None:
    loop = Loop()

    async def main() -> None:
        bell, stop = asyncio.Event(), asyncio.Event()
        async with loop.site.running(), asyncio.timeout(IDLE_S / 2), asyncio.TaskGroup() as tasks:
            tasks.create_task(loop.loop.run(bell, stop))
            await breathe()
            loop.put(match("down", 1))
            bell.set()
            await until(loop.statuses)
            stop.set()
            bell.set()

    asyncio.run(main())


def test_cleared_keys_are_forgotten_in_time() -> None:
    loop = Loop()
    loop.put(match("down", 1), match("up", 2))
    loop.run()
    assert len(loop.counts()) == 1
    later = Loop(loop.spool, loop.site.store)
    later.site.clock.elapsed_ns = CLEARED_KEPT_S * NS_PER_S
    later.run()
    assert later.counts() == {}


def test_repeats_of_more_keys_than_a_unit_holds() -> None:
    """Repeats are free within a unit only: the next one writes their keys again."""
    loop = Loop()
    keys = TURNS_IN_UNIT + 11
    loop.put(*(match("down", n + 1, interface=str(n % keys)) for n in range(3 * keys)))
    loop.run()
    assert largest(loop) <= UNIT_PUTS_MAX
    assert len(loop.counts()) == keys
    assert set(loop.counts().values()) == {3}


# -- units ---------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(("down", "up")), st.sampled_from("abc")),
        min_size=1,
        max_size=30,
    )
    | st.integers(TURNS_IN_UNIT - 1, 3 * TURNS_IN_UNIT).map(
        lambda count: [("down", "a"), ("up", "a"), ("up", "b")] * (count // 3 + 1)
    ),
    max_size=12,
)
"""What events say: a few matches each, or more than fit a unit."""


def event_of(sequence: int, said: Sequence[tuple[str, str]], streams: int = 1) -> EventMatches:
    """The event is of one of so many streams, in turns."""
    matches = [match(verb, sequence, interface=name).matches[0] for verb, name in said]
    return EventMatches(Position(f"raw/{sequence % streams}", sequence), tuple(matches))


STREAMS = st.sampled_from((1, 2, 100))


@settings(max_examples=50, deadline=None)
@given(EVENTS, STREAMS)
def test_units_keep_everything_in_order(said: list[list[tuple[str, str]]], streams: int) -> None:
    events = [event_of(sequence, each, streams) for sequence, each in enumerate(said, 1)]
    cut = list(units(events, UNIT_PUTS_MAX))
    flat = [(e.position, m) for unit, _ in cut for e in unit for m in e.matches]
    assert flat == [(event.position, m) for event in events for m in event.matches]


@settings(max_examples=50, deadline=None)
@given(EVENTS, STREAMS)
def test_units_are_bounded(said: list[list[tuple[str, str]]], streams: int) -> None:
    events = [event_of(sequence, each, streams) for sequence, each in enumerate(said, 1)]
    for unit, cursors in units(events, UNIT_PUTS_MAX):
        verbs: dict[tuple[str, ...], str] = {}
        turns = 0
        for each in (m for event in unit for m in event.matches):
            turns += verbs.get(each.key) != each.verb
            verbs[each.key] = each.verb
        assert turns * TURN_PUTS + len(cursors) <= UNIT_PUTS_MAX


@settings(max_examples=50, deadline=None)
@given(EVENTS, STREAMS)
def test_cursors_move_when_an_event_is_whole(
    said: list[list[tuple[str, str]]], streams: int
) -> None:
    events = [event_of(sequence, each, streams) for sequence, each in enumerate(said, 1)]
    left = {event.position: len(event.matches) for event in events}
    reached: dict[str, int] = {}
    for unit, cursors in units(events, UNIT_PUTS_MAX):
        for event in unit:
            left[event.position] -= len(event.matches)
        assert bool(cursors) == (left[unit[-1].position] == 0)
        for cursor in cursors:
            assert cursor.sequence > reached.get(cursor.stream, 0)
            reached[cursor.stream] = cursor.sequence
        # what is whole is behind a cursor, and nothing else is
        whole = {place for place in left if place.sequence <= reached.get(place.stream, 0)}
        assert whole == {place for place, matches in left.items() if not matches}
    assert reached == {event.position.stream: event.position.sequence for event in events}


MANY_RULES = rules(
    "groups:\n- name: network\n  rules:\n"
    + "".join(
        f"  - {{alert: A{n}, match: 'event.code:down', clear: 'event.code:up', by: [host.name]}}\n"
        for n in range(UNIT_PUTS_MAX)
    )
)
"""More than a unit has room for, which one event may all meet."""

VERBS = st.sampled_from(("down", "up"))
STORMS = st.lists(
    st.lists(
        st.tuples(VERBS, st.integers(0, 70), st.integers(0, 2)),
        min_size=1,
        max_size=3,
        unique_by=lambda said: said[2],
    )
    | st.tuples(VERBS, st.integers(0, 2)).map(
        lambda said: [(*said, rule) for rule in range(len(MANY_RULES))]
    ),
    max_size=40,
) | st.integers(1, 400).map(lambda count: [[(("down", "up")[n % 2], 0, 0)] for n in range(count)])
"""What events say, to which key, by which rule (each once): a few, all, one key that flaps."""


@settings(max_examples=20, deadline=None)
@given(STORMS)
def test_the_end_is_that_of_one_match_at_a_time(said: list[list[tuple[str, int, int]]]) -> None:
    events = []
    for sequence, each in enumerate(said, 1):
        matches = [
            match(verb, sequence, interface=str(key), uid=MANY_RULES[rule].uid).matches[0]
            for verb, key, rule in each
        ]
        events.append(EventMatches(Position("raw", sequence), tuple(matches)))
    loop = Loop(given=MANY_RULES)
    loop.put(*events)
    loop.run()
    engine = RuleEngine(MANY_RULES)
    for event in events:
        for one in event.matches:
            engine.accept(engine.feed([EventMatches(event.position, (one,))], now(0)).changes)
    assert essence(loop.states()) == essence(engine.states)
    assert not events or largest(loop) <= UNIT_PUTS_MAX


def essence(states: Mapping[str, KeyState]) -> dict[str, tuple[str, int, int, tuple[str, ...]]]:
    """A state without the instants at which it was handled."""
    return {key: (s.condition, s.count, s.at, s.event_ids) for key, s in states.items()}
