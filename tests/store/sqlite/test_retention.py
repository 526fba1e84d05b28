"""What is old or too much goes, a day at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NEVER, NS_PER_S, Now
from trapgate.model.query import Everything
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.folder import (
    DAY_NS,
    Part,
    part_bytes,
    part_path,
    set_aside,
    stored_parts,
)

TODAY = MIDNIGHT // DAY_NS
NOON = Now(MIDNIGHT + DAY_NS // 2, 0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEventStore]:
    """Five days with an event each, the last is today."""
    store = SqliteEventStore.open(tmp_path)
    store.write([event(n, MIDNIGHT + (n - 5) * DAY_NS) for n in range(1, 6)])
    yield store
    store.close()


def left(store: SqliteEventStore) -> list[int]:
    found = store.search(Everything(), start=0, end=NEVER, limit=99)
    return [event.position.sequence for event in found]


@pytest.mark.parametrize(
    ("before", "expected"),
    [(MIDNIGHT, [5]), (MIDNIGHT - 1, [5, 4]), (MIDNIGHT + DAY_NS, []), (0, [5, 4, 3, 2, 1])],
)
def test_a_day_expires_when_it_has_ended(
    store: SqliteEventStore, before: int, expected: list[int]
) -> None:
    deleted = store.expire(before)
    assert left(store) == expected
    assert len(deleted) == 5 - len(expected)


def test_days_are_retained_whole(store: SqliteEventStore, tmp_path: Path) -> None:
    assert store.retain(NOON, days=2) == ["events-2026-11-17.sqlite", "events-2026-11-18.sqlite"]
    assert left(store) == [5, 4, 3]
    assert store.retain(NOON, days=2) == []
    assert stored_parts(tmp_path) == [Part(TODAY + n) for n in (-2, -1, 0)]


def test_the_oldest_days_give_way_to_the_size(store: SqliteEventStore, tmp_path: Path) -> None:
    sizes = [part_bytes(tmp_path, Part(TODAY + offset)) for offset in (-2, -1, 0)]
    assert len(store.retain(NOON, bytes_max=sum(sizes))) == 2
    assert left(store) == [5, 4, 3]
    assert store.retain(NOON, bytes_max=0) == [
        "events-2026-11-19.sqlite",
        "events-2026-11-20.sqlite",
    ]
    assert left(store) == [5]


def test_a_newest_day_above_the_bound_stays_and_is_told(
    store: SqliteEventStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = part_bytes(tmp_path, Part(TODAY))
    store.retain(NOON, bytes_max=size)
    assert store.oversize is None
    for _ in range(2):
        store.retain(NOON, bytes_max=size - 1)
        assert store.oversize == "events-2026-11-21.sqlite"
    assert left(store) == [5]
    assert "".join(capsys.readouterr()).count("store.oversize") == 1
    store.retain(NOON, bytes_max=size)
    assert store.oversize is None


def test_a_broken_day_is_deleted_like_any_other(store: SqliteEventStore, tmp_path: Path) -> None:
    for offset in (-4, -3):
        part_path(tmp_path, Part(TODAY + offset)).write_bytes(b"this is no database" * 400)
    set_aside(tmp_path, Part(TODAY - 4))
    assert left(store) == [5, 4, 3]
    assert part_bytes(tmp_path, Part(TODAY - 4)) > 0
    assert store.retain(NOON, days=2) == ["events-2026-11-17.sqlite", "events-2026-11-18.sqlite"]
    assert store.broken == {}
    assert not list(tmp_path.glob("*broken*"))


def test_an_expired_day_may_come_back(store: SqliteEventStore) -> None:
    store.expire(NEVER)
    store.write([event(6, MIDNIGHT + 6 * NS_PER_S)])
    assert left(store) == [6]
