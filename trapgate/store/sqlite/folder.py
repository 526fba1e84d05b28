"""Which files are in a store's folder: the parts of each UTC day of `received_at`.

A day is one file or several, `events-2026-11-21.sqlite`, `events-2026-11-21.2.sqlite`: a new one
is begun when the last is full. Events go when a part is deleted: that costs nothing, however many
they are. The index of a part's words is a file beside it.
"""

import re
from collections.abc import Container
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from trapgate.model import BUCKET_S, NS_PER_S
from trapgate.store.sqlite.damage import mark_path
from trapgate.store.sqlite.words import discard, words_path

DAY_NS = 86_400 * NS_PER_S
BUCKET_NS = BUCKET_S * NS_PER_S
"""An event id's time prefix counts these; a day is a whole number of them."""

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_PART = r"events-(\d{4}-\d{2}-\d{2})(?:\.([2-9]|[1-9]\d{1,5}))?"
_NAME = re.compile(rf"{_PART}\.sqlite")
_HELD_NAME = re.compile(rf"{_PART}(?:\.(?:broken|older)-\d)?\.sqlite")
_BROKEN_NAME = re.compile(rf"{_PART}\.broken-\d\.sqlite")
_ANY_NAME = re.compile(
    rf"{_PART}(?:\.damaged|\.words\.broken|(?:\.(?:broken|older)-\d|\.words)?\.sqlite(?:-wal|-shm)?)"
)
_SUFFIXES = ("", "-wal", "-shm")
"""The database comes first: without it a reader finds no part, whatever else is left."""

ASIDE_MAX = 9
"""Files of one part that are set aside for one reason: a disk that breaks every new one must not be
filled."""

Aside = Literal["broken", "older"]
"""Why a file is set aside: it is damaged, or an older trapgate wrote it."""


class Part(NamedTuple):
    """One file of a day: days since the Unix epoch, and its number in the day, from 1."""

    day: int
    number: int = 1


def part_path(folder: Path, part: Part) -> Path:
    """The file of a part."""
    day = date.fromordinal(_EPOCH_ORDINAL + part.day).isoformat()
    number = "" if part.number == 1 else f".{part.number}"
    return folder / f"events-{day}{number}.sqlite"


def stored_parts(folder: Path) -> list[Part]:
    """The parts that have a file, oldest first; other files and a missing folder are none."""
    return sorted(_parts_named(folder, _NAME))


def held_parts(folder: Path) -> list[Part]:
    """The parts that take room, oldest first: also those of which all is set aside."""
    return sorted(_parts_named(folder, _HELD_NAME))


def damaged_files(folder: Path, known: Container[str], start: int, end: int) -> list[str]:
    """The names of the files whose events of [start, end) cannot all be read: those that were set
    aside, and those that are `known` to be broken by their names."""
    names = []
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _HELD_NAME.fullmatch(path.name)
        if match is not None and (path.name in known or not _NAME.fullmatch(path.name)):
            try:
                begins = (date.fromisoformat(match[1]).toordinal() - _EPOCH_ORDINAL) * DAY_NS
            except ValueError:
                continue
            if start < begins + DAY_NS and begins < end:
                names.append(path.name)
    return sorted(names)


def broken_files(folder: Path) -> list[Path]:
    """The files that were set aside as broken, by name."""
    paths = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in paths if _BROKEN_NAME.fullmatch(path.name))


def delete_part(folder: Path, part: Part) -> None:
    """Delete a part's files, its words and those set aside too; who reads them keeps what was
    opened. None there: nothing happens."""
    for path in files_of(folder, part):
        path.unlink(missing_ok=True)
    discard(part_path(folder, part))
    mark_path(part_path(folder, part)).unlink(missing_ok=True)


def set_aside(folder: Path, part: Part, why: Aside = "broken") -> Path:
    """Rename a part's file to `events-DAY.broken-N.sqlite` (or `.older-N`), its journal with it,
    which may hold most of its events, for a new one to take its place; returns where it is now. Its
    words go: the new one's will be others. Raises `OSError`, also if `ASIDE_MAX` files are there
    already."""
    path = part_path(folder, part)
    for target in _aside_paths(path, why):
        if not any(each.exists() for each in _with_journals(target)):
            discard(path)
            mark_path(path).unlink(missing_ok=True)
            # the database goes first: without it nobody reads the part as if it were whole, and
            # what is left of it says what has been begun
            path.rename(target)
            _take_journal(path, target)
            return target
    raise FileExistsError(f"{path}: {why} again, and {ASIDE_MAX} such files are set aside")


def finish_aside(folder: Path, part: Part) -> Path | None:
    """Finish a `set_aside` that a crash has cut short, so that the journal is with its database and
    a new one does not meet it; returns where they are, `None` if there was nothing to finish. To be
    called before anybody makes the part anew. Raises `OSError`."""
    path = part_path(folder, part)
    if path.exists() or not _journal(path).exists():
        return None
    held = [*_aside_paths(path, "broken"), *_aside_paths(path, "older")]
    bare = [each for each in held if each.exists() and not _journal(each).exists()]
    if not bare:
        return None
    target = max(bare, key=_renamed_at)  # the others had no journal when they were set aside
    _take_journal(path, target)
    return target


def _take_journal(path: Path, target: Path) -> None:
    if _journal(path).exists():
        _journal(path).rename(_journal(target))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)  # made again from the journal


def _renamed_at(path: Path) -> int:
    return path.stat().st_ctime_ns


def delete_orphans(folder: Path) -> None:
    """Delete what was left by who opened a part while it was deleted: a journal or words without
    their database."""
    for part in _parts_named(folder, _ANY_NAME) - _parts_named(folder, _HELD_NAME):
        delete_part(folder, part)


def part_bytes(folder: Path, part: Part) -> int:
    """What a part takes on disk, with words, journals and what is set aside; 0 if it is gone."""
    total = 0
    words = words_path(part_path(folder, part))
    for path in (*files_of(folder, part), *_with_journals(words)):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _with_journals(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in _SUFFIXES]


def _aside_paths(path: Path, why: Aside) -> list[Path]:
    return [path.with_suffix(f".{why}-{number}.sqlite") for number in range(1, ASIDE_MAX + 1)]


def files_of(folder: Path, part: Part) -> list[Path]:
    """Every file that a part may have, but for its words."""
    path = part_path(folder, part)
    bases = (path, *_aside_paths(path, "broken"), *_aside_paths(path, "older"))
    return [each for base in bases for each in _with_journals(base)]


def _parts_named(folder: Path, pattern: re.Pattern[str]) -> set[Part]:
    parts = set()
    for path in folder.iterdir() if folder.is_dir() else ():
        match = pattern.fullmatch(path.name)
        if match is not None:
            try:
                day = date.fromisoformat(match[1]).toordinal() - _EPOCH_ORDINAL
            except ValueError:
                continue  # events-2026-13-45.sqlite is not ours
            parts.add(Part(day, int(match[2] or 1)))
    return parts
