"""The largest queries that can be written, on every back end."""

from collections.abc import Iterator, Sequence

import pytest

from query.contract import assert_agreed
from query.elastic_index import Index, own_index
from query.events import event
from query.sqlite import search_sqlite
from trapgate.model.query import Query
from trapgate.query import parse_query
from trapgate.query.fields import FIELD_CHARS_MAX
from trapgate.query.parser import CONDITIONS_MAX, DEPTH_MAX, QUERY_CHARS_MAX
from trapgate.query.values import PHRASE_WORDS_MAX, WILDCARD_CHARS_MAX

MANY_WORDS = 10_000
"""More than a server with half a gigabyte of memory takes clauses, 8,192."""

EVENTS = [
    event(code="a", device="x", severity=3, message="a b c", fields={"interface.name": "Gi0/1"}),
    event(code="b", device="y", message="b c d " * 200, fields={"interface.name": ("a", "b")}),
    event(code="", device="", message="", labels={"site": "aaaaaaaaaaaaaaaaaaaaab"}),
]

_LEAVES = (
    *("event.code:{0}", "interface.name:a{0}*", "message:b{0}", "event.severity >= {0}"),
    *("source.ip:10.0.0.0/8", "labels.site:*", "message:b-c*", "snmp.uptime:{0}"),
)


def _leaf(number: int) -> str:
    return _LEAVES[number % len(_LEAVES)].format(number)


def _leaves(count: int) -> list[str]:
    return [_leaf(number) for number in range(count)]


def _nested(first: str, second: str, *, left: bool, width: int) -> str:
    """Parentheses within each other as deep as they may be, `width` conditions in each pair, an
    `or` of an `and` in every one."""
    text = _leaf(0)
    for _ in range(DEPTH_MAX):
        others = f" {second} ".join(_leaves(width))
        inside = f"({text})"
        text = f"{inside} {first} {others}" if left else f"{others} {first} {inside}"
    return text


def _halves(depth: int) -> str:
    """Both sides as deep: a tree that branches all the way."""
    if depth == 0:
        return "event.code:a"
    half = _halves(depth - 1)
    word = "and" if depth % 2 else "or"
    return f"({half}) {word} ({half})"


def _branching(depth: int, branches: int) -> str:
    """As deep as can be, with two equally deep sides at the first levels: only one of them can
    share its parent's `bool`."""
    if depth == 0:
        return "event.code:a"
    inside = f"({_branching(depth - 1, max(branches - 1, 0))})"
    return f"{inside} and {inside} or message:b" if branches else f"{inside} and * or message:b"


WIDTH = CONDITIONS_MAX // DEPTH_MAX - 1

QUERIES = [
    *(f" {word} ".join(_leaves(CONDITIONS_MAX)) for word in ("and", "or")),
    *(
        f" {word} ".join(f"not {leaf}" for leaf in _leaves(CONDITIONS_MAX))
        for word in ("and", "or")
    ),
    " or ".join(f"event.code:a{number}" for number in range(CONDITIONS_MAX)),
    " or ".join(f"{leaf} and {leaf}" for leaf in _leaves(CONDITIONS_MAX // 2)),
    *(
        _nested(first, second, left=left, width=WIDTH)
        for first, second in (("and", "or"), ("or", "and"), ("and", "and"))
        for left in (True, False)
    ),
    _halves(9),
    _branching(DEPTH_MAX, branches=4),
    "not " * DEPTH_MAX + "event.code:a",
    "not (message:a and " * (DEPTH_MAX // 2) + "event.code:a" + ")" * (DEPTH_MAX // 2),
    "not (message:a or " * (DEPTH_MAX // 2) + "event.code:a" + ")" * (DEPTH_MAX // 2),
    f'event.code:"{"a" * (QUERY_CHARS_MAX - 20)}"',
    f'event.code:"{"😀" * (QUERY_CHARS_MAX - 20)}"',
    f'message:"{" ".join(["b c d d"] * (PHRASE_WORDS_MAX // 4))}"',
    f"message:{'b-c-d-' * (PHRASE_WORDS_MAX // 3)}b*",
    f"message:{'b' * (QUERY_CHARS_MAX - 20)}*",
    *(
        f"{field}:{pattern}"
        for field in ("labels.site", "labels." + "😀" * (FIELD_CHARS_MAX - 7))
        for pattern in (
            "*",
            "*" + "a" * (WILDCARD_CHARS_MAX - 2) + "*",
            "*a" * (WILDCARD_CHARS_MAX // 2),
            "*" + "a" * (WILDCARD_CHARS_MAX // 2 - 2) + "*b" * (WILDCARD_CHARS_MAX // 4) + "*",
            "*" + "😀" * (WILDCARD_CHARS_MAX - 2) + "*",
        )
    ),
]


@pytest.fixture(scope="module")
def queries() -> Sequence[Query]:
    return [parse_query(text) for text in QUERIES]


def test_sqlite_takes_the_largest_queries(queries: Sequence[Query]) -> None:
    assert_agreed(search_sqlite, EVENTS, queries)


@pytest.fixture
def index(elasticsearch_url: str, namespace: str) -> Iterator[Index]:
    with own_index(elasticsearch_url, namespace) as index:
        yield index


def test_elasticsearch_takes_the_largest_queries(queries: Sequence[Query], index: Index) -> None:
    assert_agreed(index.search, EVENTS, queries)


def test_a_beginning_of_many_words_is_found_or_refused(index: Index) -> None:
    """Never some of them only."""
    index.fill([event(message=f"link abcde{number} up") for number in range(MANY_WORDS)])
    short, few, many = (
        parse_query(f"message:link-{text}*") for text in ("abcd", "abcde1", "abcde")
    )
    assert [len(places) for places in index.ask([short, few])] == [MANY_WORDS, 1_111]
    try:
        (places,) = index.ask([many])
    except AssertionError as error:
        assert "exceeds maxClauseCount" in str(error)  # noqa: PT017 - either is right
    else:
        assert len(places) == MANY_WORDS
