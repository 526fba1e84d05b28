"""What of a query facets answer, what words, and what rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.events import event
from trapgate.model.query import (
    And,
    Everything,
    Network,
    Not,
    Or,
    Phrase,
    Present,
    Query,
    Range,
    Wildcard,
    Word,
)
from trapgate.query import predicate
from trapgate.store.sqlite.plan import Plan, facet_event, planned
from trapgate.store.sqlite.row import Facet

CODE = Word("event.code", "UPDOWN")
DEVICE = Word("host.name", "router-1")
PORT = Word("source.port", "162")
DOWN = Phrase("message", ("down",))
UP = Phrase("message", ("up",))
ERROR = Phrase("error.message", ("down",))


@pytest.mark.parametrize(
    ("query", "plan"),
    [
        (Everything(), Plan(None, Everything(), ())),
        (CODE, Plan(CODE, Everything(), ())),
        (And((DEVICE, Everything(), CODE)), Plan(And((DEVICE, CODE)), Everything(), ())),
        (And((DEVICE, PORT)), Plan(DEVICE, PORT, ())),
        (And((And((DEVICE, DOWN)), PORT)), Plan(DEVICE, And((DOWN, PORT)), (DOWN,))),
        (And((DOWN, UP)), Plan(None, And((DOWN, UP)), (DOWN, UP))),
        (DOWN, Plan(None, DOWN, (DOWN,))),
        (Or((DOWN, UP)), Plan(None, Or((DOWN, UP)), ())),
        (Not(DOWN), Plan(None, Not(DOWN), ())),
        (ERROR, Plan(None, ERROR, ())),
        (Or((CODE, Not(And((DEVICE,))))), Plan(Or((CODE, Not(And((DEVICE,))))), Everything(), ())),
        (Or((CODE, PORT)), Plan(None, Or((CODE, PORT)), ())),
        *(
            (hot, Plan(hot, Everything(), ()))
            for hot in (
                Wildcard("event.code", ("UP", "")),
                Network("source.ip", "10.0.0.0/8"),
                Range("event.severity", "<", 3),
                Present("event.severity"),
                Word("event.dataset", "snmp.trap"),
                Word("event.module", "snmp"),
            )
        ),
    ],
)
def test_a_query_is_taken_apart(query: Query, plan: Plan) -> None:
    assert planned(query) == plan


leaves = st.sampled_from((CODE, DEVICE, PORT, DOWN, UP, Word("host.name", "router-2")))
trees = st.recursive(
    leaves | st.just(Everything()),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=1, max_size=4).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=1, max_size=4).map(tuple))
    ),
    max_leaves=12,
)


@given(trees, st.sampled_from(("router-1", "")), st.sampled_from(("up", "down", "up down")))
def test_the_parts_together_are_the_query(query: Query, device: str, message: str) -> None:
    plan = planned(query)
    judged = event(1, device=device, code="UPDOWN", message=message)
    facet = Facet(judged.kind, judged.severity, judged.code, device, judged.source.address)
    hot = plan.hot is None or predicate(plan.hot)(facet_event(facet))
    words = all(predicate(phrase)(judged) for phrase in plan.phrases)
    rest = predicate(plan.rest)(judged)
    assert (hot and rest) == predicate(query)(judged)
    assert words or not rest, "without its words the rest is never met"
