import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.trees import TREES
from trapgate.model.query import Query
from trapgate.query import QueryError, parse_query, query_text


@given(TREES)
def test_a_written_tree_is_read_back(tree: Query) -> None:
    assert parse_query(query_text(tree)) == tree


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", "*"),
        ("event.code:a", "event.code:a"),
        (
            "event.code:(a or b) AND not host.name:x*",
            "(event.code:a or event.code:b) and not host.name:x*",
        ),
        ("event.code:IF-MIB::linkDown", 'event.code:"IF-MIB::linkDown"'),
        ("event.severity:<=3", "event.severity <= 3"),
        ('message:"Link  DOWN"', 'message:"link down"'),
        ('event.code:"or"', 'event.code:"or"'),
    ],
)
def test_the_written_form_is_plain(text: str, written: str) -> None:
    assert query_text(parse_query(text)) == written


@given(st.text(alphabet='aeno rdt.():"*\\<>=/0:', max_size=30))
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    try:
        tree = parse_query(text)
    except QueryError as error:
        offset = error.offset
    else:
        assert parse_query(query_text(tree)) == tree
        return
    assert 0 <= offset <= len(text)
