"""What can go wrong in a state store, for its callers to tell apart."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StateUnavailable(Exception):
    """The store cannot be read or written now; `reason` has the words of who said so.

    After a `commit`, `uncertain` tells whether its units may have been applied nevertheless (an
    answer was lost on the way): who asked must `load` again before it trusts its memory. Where it
    is not set, nothing was applied.
    """

    def __init__(self, reason: str, *, uncertain: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.uncertain = uncertain


class StateLocked(Exception):
    """Another process has this state open: there is one opener."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: another process has this state open")
        self.path = path


class NewerSchema(Exception):
    """A file was written by a newer trapgate and is left as it is."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path}: its schema version is {found}, this trapgate knows {known}: "
            "run the newer version again or move the file away"
        )
        self.path = path
        self.found = found
        self.known = known


@contextmanager
def unavailable() -> Iterator[None]:
    """Report the errors of SQLite and of the file system as `StateUnavailable`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StateUnavailable(str(error)) from error
