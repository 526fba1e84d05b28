"""A run of repeats: a batch says the same as its matches one by one, whatever they are."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.samples import now, rules, seconds, up_or_down
from trapgate.model import Alert, Decision, EventMatches
from trapgate.rules import RuleEngine
from trapgate.rules.state import REORDER_MAX_S
from trapgate.rules.turn import REASONS

AT = 10_000
"""When all is fed: after the last arrival."""

SECONDS = st.integers(0, 9) | st.integers(0, 2 * REORDER_MAX_S)

Step = tuple[str, int, int | None, tuple[str, str], int, str]

STEPS = st.tuples(
    # raises more often than clears: runs of them
    st.sampled_from(("down", "down", "down", "up")),
    st.integers(0, 3),  # seconds after the one before
    st.none() | SECONDS,  # what the device's clock says
    st.sampled_from((("r1", "Gi0/1"), ("r1", "Gi0/2"))),
    st.integers(0, 4),  # event ids come again: a rule may be met by an event twice
    st.sampled_from(("", "", "", "gone")),
)


def matches(steps: Sequence[Step]) -> list[EventMatches]:
    made, arrival = [], 0
    for number, (verb, later, said, key, name, uid) in enumerate(steps):
        arrival += later
        event_id = f"e{number}" if name else "e"
        made.append(up_or_down(verb, arrival, uid=uid, said=said, key=key, event_id=event_id))
    return made


def one_by_one(
    engine: RuleEngine, batch: Sequence[EventMatches]
) -> tuple[list[Decision], list[Alert]]:
    decisions: list[Decision] = []
    alerts: list[Alert] = []
    for event in batch:
        outcome = engine.feed((event,), now(AT))
        engine.accept(outcome.changes)
        decisions += outcome.decisions
        alerts += outcome.alerts
    return decisions, alerts


def last_of_each_episode(
    alerts: Sequence[Alert],
) -> dict[tuple[str, int | None], Alert]:
    """What remains known of each episode of each alert: the last that was posted."""
    return {(str(sorted(a.labels.items())), a.starts_at): a for a in alerts}


def apart(decisions: Sequence[Decision]) -> dict[str, list[tuple[str, str]]]:
    """What each key's subjects were told, in order: (event, verdict) by alert and rule."""
    told: dict[str, list[tuple[str, str]]] = {}
    for decision in decisions:
        for subject in (*decision.earlier, decision.subject):
            told.setdefault(str(decision.refs), []).append((subject, decision.verdict))
    return told


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=40), st.lists(STEPS, max_size=8))
def test_a_batch_is_its_matches_one_by_one(
    steps: list[Step],
    before: list[Step],
) -> None:
    folded, single = RuleEngine(rules()), RuleEngine(rules())
    for engine in (folded, single):
        one_by_one(engine, matches(before))
    batch = matches(steps)
    outcome = folded.feed(batch, now(AT))
    folded.accept(outcome.changes)
    decisions, alerts = one_by_one(single, batch)
    assert dict(folded.states) == dict(single.states)
    assert last_of_each_episode(outcome.alerts) == last_of_each_episode(alerts)
    assert apart(outcome.decisions) == apart(decisions)


def test_a_run_ends_where_something_else_is_said_of_its_key() -> None:
    other = ("r1", "Gi0/2")
    batch = [
        up_or_down("down", 0),
        up_or_down("down", 1),
        up_or_down("down", 1, key=other),
        up_or_down("down", 2),
        up_or_down("up", 3),
        up_or_down("down", 4),
        up_or_down("down", 5),
    ]
    outcome = RuleEngine(rules()).feed(batch, now(AT))
    assert [(d.verdict, d.subject, d.times) for d in outcome.decisions] == [
        ("raised", "down@0", 1),
        ("raised", "down@1", 1),
        ("repeated", "down@2", 2),
        ("cleared", "up@3", 1),
        ("raised", "down@4", 1),
        ("repeated", "down@5", 1),
    ]
    assert outcome.decisions[-1].reason == REASONS["repeated"]


def test_a_late_clear_within_a_run_changes_nothing_but_is_noted() -> None:
    batch = [up_or_down("down", at, said=at) for at in (10, 11, 12)]
    batch.insert(2, up_or_down("up", 12, said=9))
    outcome = RuleEngine(rules()).feed(batch, now(AT))
    verdicts = [(decision.verdict, decision.subject) for decision in outcome.decisions]
    assert verdicts == [
        ("raised", "down@10"),
        ("repeated", "down@11"),
        ("older-than-raise", "up@12"),
        ("repeated", "down@12"),
    ]
    (state,) = outcome.changes.values()
    assert state is not None
    assert (state.condition, state.count) == ("raised", 3)
    (alert,) = outcome.alerts
    assert alert.annotations["summary"] == "r1 Gi0/1 message of 12 (3x)"


def test_each_repeat_leaves_its_clock_and_the_latest_its_time() -> None:
    batch = [
        up_or_down("down", 1),
        up_or_down("down", 20, said=10),
        up_or_down("down", 21, said=5),
        up_or_down("down", 21, said=5, event_id="down@21"),
    ]
    engine = RuleEngine(rules())
    (state,) = engine.feed(batch[:3], now(AT)).changes.values()
    assert state is not None
    assert (state.clock, state.at, state.arrived_at) == ("device:r1", seconds(10), seconds(20))
    assert (state.count, state.event_ids) == (3, ("down@1", "down@20", "down@21"))
    (again,) = engine.feed(batch, now(AT)).changes.values()
    assert again is not None
    assert (again.count, again.event_ids) == (4, state.event_ids), "an event is listed once"
    (arrived,) = engine.feed([*batch, up_or_down("down", 30)], now(AT)).changes.values()
    assert arrived is not None
    assert (arrived.clock, arrived.at) == ("arrival", seconds(30))
