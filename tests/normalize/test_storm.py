"""Storms: what changes something always passes, the rest is folded, counted and told."""

from collections.abc import Sequence
from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.events import event
from trapgate.config import Cidr, Duration
from trapgate.model import (
    NS_PER_S,
    Event,
    EventMatches,
    FieldValue,
    Match,
    Now,
    Outcome,
    Position,
    Refusal,
    rfc3339,
)
from trapgate.normalize import storm as module
from trapgate.normalize.settings import DuplicatesSettings, RateLimitSettings
from trapgate.normalize.sources import Sources, SourceSettings
from trapgate.normalize.storm import (
    DISTINCT,
    DUPLICATE,
    LATE_BUCKETS_MAX,
    REPEAT,
    StormPolicy,
    Storms,
)
from trapgate.normalize.summary import BUCKET_NS
from trapgate.rules import RuleEngine, build_rules

START = 179_000_000 * BUCKET_NS
Verb = Literal["raise", "clear"]
RULES, _ = build_rules(
    {
        "two.yml": "groups: [{name: g, rules: ["
        "{alert: Fine, match: event.code:a, clear: event.code:b, by: host.name},"
        "{alert: Coarse, match: event.code:a, clear: event.code:b}]}]"
    }
)
FINE, COARSE = (rule.uid for rule in RULES)
"""A rule with a key, and one that puts all into one alert; an event meets both or neither."""


class Said(msgspec.Struct, frozen=True):
    """One event of a stream: when, who, what, and what a rule makes of it."""

    at: int = START
    address: str = "10.0.0.1"
    code: str = "IF-MIB::linkDown"
    variable: str = "1"
    key: str = ""
    verb: Verb = "raise"
    clock: str = "arrival"
    stamp: int = 0
    fields: tuple[tuple[str, FieldValue], ...] = ()

    def event(self, sequence: int) -> Event:
        fields: dict[str, FieldValue] = {"snmp.varbinds": (self.variable,), **dict(self.fields)}
        made = event(
            id=f"e{sequence}",
            code=self.code,
            device=self.address,
            address=self.address,
            received_at=self.at,
            fields=fields,
        )
        return msgspec.structs.replace(made, position=Position("raw", sequence))

    def matches(self) -> tuple[Match, ...]:
        if not self.key:
            return ()
        at = self.stamp or self.at
        return tuple(
            Match(rule, key, self.verb, "e", at, self.at, self.clock, {})
            for rule, key in ((FINE, (self.key,)), (COARSE, ()))
        )


class Result(msgspec.Struct):
    """What became of a stream: each event's end (`None`: kept), and what was told."""

    ends: list[Refusal | None]
    told: list[Event]


def policy(
    *, burst: int = 2, rate: int = 1, window_s: int = 0, sources: Sequence[SourceSettings] = ()
) -> StormPolicy:
    return StormPolicy(
        Sources(sources),
        RateLimitSettings(events_per_second=rate, burst=burst),
        DuplicatesSettings(window=Duration(window_s * NS_PER_S)),
    )


def run(
    stream: Sequence[Said], used: StormPolicy, *, first: int = 0, storms: Storms | None = None
) -> Result:
    storms = storms or Storms(used)
    result = Result([], [])
    for sequence, said in enumerate(stream, start=first + 1):
        result.told += storms.due(said.at)
        made = said.event(sequence)
        asked = storms.over(made)
        result.ends.append(storms.fold(made, said.matches()) if asked else None)
    return result


def ends(stream: Sequence[Said], used: StormPolicy) -> list[Refusal | None]:
    return run(stream, used).ends


def test_within_the_budget_all_is_kept() -> None:
    assert ends([Said()] * 2, policy()) == [None, None]


def test_past_it_the_first_passes_and_repeats_are_folded() -> None:
    assert ends([Said()] * 5, policy()) == [None, None, None, REPEAT, REPEAT]


def test_the_budget_grows_in_the_bucket_and_is_new_in_the_next() -> None:
    later = Said(at=START + 2 * NS_PER_S)
    assert ends([Said()] * 4 + [later], policy())[4] is REPEAT
    assert ends([Said()] * 4 + [later], policy(rate=2))[4] is None
    assert ends([Said()] * 4 + [Said(at=START + BUCKET_NS)], policy())[4] is None


def test_sources_have_budgets_of_their_own() -> None:
    stream = [Said()] * 5 + [Said(address="10.0.0.2")]
    assert ends(stream, policy())[-2:] == [REPEAT, None]


