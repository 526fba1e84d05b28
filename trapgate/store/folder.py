"""Which files are in a store's folder: one per UTC day of `received_at`, named by the day.

A day's events go when its file is deleted: that costs nothing, however many they are.
"""

import re
from datetime import date
from pathlib import Path

from trapgate.model import BUCKET_S, NS_PER_S

DAY_NS = 86_400 * NS_PER_S
BUCKET_NS = BUCKET_S * NS_PER_S
"""An event id's time prefix counts these; a day is a whole number of them."""

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_NAME = re.compile(r"events-(\d{4}-\d{2}-\d{2})\.sqlite")
_ANY_NAME = re.compile(r"events-(\d{4}-\d{2}-\d{2})\.sqlite(-wal|-shm)?")
_SUFFIXES = ("", "-wal", "-shm")
"""The database comes first: without it a reader finds no day, whatever else is left."""


def day_path(folder: Path, day: int) -> Path:
    """The file of a day (days since the Unix epoch)."""
    return folder / f"events-{date.fromordinal(_EPOCH_ORDINAL + day).isoformat()}.sqlite"


def stored_days(folder: Path) -> list[int]:
    """The days that have a file, oldest first; other files and a missing folder are none."""
    return sorted(_days_named(folder, _NAME))


def delete_day(folder: Path, day: int) -> None:
    """Delete a day's files; who reads them keeps what was opened. None there: nothing happens."""
    path = day_path(folder, day)
    for suffix in _SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def delete_orphans(folder: Path) -> None:
    """Delete what a reader left that opened a day while it was deleted: a journal without its
    database."""
    for day in _days_named(folder, _ANY_NAME) - _days_named(folder, _NAME):
        delete_day(folder, day)


def day_bytes(folder: Path, day: int) -> int:
    """What a day takes on disk, its journal included; 0 if it is gone."""
    path = day_path(folder, day)
    total = 0
    for suffix in _SUFFIXES:
        try:
            total += path.with_name(path.name + suffix).stat().st_size
        except FileNotFoundError:
            continue
    return total


def _days_named(folder: Path, pattern: re.Pattern[str]) -> set[int]:
    days = set()
    for path in folder.iterdir() if folder.is_dir() else ():
        match = pattern.fullmatch(path.name)
        if match is not None:
            try:
                days.add(date.fromisoformat(match[1]).toordinal() - _EPOCH_ORDINAL)
            except ValueError:
                continue  # events-2026-13-45.sqlite is not ours
    return days
