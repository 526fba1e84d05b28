"""The engine's transitions, one scenario each: matches in, alerts and decisions out."""

from collections.abc import Sequence

import msgspec
import pytest

from rules.samples import LINK, now, rule, rules, seconds, up_or_down
from trapgate.model import NEVER, EventMatches, fingerprint
from trapgate.rules import RuleEngine, RuleOutcome, StateUnreadable, encode_state
from trapgate.rules.engine import DROPS_MAX, RETIRES_MAX
from trapgate.rules.state import REORDER_MAX_S

LABELS = {
    "alertname": "InterfaceDown",
    "device": "r1",
    "interface": "Gi0/1",
    "team": "noc",
    "severity": "critical",
}


def feed(engine: RuleEngine, *batch: EventMatches, at: float) -> RuleOutcome:
    """Feed and commit."""
    outcome = engine.feed(batch, now(at))
    engine.accept(outcome.changes)
    return outcome


def verdicts(outcome: RuleOutcome) -> list[str]:
    return [decision.verdict for decision in outcome.decisions]


def restarted(engine: RuleEngine, text: str = LINK) -> RuleEngine:
    """Another engine, from what is stored."""
    other = RuleEngine(rules(text) if text else ())
    other.restore([(key, encode_state(state)) for key, state in engine.states.items()])
    return other


def test_a_raise_posts_an_alert_that_fires_until_cleared() -> None:
    outcome = feed(RuleEngine(rules()), up_or_down("down", 1), at=2)
    (alert,) = outcome.alerts
    assert alert.labels == LABELS
    assert alert.annotations == {"summary": "r1 Gi0/1 message of 1 (1x)"}
    assert (alert.starts_at, alert.ends_at) == (seconds(1), NEVER)
    assert (alert.received_at, alert.updated_at) == (seconds(1), seconds(2))
    assert (alert.fingerprint, alert.event_ids) == (fingerprint(LABELS), ("down@1",))
    (decision,) = outcome.decisions
    assert (decision.subject, decision.verdict) == ("down@1", "raised")
    assert decision.refs == {"alert": fingerprint(LABELS), "rule": rule().uid}


def test_a_repeat_counts_and_renders_anew() -> None:
    engine = RuleEngine(rules())
    feed(engine, up_or_down("down", 1), at=1)
    outcome = feed(engine, up_or_down("down", 5), at=5)
    (alert,) = outcome.alerts
    assert (alert.labels, alert.starts_at, alert.ends_at) == (LABELS, seconds(1), NEVER)
    assert alert.annotations == {"summary": "r1 Gi0/1 message of 5 (2x)"}
    assert alert.event_ids == ("down@1", "down@5")
    assert verdicts(outcome) == ["repeated"]


def test_a_clear_ends_the_alert_by_our_clock() -> None:
    engine = RuleEngine(rules())
    feed(engine, up_or_down("down", 1), at=1)
    outcome = feed(engine, up_or_down("up", 5), at=6)
    (alert,) = outcome.alerts
    assert (alert.labels, alert.starts_at, alert.ends_at) == (LABELS, seconds(1), seconds(6))
    assert alert.annotations == {"summary": "r1 Gi0/1 message of 1 (1x)"}
    assert alert.event_ids == ("down@1", "up@5")
    assert verdicts(outcome) == ["cleared"]


def test_an_end_is_after_its_start_even_if_our_clock_was_set_back() -> None:
    engine = RuleEngine(rules())
    feed(engine, up_or_down("down", 100), at=100)
    (alert,) = feed(engine, up_or_down("up", 5), at=5).alerts
    assert alert.ends_at == seconds(100) + 1


def test_a_cleared_alert_may_fire_again() -> None:
    engine = RuleEngine(rules())
    feed(engine, up_or_down("down", 1), up_or_down("down", 2), at=2)
    feed(engine, up_or_down("up", 3), at=3)
    (alert,) = feed(engine, up_or_down("down", 9), at=9).alerts
    assert (alert.starts_at, alert.ends_at) == (seconds(9), NEVER)
    assert (alert.annotations["summary"][-4:], alert.event_ids) == ("(1x)", ("down@9",))


