"""Several files in a day: each event in one, however often it is written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NEVER, Now, Position
from trapgate.model.query import Everything
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.folder import DAY_NS, Part, part_path, stored_parts
from trapgate.store.sqlite.writers import PART_BYTES_MAX, PART_BYTES_MIN, PartWriters

TODAY = MIDNIGHT // DAY_NS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEventStore]:
    """Every file is full at once, so that each batch that brings something begins a new one."""
    store = SqliteEventStore.open(tmp_path, part_bytes_max=1)
    yield store
    store.close()


def everything(store: SqliteEventStore) -> list[tuple[str, int]]:
    found = store.search(Everything(), start=0, end=NEVER, limit=9_999)
    return [(event.position.stream, event.position.sequence) for event in found]


def rows(folder: Path) -> dict[int, int]:
    """How many events each part of today has."""
    found = {}
    for part in stored_parts(folder):
        with closing(sqlite3.connect(part_path(folder, part))) as connection:
            ((found[part.number],),) = connection.execute("SELECT count(*) FROM events")
    return found


def test_a_day_has_as_many_files_as_it_fills(store: SqliteEventStore, tmp_path: Path) -> None:
    for first in (1, 4, 7):
        store.write([event(n) for n in range(first, first + 3)])
    assert stored_parts(tmp_path) == [Part(TODAY, n) for n in (1, 2, 3)]
    assert rows(tmp_path) == {1: 3, 2: 3, 3: 3}
    assert everything(store) == [("raw-1", n) for n in range(9, 0, -1)]


def test_batches_find_their_files_again(store: SqliteEventStore, tmp_path: Path) -> None:
    batches = [
        [event(n, MIDNIGHT, stream=stream) for n in range(first, first + 5)]
        for first in range(1, 41, 5)
        for stream in ("raw-1", "raw-2")
    ]
    for batch in batches:
        store.write(batch)
    expected = everything(store)
    assert expected == [(stream, n) for stream in ("raw-2", "raw-1") for n in range(40, 0, -1)]
    Random(7).shuffle(batches)
    for batch in batches:
        store.write(batch)
    assert everything(store) == expected
    assert sum(rows(tmp_path).values()) == 80


def test_a_batch_is_found_again_after_a_start(tmp_path: Path) -> None:
    batches = [[event(n) for n in range(first, first + 10)] for first in (1, 11, 21, 31)]
    for batch in [*batches, *batches, *reversed(batches)]:
        with closing(SqliteEventStore.open(tmp_path, part_bytes_max=1)) as store:
            store.write(batch)
    assert sum(rows(tmp_path).values()) == 40
    with closing(SqliteEventStore.open(tmp_path)) as store:
        store.write([event(n) for n in range(5, 51)])  # over all files and beyond
        assert everything(store) == [("raw-1", n) for n in range(50, 0, -1)]
        found = store.since(Position("raw-1", 8), 25)
        assert [event.position.sequence for event in found] == list(range(9, 34))


def test_what_a_deleted_file_had_comes_back_once(store: SqliteEventStore, tmp_path: Path) -> None:
    batches = [[event(n) for n in range(first, first + 10)] for first in (1, 11, 21)]
    for batch in batches:
        store.write(batch)
    store.retain(Now(MIDNIGHT, 0), bytes_max=0)
    assert stored_parts(tmp_path) == [Part(TODAY, 3)]
    for batch in batches * 2:
        store.write(batch)
    assert everything(store) == [("raw-1", n) for n in range(30, 0, -1)]
    assert rows(tmp_path)[3] == 30, "and in the oldest that is left"


def test_a_broken_file_in_the_middle_begins_where_the_one_before_it_ends(
    store: SqliteEventStore, tmp_path: Path
) -> None:
    batches = [[event(n) for n in range(first, first + 10)] for first in (1, 11, 21)]
    for batch in batches:
        store.write(batch)
    store.close()
    part_path(tmp_path, Part(TODAY, 2)).write_bytes(b"this is no database" * 400)
    for _ in range(2):
        with closing(SqliteEventStore.open(tmp_path)) as store:
            for batch in batches:
                store.write(batch)
            assert everything(store) == [("raw-1", n) for n in range(30, 0, -1)]
    assert rows(tmp_path) == {1: 10, 2: 10, 3: 10}
    assert (tmp_path / "events-2026-11-21.2.broken-1.sqlite").exists()


def test_a_file_that_was_just_being_begun_begins_at_the_same_place(tmp_path: Path) -> None:
    with closing(SqliteEventStore.open(tmp_path)) as store:
        store.write([event(n) for n in range(1, 11)])
    part_path(tmp_path, Part(TODAY, 2)).touch()  # and then the power went
    for _ in range(2):
        with closing(SqliteEventStore.open(tmp_path)) as store:
            store.write([event(n) for n in range(6, 16)])
    assert rows(tmp_path) == {1: 10, 2: 5}


@pytest.mark.parametrize(
    ("bytes_max", "full"),
    [
        (0, PART_BYTES_MIN),
        (8 << 30, 1 << 30),
        (16 << 30, 2 << 30),
        (20 << 30, 2 << 30),
        (128 << 30, 2 << 30),
        (1 << 40, 16 << 30),
    ],
)
def test_files_are_neither_too_few_nor_too_many(tmp_path: Path, bytes_max: int, full: int) -> None:
    writers = PartWriters(tmp_path, PART_BYTES_MAX, lambda *_: None, lambda _: None)
    assert writers.full_bytes == PART_BYTES_MAX
    writers.fit_into(bytes_max)
    assert writers.full_bytes == full
