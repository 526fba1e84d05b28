"""Both stores find exactly the events that the predicate does, whatever way they search."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from query.contract import Search, assert_agreed, generated
from query.events import RECEIVED_AT
from query.samples import EVENTS, QUERIES
from store.elastic.stores import bench
from trapgate.model import Event, Position
from trapgate.model.query import Query
from trapgate.ports import EventStore
from trapgate.store.sqlite.store import SqliteEventStore

EVENTS_ASKED = 80
QUERIES_ASKED = 80


@pytest.fixture(scope="module")
def events() -> Sequence[Event]:
    return generated(EVENTS, EVENTS_ASKED)


@pytest.fixture(scope="module")
def queries() -> Sequence[Query]:
    return generated(QUERIES, QUERIES_ASKED)


def _search(store: EventStore, written: Callable[[], None]) -> Search:
    """What a store finds; each time it is asked, the events are in a stream of their own."""
    streams = 0

    def search(events: Sequence[Event], queries: Sequence[Query]) -> Sequence[set[int]]:
        nonlocal streams
        streams += 1
        name = f"stream{streams}"
        own = [
            replace(event, id=f"{event.id}-{streams}-{place}", position=Position(name, place + 1))
            for place, event in enumerate(events)
        ]
        store.write(own)
        written()
        return [_places(store, query, name) for query in queries]

    return search


def _places(store: EventStore, query: Query, stream: str) -> set[int]:
    found = store.search(query, start=RECEIVED_AT, end=RECEIVED_AT + 1, limit=10_000)
    return {event.position.sequence - 1 for event in found if event.position.stream == stream}


def _without_ids(queries: Sequence[Query]) -> Sequence[Query]:
    """A store needs ids of its own."""
    return [query for query in queries if "event.id" not in repr(query)]


def test_the_sqlite_store(
    events: Sequence[Event], queries: Sequence[Query], tmp_path: Path
) -> None:
    store = SqliteEventStore.open(tmp_path)
    try:
        assert_agreed(_search(store, lambda: None), events, _without_ids(queries))
    finally:
        store.close()


def test_the_elasticsearch_store(
    events: Sequence[Event], queries: Sequence[Query], elasticsearch_url: str, namespace: str
) -> None:
    with bench(elasticsearch_url, namespace) as found:
        search = _search(found.store, found.refresh)
        assert_agreed(search, events, _without_ids(queries))
