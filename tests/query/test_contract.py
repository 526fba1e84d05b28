"""Three back ends, one meaning: SQLite and the genuine Elasticsearch against the predicate."""

from collections.abc import Sequence
from itertools import product

import pytest

from query.contract import assert_agreed, generated
from query.elastic_index import own_index
from query.events import event
from query.samples import CONNECTED, CONNECTIVES, EVENTS, KEYWORDS, QUERIES
from query.sqlite import search_sqlite
from trapgate.model import Event, FieldValue
from trapgate.model.query import Phrase, Present, Query, Wildcard, Word
from trapgate.query import words

EVENTS_ASKED = 200
QUERIES_ASKED = 250

WORDS = ("a", "ab", "b")

IN_ORDER = [
    event(message=" ".join(words))
    for count in range(1, 5)
    for words in product(WORDS, repeat=count)
]
"""Every message of up to four of these words."""

PHRASES: Sequence[Query] = [
    Phrase("message", sought, prefix)
    for count in range(1, 4)
    for sought in product(WORDS, repeat=count)
    for prefix in (False, True)
]
"""Every phrase of up to three of them."""


LONG = [
    event(message=letter * count)
    for letter in ("a", "é", "東", "\U0001d400")
    for count in (63, 64, 127, 128, 200, 255, 256, 300)
]
"""Words around every limit that a tokenizer may have, of one to four bytes a letter."""

LONG_WORDS: Sequence[Query] = [
    Phrase("message", words(one.message), prefix) for one in LONG for prefix in (False, True)
]

STORED = [name for name in KEYWORDS if name.startswith(("snmp.", "log.", "interface."))]

VALUES: tuple[FieldValue, ...] = (
    *(True, False, 7, 1, "true", "7", "", "null", "[]", (), ("",), ("a", "true"), ("[true]",)),
)

KINDS = [event(fields={name: value}) for name in STORED for value in VALUES]
"""Every kind of value under every kind of name."""

KINDS_ASKED: Sequence[Query] = [
    *(Word(name, text) for name in STORED for text in ("true", "false", "7", "1", "", "a", "null")),
    *(Present(name) for name in STORED),
    *(Wildcard(name, ("", "u", "")) for name in STORED),
]

KNOWN = ((IN_ORDER, PHRASES), (LONG, LONG_WORDS), (KINDS, KINDS_ASKED))


@pytest.fixture(scope="module")
def events() -> Sequence[Event]:
    return generated(EVENTS, EVENTS_ASKED)


@pytest.fixture(scope="module")
def queries() -> Sequence[Query]:
    return generated(QUERIES, QUERIES_ASKED)


@pytest.fixture(scope="module")
def connectives() -> Sequence[Query]:
    return generated(CONNECTIVES, QUERIES_ASKED)


def test_sqlite_finds_what_the_predicate_does(
    events: Sequence[Event], queries: Sequence[Query], connectives: Sequence[Query]
) -> None:
    assert_agreed(search_sqlite, events, queries)
    assert_agreed(search_sqlite, CONNECTED, connectives)
    for known, asked in KNOWN:
        assert_agreed(search_sqlite, known, asked)


def test_elasticsearch_finds_what_the_predicate_does(
    events: Sequence[Event],
    queries: Sequence[Query],
    connectives: Sequence[Query],
    elasticsearch_url: str,
    namespace: str,
) -> None:
    with own_index(elasticsearch_url, namespace) as index:
        assert_agreed(index.search, events, queries)
        assert_agreed(index.search, CONNECTED, connectives)
        for known, asked in KNOWN:
            assert_agreed(index.search, known, asked)
