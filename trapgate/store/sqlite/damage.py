"""What SQLite says of a file: damaged for good, or not to be had now; and where damage is noted.

Who meets damage in a part (a search in any process, the indexer, the writer) leaves a mark beside
it, `events-DAY.damaged`, for the one process that tells of it: damage is known after a restart,
too.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from trapgate.store.errors import OlderSchema, StoreUnavailable

_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

MARK_SUFFIX: Final = ".damaged"

REASON_CHARS_MAX: Final = 200
"""Of a reason in a mark: SQLite has a few words for it."""


def is_broken(error: Exception) -> bool:
    """Whether this says that a file's content is damaged, which no later try will mend."""
    # the low byte is the primary code; errors of the module itself have none
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, sqlite3.Error) and code in _BROKEN


def is_unusable(error: Exception) -> bool:
    """Whether a file can never be used as it is: it is damaged, or of an older trapgate."""
    return isinstance(error, OlderSchema) or is_broken(error)


@contextmanager
def unavailable() -> Iterator[None]:
    """Report the errors of SQLite, of the file system and of a broken row as
    `StoreUnavailable`."""
    try:
        yield
    except (sqlite3.Error, OSError, msgspec.DecodeError) as error:
        raise StoreUnavailable(str(error)) from error


def mark_path(part: Path) -> Path:
    """Where it is noted that damage was met in this part."""
    return part.with_suffix(MARK_SUFFIX)


def mark(part: Path, error: Exception) -> None:
    """Note that damage was met in a part, and which, if `error` says so; it is noted once. Where
    the folder cannot be written nothing is noted: who meets it next will."""
    path = mark_path(part)
    if is_broken(error) and not path.exists():
        with suppress(OSError):
            path.touch(mode=0o600)
            path.write_text(f"{part.stat().st_ino} {str(error)[:REASON_CHARS_MAX]}\n")


@contextmanager
def marking(part: Path) -> Iterator[None]:
    """Note damage of a part that is met in the block. The error goes on."""
    try:
        yield
    except sqlite3.Error as error:
        mark(part, error)
        raise


def marked(part: Path) -> str | None:
    """The damage that is noted of a part; `None` if there is none, or none of the file that has
    this name now: one that was put in its place is not judged by what was there before. A mark that
    cannot be read is one."""
    try:
        inode, _, reason = mark_path(part).read_text().strip().partition(" ")
        if inode and inode != str(part.stat().st_ino):
            return None
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        reason = ""
    return reason or "damaged"