def test_keys_are_apart() -> None:
    engine = RuleEngine(rules())
    feed(engine, up_or_down("down", 1), up_or_down("down", 1, key=("r2", "Gi0/1")), at=1)
    outcome = feed(engine, up_or_down("up", 2, key=("r2", "Gi0/1")), at=2)
    assert [alert.labels["device"] for alert in outcome.alerts] == ["r2"]
    conditions = {state.key[0]: state.condition for state in engine.states.values()}
    assert conditions == {"r1": "raised", "r2": "cleared"}


def test_later_matches_of_a_batch_see_earlier_ones() -> None:
    batch = [
        up_or_down("down", 1),
        up_or_down("down", 2),
        up_or_down("up", 3),
        up_or_down("up", 4),
        up_or_down("down", 5),
        up_or_down("down", 6),
    ]
    outcome = feed(RuleEngine(rules()), *batch, at=6)
    assert verdicts(outcome) == [
        *("raised", "repeated", "cleared", "nothing-to-clear", "raised", "repeated"),
    ]
    first, ended, second = outcome.alerts
    assert (first.starts_at, first.ends_at) == (seconds(1), NEVER)
    assert first.annotations["summary"] == "r1 Gi0/1 message of 2 (2x)"
    assert (ended.starts_at, ended.ends_at) == (seconds(1), seconds(6))
    assert ended.annotations == first.annotations
    # not within the first episode, which was told to end now
    assert (second.starts_at, second.ends_at) == (seconds(6), NEVER)
    assert second.annotations["summary"] == "r1 Gi0/1 message of 6 (2x)"


def test_a_batch_posts_a_repeated_alert_once() -> None:
    engine = RuleEngine(rules())
    feed(engine, up_or_down("down", 0), at=0)
    outcome = feed(engine, *(up_or_down("down", at) for at in range(1, 100)), at=100)
    (alert,) = outcome.alerts
    assert alert.annotations["summary"] == "r1 Gi0/1 message of 99 (100x)"
    (decision,) = outcome.decisions
    assert (decision.verdict, decision.subject, decision.times) == ("repeated", "down@99", 99)
    assert decision.earlier == tuple(f"down@{at}" for at in range(1, 99))
    assert decision.reason == "99 events met the rule's match again, down@99 the last"


def test_feeding_proposes_and_changes_nothing() -> None:
    engine = RuleEngine(rules())
    batch = (up_or_down("down", 1),)
    first = engine.feed(batch, now(1))
    assert (engine.states, engine.feed(batch, now(1))) == ({}, first)
    engine.accept(first.changes)
    assert engine.states == first.changes


def test_a_restart_changes_nothing() -> None:
    engine = RuleEngine(rules())
    feed(engine, up_or_down("down", 1), up_or_down("down", 1, key=("r2", "x")), at=1)
    feed(engine, up_or_down("up", 2, key=("r2", "x")), at=2)
    other = restarted(engine)
    assert other.states == engine.states
    assert other.next_tick() == engine.next_tick()
    assert other.retire(now(3)) == RuleOutcome()
    batch = (up_or_down("up", 3),)
    assert other.feed(batch, now(3)) == engine.feed(batch, now(3))


