"""One file or several for each UTC day."""

import errno
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import Event
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.folder import (
    BUCKET_NS,
    DAY_NS,
    Part,
    delete_orphans,
    delete_part,
    finish_aside,
    held_parts,
    part_bytes,
    part_path,
    set_aside,
    stored_parts,
)
from trapgate.store.sqlite.schema import SEQUENCE_MAX
from trapgate.store.sqlite.words import complaint_path, words_path
from trapgate.store.sqlite.writers import PartWriters

TODAY = MIDNIGHT // DAY_NS


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_part_is_named_by_its_date_and_number(tmp_path: Path) -> None:
    assert part_path(tmp_path, Part(TODAY)).name == "events-2026-11-21.sqlite"
    assert part_path(tmp_path, Part(TODAY, 2)).name == "events-2026-11-21.2.sqlite"
    assert part_path(tmp_path, Part(0, 12)).name == "events-1970-01-01.12.sqlite"


def test_a_bucket_lies_in_one_day() -> None:
    assert DAY_NS % BUCKET_NS == 0


def test_parts_are_found_in_order_and_other_files_are_not(tmp_path: Path) -> None:
    parts = [Part(TODAY - 40), Part(TODAY), Part(TODAY, 2), Part(TODAY, 10), Part(TODAY + 1)]
    for part in parts:
        part_path(tmp_path, part).touch()
        words_path(part_path(tmp_path, part)).touch()
    for name in (
        "events-2026-13-45.sqlite",
        "events-2026-11-20.sqlite-wal",
        "events-2026-11-20.1.sqlite",
        "events-2026-11-20.02.sqlite",
        "events-2026-11-20.broken-1.sqlite",
        "events.lock",
    ):
        (tmp_path / name).touch()
    assert stored_parts(tmp_path) == parts
    assert held_parts(tmp_path) == sorted([*parts, Part(TODAY - 1)])


def test_a_missing_folder_has_no_parts(tmp_path: Path) -> None:
    assert stored_parts(tmp_path / "none") == []


def test_a_part_goes_with_its_journal_and_its_words(tmp_path: Path) -> None:
    path, other = part_path(tmp_path, Part(TODAY, 2)), part_path(tmp_path, Part(TODAY))
    for base in (path, words_path(path), path.with_suffix(".broken-3.sqlite")):
        for suffix in ("", "-wal", "-shm"):
            base.with_name(base.name + suffix).write_bytes(b"1234")
    complaint_path(path).touch()
    other.touch()
    assert part_bytes(tmp_path, Part(TODAY, 2)) == 36
    assert part_bytes(tmp_path, Part(TODAY)) == 0
    delete_part(tmp_path, Part(TODAY, 2))
    assert names(tmp_path) == [other.name]
    delete_part(tmp_path, Part(TODAY, 2))
    assert part_bytes(tmp_path, Part(TODAY, 2)) == 0


def test_a_part_is_set_aside_without_its_words(tmp_path: Path) -> None:
    path = part_path(tmp_path, Part(TODAY, 2))
    for base in (path, words_path(path)):
        base.write_text(base.name)
        base.with_name(f"{base.name}-wal").touch()
    aside = set_aside(tmp_path, Part(TODAY, 2))
    assert names(tmp_path) == [aside.name, f"{aside.name}-wal"]
    assert aside.name == "events-2026-11-21.2.broken-1.sqlite"
    assert aside.read_text() == path.name


class Killed(BaseException):
    """The end of the process."""


