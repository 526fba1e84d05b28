"""Copying a part's journal into the part, beside the writing.

SQLite's own way is that the commit which fills the journal copies it, 80 MB and two syncs: a fifth
of a second for which the thread waits that also looks for what pages. Here a thread of its own
copies, in rounds, while the next batches go to the end of the journal. The journal begins again at
its start only when all of it has been copied, and something has always been written meanwhile: so
the writer copies the small rest itself, between two batches, and begins the journal anew.

Before 3.51.3 SQLite can lose a batch (https://sqlite.org/wal.html#walresetbug): if a checkpoint
begins on one connection when all is copied, and just then another connection writes, which begins
the journal anew, the first may note what was never copied as copied. Two things keep that away.
A round begins behind a commit of which nothing can be copied yet, for there was no round while it
was made: until the round ends, nobody can begin the journal anew. And the writer copies only while
no round is going on.
"""

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

JOURNAL_PAGES: Final = 5_000
"""Pages in the journal at which a checkpoint begins, 80 MB: so that a page which several batches
have changed is copied once."""

REST_PAGES_MAX: Final = 640
"""10 MB, two large batches: what the writer copies itself takes it about as long as one of them."""

ROUNDS_MAX: Final = 4
"""Rounds of the thread in one checkpoint. Each copies what was written during the one before, and
takes a part of its time; where it does not, the disk is slower than the writing, and the writer
waits while the rest is copied, whatever it is: else the journal would grow for ever."""

RESTS_MAX: Final = 8
"""Times that the writer tries to copy the rest. A reader that looks at the journal is in the way,
mostly for a tenth of a second; if it stays, the next checkpoint begins when as much again was
written, and until then the journal grows."""

COMMIT_PAGES: Final = 8
"""Pages that a commit writes besides those that it adds to the part: the last of each table and
those above it in its tree."""


class _Copied(NamedTuple):
    """What came of copying: whether the journal begins anew, and how many pages of those that were
    in it are not copied."""

    anew: bool
    rest: int


class Checkpoints:
    """The checkpoints of one part. For the one thread that writes into it. Copying raises nothing:
    what the disk refuses here it refuses a later commit too, which says so."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        journal_pages: int = JOURNAL_PAGES,
        rest_pages_max: int = REST_PAGES_MAX,
    ) -> None:
        """`connection` is the writer's; nobody else checkpoints the part, SQLite neither."""
        self._path = path
        self._connection = connection
        self._journal_pages = journal_pages
        self._rest_pages_max = rest_pages_max
        self._part_pages = self._page_count()
        self._pages = 0  # in the journal since the last round began, about
        self._rest = 0  # of what was there before
        self._rounds = 0
        self._rests = 0
        self._thread: threading.Thread | None = None

    def wrote(self) -> None:
        """A transaction was committed that has changed something, and none is open: do the next
        step of a checkpoint if it is time."""
        before, self._part_pages = self._part_pages, self._page_count()
        self._pages += self._part_pages - before + COMMIT_PAGES
        if self._thread is not None and self._thread.is_alive():
            return
        just_ended, self._thread = self._thread is not None, None
        if not self._rounds:
            if self._pages >= self._journal_pages:
                self._begin_round()
        elif self._rest + self._pages <= self._rest_pages_max or self._rounds >= ROUNDS_MAX:
            self._copy_rest()
        elif not just_ended:  # else that round may have copied this commit, too
            self._begin_round()

    def close(self) -> None:
        """Wait for the round that is going on: its connection is closed then. Safe twice."""
        if self._thread is not None:
            self._thread.join()

    def _begin_round(self) -> None:
        self._rounds += 1
        self._pages = 0
        self._rest = self._rest_pages_max + 1  # unless the round ends well
        self._thread = threading.Thread(target=self._round, name="checkpoint", daemon=True)
        self._thread.start()

    def _round(self) -> None:
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(self._path, isolation_level=None)) as connection,
        ):
            self._rest = _checkpoint(connection, "PASSIVE").rest

    def _copy_rest(self) -> None:
        """Copy what is left and begin the journal anew, unless a reader is in the way."""
        self._rests += 1
        self._pages = 0
        anew = False
        with suppress(sqlite3.Error):
            anew, self._rest = self._restarted()
        if anew or self._rests >= RESTS_MAX:
            self._rounds = self._rests = self._rest = 0

    def _restarted(self) -> _Copied:
        ((wait_ms,),) = self._connection.execute("PRAGMA busy_timeout")
        self._connection.execute("PRAGMA busy_timeout = 0")  # readers are not waited for
        try:
            return _checkpoint(self._connection, "RESTART")
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {wait_ms}")

    def _page_count(self) -> int:
        ((pages,),) = self._connection.execute("PRAGMA page_count")
        return int(pages)


def _checkpoint(connection: sqlite3.Connection, mode: str) -> _Copied:
    ((busy, pages, copied),) = connection.execute(f"PRAGMA wal_checkpoint({mode})")
    return _Copied(not busy, pages - copied)
