"""One file or several for each UTC day."""

from pathlib import Path

import pytest

from store.events import MIDNIGHT
from trapgate.store.sqlite.folder import (
    BUCKET_NS,
    DAY_NS,
    Part,
    delete_orphans,
    delete_part,
    held_parts,
    part_bytes,
    part_path,
    set_aside,
    stored_parts,
)
from trapgate.store.sqlite.words import complaint_path, words_path

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