class TestOrder:
    """Late matches: told by the device's own clock, never by comparing clocks."""

    def run(self, *batch: EventMatches) -> tuple[list[str], str]:
        """Verdicts, and the condition afterwards; one feed each."""
        engine = RuleEngine(rules())
        found = [verdict for match in batch for verdict in verdicts(feed(engine, match, at=99))]
        (state,) = engine.states.values() or (None,)
        return found, state.condition if state else ""

    def test_an_older_raise_after_a_newer_clear_is_ignored(self) -> None:
        batch = [
            up_or_down("down", 1, said=1),
            up_or_down("up", 5, said=5),
            up_or_down("down", 6, said=4),
        ]
        assert self.run(*batch) == (["raised", "cleared", "older-than-clear"], "cleared")

    def test_a_clear_that_overtook_its_raise_is_remembered(self) -> None:
        batch = [up_or_down("up", 5, said=5), up_or_down("down", 6, said=4)]
        assert self.run(*batch) == (["nothing-to-clear", "older-than-clear"], "cleared")

    def test_an_older_clear_after_a_newer_raise_is_ignored(self) -> None:
        batch = [
            up_or_down("down", 1, said=1),
            up_or_down("down", 5, said=5),
            up_or_down("up", 6, said=4),
        ]
        assert self.run(*batch) == (["raised", "repeated", "older-than-raise"], "raised")

    def test_an_older_repeat_counts_but_does_not_turn_time_back(self) -> None:
        batch = [
            up_or_down("down", 5, said=5),
            up_or_down("down", 6, said=1),
            up_or_down("up", 7, said=3),
        ]
        assert self.run(*batch) == (["raised", "repeated", "older-than-raise"], "raised")

    def test_an_older_clear_does_not_turn_time_back(self) -> None:
        batch = [
            up_or_down("up", 5, said=5),
            up_or_down("up", 6, said=1),
            up_or_down("down", 7, said=3),
        ]
        expected = ["nothing-to-clear", "nothing-to-clear", "older-than-clear"]
        assert self.run(*batch) == (expected, "cleared")

    def test_a_clock_that_was_set_back_does_not_keep_a_clear_out(self) -> None:
        ahead = 10 * 3_600
        batch = [up_or_down("down", 1, said=ahead), up_or_down("up", 61, said=60)]
        assert self.run(*batch) == (["raised", "cleared"], "cleared")

    def test_what_arrives_long_after_is_not_late(self) -> None:
        late = REORDER_MAX_S + 2
        batch = [up_or_down("down", 1, said=100), up_or_down("up", late, said=90)]
        assert self.run(*batch) == (["raised", "cleared"], "cleared")

    def test_late_repeats_do_not_make_the_window_longer(self) -> None:
        repeats = [up_or_down("down", at, said=90) for at in (100, 200, 300)]
        clear = up_or_down("up", REORDER_MAX_S + 2, said=91)
        found, condition = self.run(up_or_down("down", 1, said=100), *repeats, clear)
        assert (found[-1], condition) == ("cleared", "cleared")

    def test_equal_times_go_by_arrival(self) -> None:
        batch = [up_or_down("down", 1, said=1), up_or_down("up", 2, said=1)]
        assert self.run(*batch) == (["raised", "cleared"], "cleared")
        assert self.run(*batch, up_or_down("down", 3, said=1))[1] == "raised"

    def test_different_clocks_go_by_arrival(self) -> None:
        batch = [up_or_down("down", 5), up_or_down("up", 6, said=1)]
        assert self.run(*batch) == (["raised", "cleared"], "cleared")
        batch = [up_or_down("down", 5, said=50), up_or_down("up", 6)]
        assert self.run(*batch) == (["raised", "cleared"], "cleared")

    def test_arrival_is_no_clock_that_could_order(self) -> None:
        batch = [up_or_down("down", 5), up_or_down("up", 4)]
        assert self.run(*batch) == (["raised", "cleared"], "cleared")

    def test_a_clear_by_arrival_that_finds_nothing_leaves_no_trace(self) -> None:
        engine = RuleEngine(rules())
        outcome = feed(engine, up_or_down("up", 5), at=5)
        assert (outcome.changes, outcome.alerts) == ({}, ())
        (decision,) = outcome.decisions
        assert (decision.verdict, decision.refs) == ("nothing-to-clear", {"rule": rule().uid})


@pytest.mark.parametrize(
    ("said", "start"),
    [(100, 100), (900, 900), (700, 700), (699, 1000), (1001, 1000), (-9e5, 1000)],
)
def test_a_start_is_the_devices_time_if_it_can_be_right(said: float, start: float) -> None:
    at = 100 if said == 100 else 1000
    (alert,) = feed(RuleEngine(rules()), up_or_down("down", at, said=said), at=at).alerts
    assert alert.starts_at == seconds(start)


def test_empty_labels_are_left_out() -> None:
    text = LINK.replace("severity: critical", "severity: '{{ event[\"log.level\"] }}'")
    uid = rule(text).uid
    engine = RuleEngine(rules(text))
    (alert,) = feed(engine, up_or_down("down", 1, uid=uid, key=("r1", "")), at=1).alerts
    assert alert.labels == {"alertname": "InterfaceDown", "device": "r1", "team": "noc"}
    assert alert.annotations["summary"] == "r1  message of 1 (1x)"