def test_the_origin_has_the_budget_not_the_relay() -> None:
    behind = [Said(fields=(("host.ip", f"10.1.0.{n}"),)) for n in range(9)]
    assert ends(behind, policy()) == [None] * 9
    same = (("host.ip", "10.1.0.1"), ("snmp.identity", "engine-id"))
    engines = [Said(address=f"device-{n}", fields=same) for n in range(9)]
    assert ends(engines, policy()) == [None] * 9


def test_off() -> None:
    assert ends([Said()] * 100, policy(rate=0)) == [None] * 100


def test_an_entry_of_the_inventory_may_have_its_own_budget() -> None:
    entry = SourceSettings(
        cidr=Cidr.from_text("10.0.0.1"), rate_limit=RateLimitSettings(burst=4, events_per_second=1)
    )
    assert ends([Said()] * 6, policy(sources=[entry])) == [None] * 5 + [REPEAT]


def test_an_engine_of_the_inventory_may_too() -> None:
    entry = SourceSettings(
        name="r1", engine_ids=("80:00:1f:88:04",), rate_limit=RateLimitSettings(burst=4)
    )
    fields = (("snmp.identity", "engine-id"), ("snmp.engine_id", "80001f8804"))
    assert ends([Said(address="r1", fields=fields)] * 5, policy(sources=[entry]))[2:] == [None] * 3


def test_raises_and_clears_that_change_something_pass() -> None:
    down, up = Said(key="a"), Said(key="a", verb="clear")
    stream = [down] * 2 + [down, down, up, up, down, down, Said(key="b"), up]
    assert ends(stream, policy())[2:] == [None, REPEAT] * 3 + [None, None]


def test_what_passes_below_the_budget_counts_after_it() -> None:
    """Tokens come back while an interface comes up: the next raise is a change."""
    down = Said(key="a")
    up = Said(key="a", verb="clear", at=START + 5 * NS_PER_S)
    again = Said(key="a", at=START + 5 * NS_PER_S)
    stream = [down] * 4 + [up] + [again] * 9
    found = ends(stream, policy())
    assert found[3] is REPEAT
    assert found[4:7] == [None, None, None]
    assert found[-1] is REPEAT


def test_a_device_clock_makes_a_later_raise_a_new_one() -> None:
    """A clear that overtook it would be older than the raise that was folded."""
    raises = [Said(key="a", clock="device:r1", stamp=START + n) for n in (0, 0, 0, 0, 1, 1)]
    assert ends(raises, policy()) == [None, None, None, REPEAT, None, REPEAT]


def test_what_no_rule_meets_is_told_apart_by_code_and_variables() -> None:
    others = [Said(variable="2"), Said(code="x"), Said(variable="2"), Said(code="x")]
    assert ends([Said()] * 3 + others, policy())[3:] == [None, None, REPEAT, REPEAT]


def test_only_so_many_different_ones_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DISTINCT_MAX", 3)
    stream = [Said(variable=str(n)) for n in range(10)]
    found = run([*stream, Said(at=START + BUCKET_NS)], policy())
    assert found.ends[2:10] == [None] * 3 + [DISTINCT] * 5
    assert found.told[0].fields["trapgate.storm.distinct"] == 5
    assert "(5 of them no repeats)" in found.told[0].message


