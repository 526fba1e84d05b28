"""What SQLite says of a file: damaged for good, or not to be had now."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from trapgate.store.errors import OlderSchema, StoreUnavailable

_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_broken(error: sqlite3.Error) -> bool:
    """Whether this says that a file's content is damaged, which no later try will mend."""
    # the low byte is the primary code; errors of the module itself have none
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


def is_unusable(error: Exception) -> bool:
    """Whether a file can never be used as it is: it is damaged, or of an older trapgate."""
    return isinstance(error, OlderSchema) or (isinstance(error, sqlite3.Error) and is_broken(error))


@contextmanager
def unavailable() -> Iterator[None]:
    """Report the errors of SQLite, of the file system and of a broken row as
    `StoreUnavailable`."""
    try:
        yield
    except (sqlite3.Error, OSError, msgspec.DecodeError) as error:
        raise StoreUnavailable(str(error)) from error
