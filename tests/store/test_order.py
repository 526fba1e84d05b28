"""Both stores give the newest first, whatever was written when, page by page of every size."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from store.elastic.stores import bench
from store.events import MIDNIGHT
from store.floods import flood, newest_first
from trapgate.model import NEVER, NS_PER_S, Event, Position
from trapgate.model.query import Everything, Query, Word
from trapgate.ports import EventStore
from trapgate.store import SqliteEventStore
from trapgate.store.page import read_page
from trapgate.store.sqlite.writers import PART_BYTES_MAX

COUNT = 120
EVENTS = flood(COUNT, MIDNIGHT - 200 * NS_PER_S)
"""Over midnight, there and back."""

BATCH = 13


def pages(store: EventStore, query: Query, size: int) -> list[Event]:
    found: list[Event] = []
    page = read_page(store, query, start=0, end=NEVER, limit=size)
    while page.events:
        found += page.events
        if page.next is None:
            break
        page = read_page(store, query, start=0, end=NEVER, limit=size, before=page.next)
    return found


def assert_in_order(store: EventStore, events: Sequence[Event]) -> None:
    expected = newest_first(events)
    for size in range(1, len(events) + 2):
        assert pages(store, Everything(), size) == expected, size
    some = [event for event in expected if event.code == "code-1"]
    for size in (1, 2, 7, len(some)):
        assert pages(store, Word("event.code", "code-1"), size) == some, size
    start, end = expected[-20].received_at, expected[20].received_at
    inside = [event for event in expected if start <= event.received_at < end]
    assert store.search(Everything(), start=start, end=end, limit=len(events)) == inside
    for stream in {event.position.stream for event in events}:
        own = sorted(
            (event for event in events if event.position.stream == stream),
            key=lambda event: event.position,
        )
        assert store.since(Position(stream, 0), len(events)) == own
    assert [store.get(event.id) for event in events[::17]] == events[::17]


def write(store: EventStore, events: Sequence[Event]) -> None:
    for start in range(0, len(events), BATCH):
        store.write(events[start : start + BATCH])


def test_events_are_not_written_in_order() -> None:
    """Else the tests here show nothing."""
    received = [event.received_at for event in EVENTS]
    assert received != sorted(received)
    assert len(set(received)) < COUNT
    assert len({event.position.stream for event in EVENTS}) == 4
    assert {at >= MIDNIGHT for at in received} == {True, False}


@pytest.mark.parametrize("part_bytes_max", [1, PART_BYTES_MAX])
def test_the_sqlite_store(tmp_path: Path, part_bytes_max: int) -> None:
    with closing(SqliteEventStore.open(tmp_path, part_bytes_max=part_bytes_max)) as store:
        write(store, EVENTS)
        assert_in_order(store, EVENTS)


def test_the_elasticsearch_store(elasticsearch_url: str, namespace: str) -> None:
    with bench(elasticsearch_url, namespace) as found:
        write(found.store, EVENTS)
        found.refresh()
        assert_in_order(found.store, EVENTS)
