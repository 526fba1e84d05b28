"""One file per UTC day."""

from pathlib import Path

import pytest

from store.events import MIDNIGHT
from trapgate.store.sqlite.folder import (
    BUCKET_NS,
    DAY_NS,
    day_bytes,
    day_path,
    delete_day,
    delete_orphans,
    stored_days,
)

TODAY = MIDNIGHT // DAY_NS


def test_a_day_is_named_by_its_date(tmp_path: Path) -> None:
    assert day_path(tmp_path, TODAY).name == "events-2026-11-21.sqlite"
    assert day_path(tmp_path, 0).name == "events-1970-01-01.sqlite"


def test_a_bucket_lies_in_one_day() -> None:
    assert DAY_NS % BUCKET_NS == 0


def test_days_are_found_in_order_and_other_files_are_not(tmp_path: Path) -> None:
    for day in (TODAY, TODAY - 40, TODAY + 1):
        day_path(tmp_path, day).touch()
    for name in ("events-2026-13-45.sqlite", "events-2026-11-20.sqlite-wal", "events.lock"):
        (tmp_path / name).touch()
    assert stored_days(tmp_path) == [TODAY - 40, TODAY, TODAY + 1]


def test_a_missing_folder_has_no_days(tmp_path: Path) -> None:
    assert stored_days(tmp_path / "none") == []


def test_a_day_goes_with_its_journal(tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path = day_path(tmp_path, TODAY)
        path.with_name(path.name + suffix).write_bytes(b"1234")
    assert day_bytes(tmp_path, TODAY) == 12
    delete_day(tmp_path, TODAY)
    assert list(tmp_path.iterdir()) == []
    delete_day(tmp_path, TODAY)
    assert day_bytes(tmp_path, TODAY) == 0


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_journal_without_its_day_goes(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"events-2026-11-20.sqlite{suffix}").touch()
    kept = tmp_path / "events-2026-11-21.sqlite"
    kept.touch()
    kept.with_name(kept.name + suffix).touch()
    delete_orphans(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [kept.name, kept.name + suffix]