def test_a_full_memory_folds_no_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_MAX", 2)
    stream = [Said(key=str(n // 2)) for n in range(12)]
    found = ends(stream, policy(burst=1))
    assert found[::2] == [None] * 6
    assert found[-1] is None


def test_spoofed_sources_share_one_budget_and_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SOURCES_MAX", 3)
    stream = [Said(address=f"10.0.0.{n}") for n in range(9)]
    found = run([*stream, Said(address="10.0.0.1"), Said(address="10.0.0.8")], policy())
    assert found.ends == [None] * 10 + [REPEAT]
    told = run([*stream, stream[-1], Said(at=START + BUCKET_NS)], policy()).told
    assert [one.device for one in told] == ["others"]


WINDOW = policy(burst=1_000, window_s=5)


def test_the_window_folds_below_the_budget_too() -> None:
    late = Said(at=START + 5 * NS_PER_S)
    assert ends([Said(), Said(), Said(variable="2"), Said(), late, late], WINDOW) == [
        None,
        DUPLICATE,
        None,
        DUPLICATE,
        None,
        DUPLICATE,
    ]


def test_the_window_keeps_what_changes_something() -> None:
    down, up = Said(key="a"), Said(key="a", verb="clear", code="IF-MIB::linkUp")
    assert ends([down, down, up, up, down, down], WINDOW) == [None, DUPLICATE] * 3


def test_the_window_keeps_what_rules_take_for_one_but_people_do_not() -> None:
    assert ends([Said(key="a"), Said(key="a", variable="2")], WINDOW) == [None, None]


def test_a_window_that_was_off_meanwhile_starts_anew() -> None:
    down, up = Said(key="a"), Said(key="a", verb="clear")
    storms = Storms(WINDOW)
    run([down], WINDOW, storms=storms)
    storms.use(policy(burst=1_000))
    run([up], WINDOW, storms=storms)
    storms.use(WINDOW)
    assert run([down], WINDOW, storms=storms).ends == [None]


def storm(at: int, count: int = 5) -> list[Said]:
    return [Said(at=at + n) for n in range(count)]


def test_a_bucket_is_told_once_it_is_over() -> None:
    entry = SourceSettings(
        cidr=Cidr.from_text("10.0.0.1"), name="r1", labels={"site": "b"}, rate_limit=None
    )
    used = policy(sources=[entry])
    found = run([*storm(START), Said(at=START + BUCKET_NS, address="10.0.0.9")], used)
    (told,) = found.told
    assert told == msgspec.structs.replace(
        event(
            id=told.id,
            code="trapgate.rate-limited",
            device="r1",
            address="10.0.0.1",
            severity=4,
            timestamp=START + 4,
            received_at=START + 4,
            labels={"site": "b"},
            message="r1 sent 5 events in 10 s, 2 were folded: IF-MIB::linkDown 2",
            fields={
                "host.ip": "10.0.0.1",
                "event.start": rfc3339(START),
                "event.end": rfc3339(START),
                "trapgate.storm.events": 5,
                "trapgate.storm.folded": 2,
                "trapgate.storm.distinct": 0,
                "trapgate.storm.codes": ("IF-MIB::linkDown",),
            },
        ),
        position=Position("raw/trapgate.rate-limited", 5),
    )
    assert int(told.id[:8], 16) == told.received_at // BUCKET_NS


def codes(events: Sequence[Event]) -> list[tuple[str, int]]:
    return [(one.code.removeprefix("trapgate."), one.position.sequence) for one in events]


def test_a_storm_is_over_after_a_bucket_without_it() -> None:
    quiet = [Said(at=START + n * BUCKET_NS, address="10.0.0.9") for n in (2, 3)]
    stream = [*storm(START), *storm(START + BUCKET_NS), *quiet]
    found = run(stream, policy()).told
    assert codes(found) == [("rate-limited", 5), ("rate-limited", 10), ("rate-recovered", 10)]
    assert found[2].received_at == START + 3 * BUCKET_NS
    assert "within its rate limit again" in found[2].message


def test_a_storm_before_a_long_silence_is_over_at_once() -> None:
    later = [Said(at=START + number * BUCKET_NS) for number in (9, 10, 11)]
    found = run([*storm(START), *later], policy()).told
    assert codes(found) == [("rate-limited", 5), ("rate-recovered", 5)]


def test_without_another_record_the_idle_loop_tells_it_once() -> None:
    storms = Storms(policy())
    run(storm(START), policy(), storms=storms)
    grace = module.IDLE_GRACE_NS
    assert storms.idle(START + BUCKET_NS + grace - 1) == ()
    assert codes(storms.idle(START + BUCKET_NS + grace)) == [("rate-limited", 5)]
    assert codes(storms.idle(START + 2 * BUCKET_NS + grace)) == [("rate-recovered", 5)]
    assert codes(storms.idle(START + 3 * BUCKET_NS + grace)) == []
    assert codes(storms.due(START + 3 * BUCKET_NS)) == []


def test_late_records_of_the_bucket_before_count_in_this_one() -> None:
    stream = [*storm(START), *storm(START + BUCKET_NS), Said(at=START + BUCKET_NS - 1)]
    assert run(stream, policy()).ends[-1] is REPEAT
    assert len(run(stream, policy()).told) == 1


def test_a_clock_that_is_set_back_far_does_no_harm() -> None:
    found = run([*storm(START), *storm(START - (LATE_BUCKETS_MAX + 1) * BUCKET_NS)], policy())
    assert found.ends == [None, None, None, REPEAT, REPEAT] * 2
    assert codes(found.told) == [("rate-limited", 5), ("rate-recovered", 5)]


def test_how_folded_events_end() -> None:
    assert (REPEAT.outcome, REPEAT.reason) == (Outcome.RATE_LIMITED, "repeat")
    assert (DISTINCT.outcome, DISTINCT.reason) == (Outcome.RATE_LIMITED, "too-many-distinct")
    assert (DUPLICATE.outcome, DUPLICATE.reason) == (Outcome.DUPLICATE, "repeat")


STREAMS = st.lists(
    st.builds(
        Said,
        at=st.integers(0, 5 * BUCKET_NS).map(lambda ns: START + ns),
        address=st.sampled_from(["10.0.0.1", "10.0.0.2"]),
        code=st.sampled_from(["a", "b"]),
        variable=st.sampled_from(["1", "2"]),
        key=st.sampled_from(["", "x", "y"]),
        verb=st.sampled_from(["raise", "clear"]),
        clock=st.sampled_from(["arrival", "arrival", "device:r1"]),
        stamp=st.integers(0, 3).map(lambda n: START + n * NS_PER_S),
    ),
    max_size=60,
).map(lambda stream: sorted(stream, key=lambda said: said.at))
POLICIES = st.builds(
    policy,
    burst=st.integers(1, 4),
    rate=st.sampled_from([1, 2]),
    window_s=st.sampled_from([0, 3, 10]),
)


@given(STREAMS, POLICIES, st.data())
@settings(max_examples=300)
def test_a_reader_that_starts_in_the_middle_agrees_once_it_has_seen_two_buckets(
    stream: list[Said], used: StormPolicy, data: st.DataObject
) -> None:
    whole = run(stream, used)
    start = data.draw(st.integers(0, len(stream)))
    reached = stream[start - 1].at // BUCKET_NS if start else 0
    shown = sum(said.at // BUCKET_NS < reached - 1 for said in stream[:start])
    storms = Storms(used)
    run(stream[shown:start], used, first=shown, storms=storms)
    rest = run(stream[start:], used, first=start, storms=storms)
    assert rest.ends == whole.ends[start:]
    assert rest.told == whole.told[len(run(stream[:start], used).told) :]


def conditions(engine: RuleEngine, said: Said) -> dict[str, str]:
    """The condition of each key of each rule when it was told of one more event."""
    now = Now(said.at, said.at)
    engine.accept(engine.feed([EventMatches(Position("raw", 1), said.matches())], now).changes)
    return {key: state.condition for key, state in engine.states.items()}


@given(STREAMS, POLICIES)
@settings(max_examples=300, deadline=None)
def test_every_state_is_what_it_would_be_without_folding(
    stream: list[Said], used: StormPolicy
) -> None:
    """In the rules' own engine, with late messages of devices' clocks; after each event, not only
    in the end: nobody waits for the end of a storm."""
    full, folded = RuleEngine(RULES), RuleEngine(RULES)
    known: dict[str, str] = {}
    for said, end in zip(stream, ends(stream, used), strict=True):
        expected = conditions(full, said)
        if end is None:
            known = conditions(folded, said)
        assert known == expected


@given(STREAMS, POLICIES)
def test_every_folded_event_is_told_and_positions_grow(
    stream: list[Said], used: StormPolicy
) -> None:
    found = run([*stream, Said(at=START + 20 * BUCKET_NS)], used)
    summaries = [one for one in found.told if one.code != "trapgate.rate-recovered"]
    counted = sum(int(str(one.fields["trapgate.storm.folded"])) for one in summaries)
    assert counted == sum(end is not None for end in found.ends)
    for stream_name in {one.position.stream for one in found.told}:
        places = [o.position.sequence for o in found.told if o.position.stream == stream_name]
        assert places == sorted(set(places))
    assert len({one.id for one in found.told}) == len(found.told)


@given(STREAMS, POLICIES, st.data())
@settings(max_examples=300)
def test_a_copy_knows_the_same_and_goes_its_own_way(
    stream: list[Said], used: StormPolicy, data: st.DataObject
) -> None:
    whole = run(stream, used)
    start = data.draw(st.integers(0, len(stream)))
    storms = Storms(used)
    before = run(stream[:start], used, storms=storms)
    copy = storms.copied()
    run([Said(at=START + 5 * BUCKET_NS, key="x")] * 5, used, first=99, storms=copy.copied())
    for one in (copy, storms):
        rest = run(stream[start:], used, first=start, storms=one)
        assert before.ends + rest.ends == whole.ends
        assert before.told + rest.told == whole.told
