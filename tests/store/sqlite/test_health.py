"""Files that are damaged or gone: an alarm, a gauge, a counter."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from store.events import MIDNIGHT, event
from trapgate.model import NEVER, NS_PER_S, Now
from trapgate.model.query import Everything
from trapgate.observe import Metrics, sounding
from trapgate.store import Indexer, SqliteEventStore
from trapgate.store.sqlite.damage import mark_path
from trapgate.store.sqlite.folder import DAY_NS, Part, part_path, set_aside, stored_parts

TODAY = MIDNIGHT // DAY_NS
NOON = Now(MIDNIGHT + DAY_NS // 2, 0)
NO_DATABASE = b"this is no database" * 4_000


class Site:
    """A store that tells; three days with some events each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metrics = Metrics()
        self.store = SqliteEventStore.open(folder, metrics=self.metrics)

    def value(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(name)

    def again(self) -> None:
        self.store.close()
        self.metrics = Metrics()
        self.store = SqliteEventStore.open(self.folder, metrics=self.metrics)

    def told(self) -> tuple[float | None, str]:
        """The gauge, and the alarm's reason."""
        alarms = [
            each.reason for each in sounding(self.metrics, ()) if each.name == "store.damaged"
        ]
        return self.value("trapgate_store_damaged_files"), "".join(alarms)

    def sequences(self) -> list[int]:
        found = self.store.search(Everything(), start=0, end=NEVER, limit=999_999)
        return [each.position.sequence for each in found]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.store.write([event(n, MIDNIGHT + (n % 3 - 2) * DAY_NS) for n in range(1, 1_000)])
    yield site
    site.store.close()


def page_of_events(path: Path) -> None:
    """Damage behind the header, where the rows are."""
    with closing(sqlite3.connect(path)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek((page - 1) * 16_384)
        file.write(b"\xff" * 16_384)


def test_a_whole_store_has_no_alarm(site: Site) -> None:
    site.store.retain(NOON)
    assert site.told() == (0, "")
    assert site.value("trapgate_store_files_gone_total") == 0


def test_a_header_is_damaged_while_it_runs_and_before_it_starts(site: Site) -> None:
    old = part_path(site.folder, Part(TODAY - 2))
    whole = old.read_bytes()
    site.again()
    old.write_bytes(NO_DATABASE)
    with capture_logs() as logs:
        for _ in range(2):
            site.store.retain(NOON)
    expected = (1.0, "events-2026-11-19.sqlite (file is not a database)")
    assert site.told() == expected
    assert [log["event"] for log in logs] == ["store.broken", "store.damaged"]
    site.again()
    assert site.told() == expected
    # a repaired one in its place
    other = site.folder / "repaired"
    other.write_bytes(whole)
    other.rename(old)
    site.store.retain(NOON)
    assert site.told() == (0, "")
    assert not mark_path(old).exists()


def test_a_file_that_was_cut_short_is_damaged(site: Site) -> None:
    site.store.close()
    old = part_path(site.folder, Part(TODAY - 1))
    old.write_bytes(old.read_bytes()[: old.stat().st_size // 2])
    site.again()
    assert site.told() == (1, "events-2026-11-20.sqlite (database disk image is malformed)")


@pytest.mark.parametrize("finder", ["search", "indexer"])
def test_damage_that_others_meet_is_told_by_the_writer(site: Site, finder: str) -> None:
    """They are processes of their own; and it is known after a restart, too."""
    site.again()
    page_of_events(part_path(site.folder, Part(TODAY - 2)))
    site.store.retain(NOON)
    assert site.told() == (0, ""), "the header is whole"
    if finder == "search":
        reader = SqliteEventStore.open(site.folder, read_only=True)
        reader.search(Everything(), start=0, end=NEVER, limit=10_000)
        assert list(reader.broken) == ["events-2026-11-19.sqlite"]
    else:
        with closing(Indexer(site.folder)) as indexer:
            list(indexer.round())
    expected = (1.0, "events-2026-11-19.sqlite (database disk image is malformed)")
    site.store.retain(NOON)
    assert site.told() == expected
    site.again()
    assert site.told() == expected
    for path in site.folder.glob("events-2026-11-19.sqlite*"):
        path.unlink()
    site.store.retain(NOON)
    assert site.told() == (0, "")


def test_files_that_are_set_aside_are_told_of_until_they_are_gone(site: Site) -> None:
    for _ in range(2):
        site.again()
        part_path(site.folder, Part(TODAY)).write_bytes(NO_DATABASE)
        site.again()
        assert site.told()[0] == 1 + len(list(site.folder.glob("*.broken-*.sqlite")))
        site.store.write([event(2_000)])
    site.store.retain(NOON)
    first, second = "events-2026-11-21.broken-1.sqlite", "events-2026-11-21.broken-2.sqlite"
    assert site.told() == (2, f"{first} (set aside), {second} (set aside)")
    for name in (first, second):
        (site.folder / name).unlink()
    site.store.retain(NOON)
    assert site.told() == (0, "")


def test_many_damaged_files_are_counted(site: Site) -> None:
    site.store.close()
    for _ in range(4):
        part_path(site.folder, Part(TODAY)).write_bytes(NO_DATABASE)
        set_aside(site.folder, Part(TODAY))
    site.again()
    count, reason = site.told()
    assert count == 4
    assert reason.endswith("events-2026-11-21.broken-3.sqlite (set aside) and 1 more")


def test_the_marks_go_with_their_part(site: Site) -> None:
    part_path(site.folder, Part(TODAY - 2)).write_bytes(NO_DATABASE)
    site.again()
    assert list(site.folder.glob("*.damaged"))
    site.store.retain(NOON, bytes_max=0)
    site.store.retain(NOON)
    assert not list(site.folder.glob("*.damaged"))
    assert site.told() == (0, "")


def test_an_older_file_is_no_damage(site: Site) -> None:
    site.store.close()
    with closing(sqlite3.connect(part_path(site.folder, Part(TODAY - 2)))) as connection:
        connection.execute("PRAGMA user_version = 1")
    site.again()
    assert list(site.folder.glob("*.older-1.sqlite"))
    assert site.told() == (0, "")


def test_a_newer_file_that_appears_stops_nothing(site: Site) -> None:
    site.again()
    with closing(sqlite3.connect(part_path(site.folder, Part(TODAY - 2)))) as connection:
        connection.execute("PRAGMA user_version = 99")
    site.store.retain(NOON)
    assert site.told() == (0, "")
    part_path(site.folder, Part(TODAY - 2)).unlink()


@pytest.mark.parametrize("journal_too", [False, True])
def test_a_file_that_is_deleted_while_it_is_written_is_begun_anew(
    site: Site, journal_too: bool
) -> None:
    site.store.write([event(n) for n in range(1_000, 1_010)])
    for path in site.folder.glob("events-2026-11-21.sqlite*"):
        if journal_too or path.suffix == ".sqlite":
            path.unlink()
    left = [n for n in range(999, 0, -1) if n % 3 != 2]
    with capture_logs() as logs:
        site.store.write([event(2_000)])
    assert sorted(site.sequences()) == sorted([2_000, *left])
    assert [(log["event"], log["log_level"], log["file"]) for log in logs] == [
        ("store.file-gone", "error", "events-2026-11-21.sqlite")
    ]
    assert site.value("trapgate_store_files_gone_total") == 1
    site.store.write([event(2_001)])
    site.again()
    assert site.sequences()[:2] == [2_001, 2_000]
    assert site.told() == (0, "")


def test_a_file_that_is_deleted_is_noticed_without_a_batch(site: Site) -> None:
    part_path(site.folder, Part(TODAY)).unlink()
    with capture_logs() as logs:
        for _ in range(2):
            site.store.retain(NOON)
    assert [log["event"] for log in logs] == ["store.file-gone"]


def test_another_file_in_its_place_does_not_meet_the_old_journal(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    with closing(SqliteEventStore.open(other)) as copy:
        copy.write([event(n, stream="raw-2") for n in (1, 2)])
    path = part_path(site.folder, Part(TODAY))
    part_path(other, Part(TODAY)).replace(path)
    site.store.write([event(5_000)])
    today = site.store.search(Everything(), start=MIDNIGHT, end=NEVER, limit=999)
    assert {(e.position.stream, e.position.sequence) for e in today} == {
        ("raw-1", 5_000),
        ("raw-2", 1),
        ("raw-2", 2),
    }
    assert site.value("trapgate_store_files_gone_total") == 1


def test_the_second_file_of_a_day_is_gone(tmp_path: Path) -> None:
    with closing(SqliteEventStore.open(tmp_path, part_bytes_max=1)) as store:
        for first in (1, 11, 21):
            store.write([event(n) for n in range(first, first + 10)])
        for path in tmp_path.glob("events-2026-11-21.3.sqlite*"):
            path.unlink()
        store.write([event(n) for n in range(31, 41)])
        found = store.search(Everything(), start=0, end=NEVER, limit=99)
        assert [e.position.sequence for e in found] == [*range(40, 30, -1), *range(20, 0, -1)]
        assert stored_parts(tmp_path) == [Part(TODAY, n) for n in (1, 2, 3)]


def test_what_is_deleted_says_why_and_of_when(site: Site) -> None:
    hour = 3_600 * NS_PER_S
    site.again()
    late = Now(MIDNIGHT + 31 * DAY_NS - 2 * DAY_NS, 0)
    with capture_logs() as logs:
        site.store.retain(late, days=30)
        site.store.retain(Now(late.wall_ns, hour), days=30)
        site.store.retain(NOON, bytes_max=1)
    deleted = [log for log in logs if log["event"] == "store.deleted"]
    assert [(log["file"], log["reason"]) for log in deleted] == [
        ("events-2026-11-19.sqlite", "age"),
        ("events-2026-11-20.sqlite", "size"),
    ]
    assert deleted[0]["retention_days"] == 30
    assert deleted[1]["size_max"] == 1
    assert deleted[1]["bytes"] > 1
    assert deleted[0]["start"] == "2026-11-19T00:00:00.000Z"
    assert deleted[0]["end"] == "2026-11-19T00:00:10.000Z"


def test_of_a_file_that_cannot_be_read_it_says_the_day(site: Site) -> None:
    part_path(site.folder, Part(TODAY - 2)).write_bytes(NO_DATABASE)
    site.again()
    with capture_logs() as logs:
        site.store.retain(NOON, bytes_max=0)
    found = next(log for log in logs if log.get("file") == "events-2026-11-19.sqlite")
    assert (found["start"], found["end"]) == (
        "2026-11-19T00:00:00.000Z",
        "2026-11-20T00:00:00.000Z",
    )
