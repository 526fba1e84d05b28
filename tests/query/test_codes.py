import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.events import event
from query.trees import TREES
from trapgate.model.query import Query
from trapgate.query import parse_query, predicate, required_codes


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