def test_a_rules_label_wins_over_its_groups() -> None:
    text = LINK.replace("{severity: critical}", "{team: '{{ labels.device }}-team'}")
    engine = RuleEngine(rules(text))
    (alert,) = feed(engine, up_or_down("down", 1, uid=rule(text).uid), at=1).alerts
    assert alert.labels["team"] == "r1-team"


def test_a_template_that_fails_says_so_in_place_and_is_counted() -> None:
    text = LINK.replace("{{ count }}x", "{{ 1 / (count - 2) }}").replace(
        "{severity: critical}", "{severity: '{{ 1 / 0 }}'}"
    )
    engine, uid = RuleEngine(rules(text)), rule(text).uid
    outcome = feed(engine, up_or_down("down", 1, uid=uid), at=1)
    assert outcome.alerts[0].labels["severity"] == "<error: division by zero>"
    assert outcome.template_failures == 1
    outcome = feed(engine, up_or_down("down", 2, uid=uid), at=2)
    assert outcome.alerts[0].annotations == {"summary": "<error: division by zero>"}
    assert outcome.template_failures == 1


def test_a_match_of_a_rule_that_is_gone_is_a_decision() -> None:
    outcome = feed(RuleEngine(()), up_or_down("down", 1, uid="gone"), at=1)
    assert (outcome.changes, outcome.alerts) == ({}, ())
    (decision,) = outcome.decisions
    assert (decision.subject, decision.verdict) == ("down@1", "rule-gone")
    assert decision.refs == {"rule": "gone"}


def test_keys_of_a_rule_are_limited() -> None:
    engine = RuleEngine(rules(), keys_max=8)
    clears = [up_or_down("up", 1, said=1, key=("r1", str(n))) for n in range(4)]
    assert len(feed(engine, *clears, at=1).changes) == 2
    raises = [up_or_down("down", 2, said=2, key=("r2", str(n))) for n in range(3)]
    outcome = feed(engine, *raises, at=2)
    assert verdicts(outcome) == ["raised", "raised", "too-many-keys"]
    known = [up_or_down("down", 3, said=3, key=("r1", "0")), up_or_down("up", 4, key=("r2", "0"))]
    assert verdicts(feed(engine, *known, at=4)) == ["raised", "cleared"]


def test_a_rule_that_is_full_leaves_room_for_others() -> None:
    (first, other) = rules(), rule(LINK.replace("InterfaceDown", "OtherDown"))
    engine = RuleEngine((*first, other), keys_max=8)
    flood = [up_or_down("down", 1, key=("r1", str(n))) for n in range(6)]
    found = verdicts(feed(engine, *flood, at=1))
    assert found == [*["raised"] * 4, *["too-many-keys"] * 2]
    mine = [up_or_down("down", 2, uid=other.uid, key=("r1", str(n))) for n in range(5)]
    assert verdicts(feed(engine, *mine, at=2)) == [*["raised"] * 4, "too-many-keys"]
    engine.replace((other,))
    engine.accept(engine.retire(now(3)).changes)
    engine.replace((*first, other))
    assert verdicts(feed(engine, flood[0], at=4)) == ["raised"]


class TestForgetting:
    def test_a_cleared_key_is_forgotten_after_an_hour(self) -> None:
        engine = RuleEngine(rules())
        assert engine.next_tick() is None
        feed(engine, up_or_down("down", 1), up_or_down("down", 1, key=("r2", "x")), at=1)
        feed(engine, up_or_down("up", 10), at=10)
        assert engine.next_tick() == seconds(3_610)
        assert engine.tick(now(3_609)) == RuleOutcome()
        outcome = engine.tick(now(3_610))
        assert list(outcome.changes.values()) == [None]
        assert len(engine.states) == 2
        engine.accept(outcome.changes)
        assert [state.key for state in engine.states.values()] == [("r2", "x")]
        assert engine.next_tick() is None

    def test_a_key_that_is_raised_again_is_kept(self) -> None:
        engine = RuleEngine(rules())
        feed(engine, up_or_down("down", 1), up_or_down("up", 2), up_or_down("down", 3), at=3)
        assert engine.next_tick() is None
        assert engine.tick(now(1e6)) == RuleOutcome()

    def test_a_tick_is_bounded_and_the_oldest_go_first(self) -> None:
        engine = RuleEngine(rules())
        for at in range(DROPS_MAX + 1, 0, -1):
            feed(engine, up_or_down("up", at, said=at, key=("r1", str(at))), at=at)
        engine = restarted(engine)
        engine.accept(engine.tick(now(1e6)).changes)
        assert [state.key for state in engine.states.values()] == [("r1", str(DROPS_MAX + 1))]