@pytest.mark.parametrize("renamed", [0, 1, 2])
def test_a_crash_while_a_part_is_set_aside_parts_no_journal_from_its_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    """Whatever came to be renamed: all of the old part is in one place, most of it in its journal,
    and nothing of it is in the new one."""
    killed_while_writing(tmp_path, [event(n) for n in range(1, 6)])
    rename = Path.rename
    left = iter(range(renamed))

    def renames_a_few(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise Killed
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", renames_a_few)
        with suppress(Killed):
            set_aside(tmp_path, Part(TODAY))
    with closing(SqliteEventStore.open(tmp_path)) as store:
        assert len(list(tmp_path.glob("*-wal"))) == 1
        assert bool(list(tmp_path.glob("*.broken-1.sqlite-wal"))) == (renamed > 0)
        store.write([event(9)])
    live = sequences(part_path(tmp_path, Part(TODAY)))
    if renamed == 0:
        assert live == [1, 2, 3, 4, 5, 9]
    else:
        assert live == [9]
        assert sequences(tmp_path / "events-2026-11-21.broken-1.sqlite") == [1, 2, 3, 4, 5]


def test_a_disk_that_refuses_the_second_rename_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal follows before the same process makes the part anew."""
    killed_while_writing(tmp_path, [event(1)])
    rename = Path.rename
    left = iter([True, False, True])

    def renames_later(path: Path, target: Path) -> Path:
        if not next(left):
            raise OSError(errno.EIO, "refused")
        return rename(path, target)

    told: list[str] = []
    writers = PartWriters(
        tmp_path, 1 << 30, lambda path, aside, error: told.append(aside.name), lambda _: None
    )
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", renames_later)
        with pytest.raises(OSError, match="refused"):
            writers.set_aside(Part(TODAY), ValueError("broken"))
        writers.write([event(9)])
    writers.close()
    assert told == ["events-2026-11-21.broken-1.sqlite"]
    assert sequences(tmp_path / told[0]) == [1]
    assert sequences(part_path(tmp_path, Part(TODAY))) == [9]


def test_only_the_file_that_was_renamed_last_gets_the_journal(tmp_path: Path) -> None:
    """Those that were set aside before were closed well."""
    path = part_path(tmp_path, Part(TODAY))
    for name in ("first", "second"):
        path.write_text(name)
        set_aside(tmp_path, Part(TODAY), "older" if name == "first" else "broken")
    path.with_name(f"{path.name}-wal").write_text("of the second")
    aside = tmp_path / "events-2026-11-21.broken-1.sqlite"
    assert finish_aside(tmp_path, Part(TODAY)) == aside
    assert aside.with_name(f"{aside.name}-wal").read_text() == "of the second"
    assert finish_aside(tmp_path, Part(TODAY)) is None


def test_a_part_that_is_there_has_its_own_journal(tmp_path: Path) -> None:
    path = part_path(tmp_path, Part(TODAY))
    path.touch()
    set_aside(tmp_path, Part(TODAY))
    path.touch()
    path.with_name(f"{path.name}-wal").touch()
    assert finish_aside(tmp_path, Part(TODAY)) is None


def killed_while_writing(folder: Path, events: Sequence[Event]) -> None:
    """The files of today as a killed process leaves them: the events are in the journal."""
    with closing(SqliteEventStore.open(folder / "killed")) as store:
        store.write(events)
        for path in (folder / "killed").glob("events-*"):
            shutil.copy(path, folder / path.name)
    shutil.rmtree(folder / "killed")


def sequences(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT seq FROM events ORDER BY seq").fetchall()
    return [seq & SEQUENCE_MAX for (seq,) in rows]


@pytest.mark.parametrize(
    "orphan",
    [
        "events-2026-11-20.sqlite-wal",
        "events-2026-11-20.sqlite-shm",
        "events-2026-11-20.3.sqlite-wal",
        "events-2026-11-20.words.sqlite",
        "events-2026-11-21.2.words.sqlite-wal",
        "events-2026-11-21.2.words.broken",
    ],
)
def test_what_is_left_without_its_part_goes(tmp_path: Path, orphan: str) -> None:
    (tmp_path / orphan).touch()
    kept = tmp_path / "events-2026-11-21.sqlite"
    for path in (kept, words_path(kept), kept.with_name(kept.name + "-wal")):
        path.touch()
    delete_orphans(tmp_path)
    assert names(tmp_path) == sorted([kept.name, words_path(kept).name, f"{kept.name}-wal"])
