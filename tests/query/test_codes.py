import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.events import event
from query.trees import TREES
from trapgate.model.query import Query
from trapgate.query import given_code, parse_query, predicate, required_codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("event.code:a", {"a"}),
        ("event.code:(a or b) and host.name:x", {"a", "b"}),
        ("(event.code:a and host.name:x) or event.code:b", {"a", "b"}),
        ("event.code:(a or b) and event.code:(b or c)", {"b"}),
        ("event.code:a and event.code:b", set()),
        ("event.code:a or host.name:x", None),
        ("not event.code:a", None),
        ("event.code:a*", None),
        ("event.code:*", None),
        ("*", None),
    ],
)
def test_codes_that_a_query_demands(text: str, codes: set[str] | None) -> None:
    assert required_codes(parse_query(text)) == codes


@given(TREES, st.sampled_from(("", "a", "ab", "and", "zz")))
def test_no_event_without_a_demanded_code_meets_the_query(tree: Query, code: str) -> None:
    codes = required_codes(tree)
    if codes is not None and code not in codes:
        assert not predicate(tree)(event(code=code))


def test_the_oid_of_a_trap_demands_either_of_its_forms() -> None:
    query = parse_query("event.code:1.3.6.1.4.1.9.9.41.2.0.1 and host.name:x")
    either = frozenset(("1.3.6.1.4.1.9.9.41.2.0.1", "1.3.6.1.4.1.9.9.41.2.1"))
    assert required_codes(query) == either


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("event.code:a and host.name:x", "host.name:x"),
        ("event.code:(a or b) and host.name:x", "host.name:x"),
        ("event.code:a", "*"),
        ("not event.code:b", "*"),
        ("event.code:b or host.name:x", "host.name:x"),
        ("(event.code:b and host.name:x) or (event.code:a and host.name:y)", "host.name:y"),
        ("host.name:x and message:down", "host.name:x and message:down"),
    ],
)
def test_what_is_left_to_ask_of_a_known_code(text: str, left: str) -> None:
    assert given_code(parse_query(text), "a") == parse_query(left)


@given(TREES, st.sampled_from(("", "a", "ab", "and", "zz")))
def test_a_known_code_changes_no_answer(tree: Query, code: str) -> None:
    seen = event(code=code)
    assert predicate(given_code(tree, code))(seen) == predicate(tree)(seen)
