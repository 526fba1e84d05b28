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
_HELD_NAME = re.compile(r"events-(\d{4}-\d{2}-\d{2})(\.broken-\d+)?\.sqlite")
_ANY_NAME = re.compile(r"events-(\d{4}-\d{2}-\d{2})\.sqlite(-wal|-shm)?")
_SUFFIXES = ("", "-wal", "-shm")
"""The database comes first: without it a reader finds no day, whatever else is left."""

BROKEN_MAX = 9
"""Files of one day that are set aside: a disk that breaks every new one must not be filled."""


def day_path(folder: Path, day: int) -> Path:
    """The file of a day (days since the Unix epoch)."""
    return folder / f"events-{date.fromordinal(_EPOCH_ORDINAL + day).isoformat()}.sqlite"


def stored_days(folder: Path) -> list[int]:
    """The days that have a file, oldest first; other files and a missing folder are none."""
    return sorted(_days_named(folder, _NAME))


def held_days(folder: Path) -> list[int]:
    """The days that take room, oldest first: also those of which only a broken file is left."""
    return sorted(_days_named(folder, _HELD_NAME))


def delete_day(folder: Path, day: int) -> None:
    """Delete a day's files, the broken ones too; who reads them keeps what was opened. None there:
    nothing happens."""
    for path in _paths(folder, day):
        path.unlink(missing_ok=True)


def set_aside(folder: Path, day: int) -> Path:
    """Rename a day's broken file to `events-DAY.broken-N.sqlite`, for a new one to take its place;
    returns where it is now. Raises `OSError`, also if `BROKEN_MAX` files are there already."""
    path = day_path(folder, day)
    for target in _broken_paths(path):
        if not target.exists():
            # the journal goes first: a new database must never meet the old one's
            for suffix in reversed(_SUFFIXES):
                source = path.with_name(path.name + suffix)
                if source.exists():
                    source.rename(target.with_name(target.name + suffix))
            return target
    raise FileExistsError(f"{path}: broken again, and {BROKEN_MAX} broken files are set aside")


def delete_orphans(folder: Path) -> None:
    """Delete what a reader left that opened a day while it was deleted: a journal without its
    database."""
    for day in _days_named(folder, _ANY_NAME) - _days_named(folder, _HELD_NAME):
        delete_day(folder, day)


def day_bytes(folder: Path, day: int) -> int:
    """What a day takes on disk, with journals and broken files; 0 if it is gone."""
    total = 0
    for path in _paths(folder, day):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _broken_paths(path: Path) -> list[Path]:
    return [path.with_suffix(f".broken-{number}.sqlite") for number in range(1, BROKEN_MAX + 1)]


def _paths(folder: Path, day: int) -> list[Path]:
    """Every file that a day may have."""
    path = day_path(folder, day)
    bases = (path, *_broken_paths(path))
    return [base.with_name(base.name + suffix) for base in bases for suffix in _SUFFIXES]


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
