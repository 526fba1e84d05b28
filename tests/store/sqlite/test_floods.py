"""Floods of more rows than a block has, in lanes that come late, on clocks that are set back."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from store.events import MIDNIGHT
from store.floods import STREAMS, flood, newest_first
from trapgate.model import NEVER, NS_PER_S, Event, Place
from trapgate.query import parse_query, predicate
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.blocks import BLOCK_EVENTS
from trapgate.store.sqlite.indexer import Indexer

HALF = 10_000
EVENTS = flood(2 * HALF, MIDNIGHT + 7_200 * NS_PER_S, lasts_s=2_000)
NEWEST_FIRST = newest_first(EVENTS)
BATCH = 700
PAGE = 997

QUERIES = (
    "",
    "event.code:code-1",
    "host.name:router-17",
    "host.name:router-1* and message:down",
    "message:flap",
    'message:"link down flap" and event.code:code-2',
    "message:fl* and host.name:router-2*",
    "source.port:50000 and host.name:router-9",
)


@pytest.fixture(scope="module", params=[1 << 40, 1 << 22])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SqliteEventStore]:
    """Half of the events with their words, in one file or several."""
    folder: Path = tmp_path_factory.mktemp("events")
    for half in (EVENTS[:HALF], EVENTS[HALF:]):
        indexer = Indexer(folder)
        for _ in indexer.round():
            pass
        indexer.close()
        with closing(SqliteEventStore.open(folder, part_bytes_max=request.param)) as writer:
            for start in range(0, HALF, BATCH):
                writer.write(half[start : start + BATCH])
    with closing(SqliteEventStore.open(folder, read_only=True)) as reader:
        yield reader


def test_more_than_one_block_is_there() -> None:
    counts = {s: sum(e.position.stream == s for e in EVENTS) for s in STREAMS}
    assert max(counts.values()) > 2 * BLOCK_EVENTS


@pytest.mark.parametrize("text", QUERIES)
def test_pages_neither_skip_nor_repeat(store: SqliteEventStore, text: str) -> None:
    query = parse_query(text)
    meets = predicate(query)
    expected = [event for event in NEWEST_FIRST if meets(event)]
    found: list[Event] = []
    while True:
        before = found[-1].place if found else None
        page = store.search(query, start=0, end=NEVER, limit=PAGE, before=before)
        if not page:
            break
        found += page
    assert found == expected


@pytest.mark.parametrize("text", QUERIES[:5])
def test_a_page_may_begin_at_any_place_and_end_at_any_time(
    store: SqliteEventStore, text: str
) -> None:
    query = parse_query(text)
    meets = predicate(query)
    random = Random(text)
    for limit in (1, 2, 30):
        before: Place = random.choice(EVENTS).place
        start, end = sorted(random.choice(EVENTS).received_at for _ in range(2))
        expected = [
            event
            for event in NEWEST_FIRST
            if event.place < before and start <= event.received_at < end and meets(event)
        ]
        found = store.search(query, start=start, end=end, limit=limit, before=before)
        assert found == expected[:limit]