class TestReload:
    def test_other_annotations_keep_the_state(self) -> None:
        engine = RuleEngine(rules())
        feed(engine, up_or_down("down", 1), at=1)
        engine.replace(rules(LINK.replace("summary: '", "summary: 'new ")))
        assert engine.retire(now(2)) == RuleOutcome()
        (alert,) = feed(engine, up_or_down("down", 3), at=3).alerts
        assert alert.annotations["summary"] == "new r1 Gi0/1 message of 3 (2x)"

    @pytest.mark.parametrize("restart", [False, True])
    def test_a_rule_that_is_gone_ends_its_alerts(self, restart: bool) -> None:
        engine = RuleEngine(rules())
        feed(engine, up_or_down("down", 1), up_or_down("down", 1, key=("r2", "x")), at=1)
        feed(engine, up_or_down("up", 2, key=("r2", "x")), at=2)
        if restart:
            engine = restarted(engine, "")
        else:
            engine.replace(())
        outcome = engine.retire(now(5))
        (alert,) = outcome.alerts
        assert (alert.labels, alert.starts_at, alert.ends_at) == (LABELS, seconds(1), seconds(5))
        assert (alert.received_at, alert.updated_at) == (seconds(5), seconds(5))
        (decision,) = outcome.decisions
        assert (decision.subject, decision.verdict) == (fingerprint(LABELS), "rule-removed")
        assert len(engine.states) == 2
        engine.accept(outcome.changes)
        assert (dict(engine.states), engine.retire(now(6))) == ({}, RuleOutcome())
        assert engine.next_tick() is None

    def test_retiring_is_bounded(self) -> None:
        engine = RuleEngine(rules())
        keys = [("r1", str(number)) for number in range(2 * RETIRES_MAX + 1)]
        feed(engine, *(up_or_down("down", 1, key=key) for key in keys), at=1)
        engine.replace(())
        ended = []
        while changes := (outcome := engine.retire(now(2))).changes:
            ended.append(len(outcome.alerts))
            engine.accept(changes)
        assert ended == [RETIRES_MAX, RETIRES_MAX, 1]

    def test_a_rule_that_comes_back_keeps_its_alerts(self) -> None:
        engine = RuleEngine(rules())
        feed(engine, up_or_down("down", 1), at=1)
        engine.replace(())
        engine.replace(rules())
        assert engine.retire(now(2)) == RuleOutcome()

    def test_a_commit_that_a_reload_overtook_is_retired(self) -> None:
        engine = RuleEngine(rules())
        outcome = engine.feed((up_or_down("down", 1),), now(1))
        engine.replace(())
        engine.accept(outcome.changes)
        assert len(engine.retire(now(2)).alerts) == 1


def test_entries_of_others_are_passed_over_and_unreadable_ones_are_not() -> None:
    engine = RuleEngine(rules())
    engine.restore([("a/fingerprint", b"not ours")])
    assert engine.states == {}
    newer = msgspec.msgpack.encode({"schema": 7})
    with pytest.raises(StateUnreadable, match="schema 7"):
        engine.restore([(f"r/{rule().uid}/00", newer)])


def test_any_split_into_batches_gives_the_same_states() -> None:
    matches: Sequence[EventMatches] = [
        up_or_down("down", 1, said=1),
        up_or_down("down", 2, said=3),
        up_or_down("up", 3, said=2),
        up_or_down("up", 4, said=4),
        up_or_down("up", 5, said=4),
        up_or_down("down", 6),
        up_or_down("down", 7, said=7),
    ]
    whole = RuleEngine(rules())
    all_at_once = verdicts(feed(whole, *matches, at=9))
    for cut in range(1, len(matches)):
        parts = RuleEngine(rules())
        first = feed(parts, *matches[:cut], at=9)
        second = feed(restarted(parts), *matches[cut:], at=9)
        parts.accept(second.changes)
        assert verdicts(first) + verdicts(second) == all_at_once
        assert parts.states == whole.states
