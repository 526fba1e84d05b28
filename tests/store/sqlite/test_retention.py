"""What is old or too much goes, a day at a time."""

from collections.abc import Iterator
from contextlib import closing
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
HOUR_NS = 3_600 * NS_PER_S
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


def hours(count: int, of: int = MIDNIGHT) -> Now:
    """So many hours after midnight; the clock that is never set runs along, from somewhere."""
    return Now(of + count * HOUR_NS, 77 * DAY_NS + count * HOUR_NS)


def test_days_are_retained_whole_and_go_when_they_have_been_too_old_for_an_hour(
    store: SqliteEventStore, tmp_path: Path
) -> None:
    assert store.retain(hours(0), days=2) == []
    late = hours(1)
    just_before = Now(late.wall_ns, late.elapsed_ns - 1)
    assert store.retain(just_before, days=2) == []
    assert store.retain(late, days=2) == ["events-2026-11-17.sqlite", "events-2026-11-18.sqlite"]
    assert left(store) == [5, 4, 3]
    assert store.retain(hours(9), days=2) == []
    assert stored_parts(tmp_path) == [Part(TODAY + n) for n in (-2, -1, 0)]
    assert store.retain(hours(24), days=2) == []
    assert store.retain(hours(25), days=2) == ["events-2026-11-19.sqlite"]


def test_a_clock_that_is_wrong_for_some_minutes_deletes_nothing(store: SqliteEventStore) -> None:
    """However often: each time the hour begins anew."""
    for hour in range(3):
        wrong = hours(hour, of=MIDNIGHT + 40 * DAY_NS)
        assert store.retain(wrong) == []
        later = Now(wrong.wall_ns, wrong.elapsed_ns + HOUR_NS - 1)
        assert store.retain(later) == []
        assert store.retain(Now(MIDNIGHT, later.elapsed_ns)) == []
    assert left(store) == [5, 4, 3, 2, 1]


def test_what_was_stored_by_a_wrong_clock_is_not_alone(store: SqliteEventStore) -> None:
    """It is the newest then, which stays; the others wait for their hour."""
    store.write([event(6, MIDNIGHT + 40 * DAY_NS)])
    store.retain(hours(0, of=MIDNIGHT + 40 * DAY_NS))
    assert store.retain(hours(2)) == []
    assert left(store) == [6, 5, 4, 3, 2, 1]


def test_the_newest_day_of_a_network_that_is_silent_stays(tmp_path: Path) -> None:
    """All of its files: which of them are enough is not for the age to say."""
    with closing(SqliteEventStore.open(tmp_path, part_bytes_max=1)) as store:
        for n, day in ((1, 0), (2, 1), (3, 1)):
            store.write([event(n, MIDNIGHT + day * DAY_NS)])
        for hour in range(3):
            store.retain(hours(hour, of=MIDNIGHT + 400 * DAY_NS))
        assert left(store) == [3, 2]


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
    store.retain(hours(0), days=2)
    gone = store.retain(hours(1), days=2)
    assert gone == ["events-2026-11-17.sqlite", "events-2026-11-18.sqlite"]
    assert store.broken == {}
    assert not list(tmp_path.glob("*broken*"))


def test_a_deleted_day_may_come_back(store: SqliteEventStore) -> None:
    store.retain(NOON, bytes_max=0)
    store.write([event(6, MIDNIGHT - DAY_NS + NS_PER_S)])
    assert left(store) == [5, 6]
