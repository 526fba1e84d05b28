"""The local memory of decisions: the answer to "what happened to this, and why no ticket?".

In: decisions with their instants. Out: the newest about a subject, or that refer to it. Bounded
by bytes: the oldest give way.

Explanations are written a million times and asked for once. So there is no index: a row holds a
batch of decisions, and beside them the hashes of all that they are about (`trapgate.state.batch`).
A search goes through the hashes of all rows, the newest first: for a million decisions these are
some 10 MB, read in 10 ms.
"""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice, takewhile
from pathlib import Path
from threading import Lock
from typing import Self

from trapgate.state.batch import Batch, Made, batch_of, has, hash_of, joined, newest_first
from trapgate.state.errors import StateUnavailable, unavailable
from trapgate.state.schema import connect

HISTORY_BYTES_MAX = 300_000_000
"""Above a million decisions: weeks of a quiet network, hours of a storm."""

SLICE_DECISIONS = 1_000
"""Decisions of a new row, some 200 kB: where a search finds the hash, it looks through them all."""

ROW_BYTES = 65_536
"""A row below this is small. Small rows are joined, with what comes next, as soon as they are
together as large as this, or ..."""

SMALL_ROWS_MAX = 64
"""... so many. A decision a second is so written some five times in all, and the history of a quiet
year has as many rows, and as large ones, as that of a storm."""

FORGOTTEN_ROWS_MAX = 64
"""Rows that give way to one, all small ones among them. There are more only after the bound was
lowered, and then the next appends delete so many each, in some 20 ms."""

_LAYOUTS = (
    # What versions 1 and 2 kept is given up: it explains what is over, and no release wrote it.
    (),
    (),
    (
        "DROP TABLE IF EXISTS earlier",
        "DROP TABLE IF EXISTS subjects",
        "DROP TABLE IF EXISTS decisions",
        # `upto` is how many bytes were ever written until the end of the row, so that the distance
        # between two rows is the room of what lies between. The hashes come before the lines:
        # SQLite reads a row from its beginning, and no further than it must.
        """
        CREATE TABLE batches (
            upto INTEGER PRIMARY KEY,
            hashes BLOB NOT NULL,
            lines BLOB NOT NULL
        )
        """,
    ),
)

_SIZES = "SELECT upto, length(hashes) + length(lines) FROM batches ORDER BY upto DESC"
_FORGET = """
    DELETE FROM batches WHERE upto IN (
        SELECT upto FROM batches WHERE upto <= ? ORDER BY upto LIMIT ?
    )
"""


class SqliteHistory:
    """Implements `ports.History`; any thread may ask while another appends.

    It explains and decides nothing: a kill loses none of it, a power cut may lose the last moments
    (`synchronous = NORMAL`), and nothing waits for the disk. Every method raises
    `StateUnavailable` where the disk or SQLite fails.
    """

    def __init__(self, connection: sqlite3.Connection, bytes_max: int) -> None:
        self._connection = connection
        self._bytes_max = bytes_max
        self._mutex = Lock()

    @classmethod
    def open(cls, path: Path, bytes_max: int = HISTORY_BYTES_MAX) -> Self:
        """Open the history in this file, made if it is not there (its folder too). The decisions
        of an older schema are deleted.

        A row is kept while any of it is among the newest `bytes_max` bytes: there is up to a row
        more than these. Raises `NewerSchema`, `StateUnavailable`; `ValueError` for a bound that
        keeps nothing.
        """
        if bytes_max < 1:
            raise ValueError(f"a history of {bytes_max} bytes")
        with unavailable():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = connect(path, _LAYOUTS, "NORMAL")
            # Debian's SQLite overwrites what it deletes, as if it were a secret.
            connection.execute("PRAGMA secure_delete = OFF")
            return cls(connection, bytes_max)

    def append(self, decisions: Sequence[Made]) -> None:
        """Keep decisions with the instants at which they were made, all of them or none; the
        oldest give way."""
        starts = range(0, len(decisions), SLICE_DECISIONS)
        batches = [batch_of(decisions[start : start + SLICE_DECISIONS]) for start in starts]
        with unavailable(), self._mutex:
            self._append(batches)

    def search(self, subject: str | None, limit: int) -> Sequence[Made]:
        """The newest decisions about a subject, or that refer to it (`None`: about anything);
        newest first. Of what was decided of many, those `earlier` are found but not given."""
        found: list[Made] = []
        with unavailable(), self._mutex, closing(self._candidates(subject)) as candidates:
            while len(found) < limit and (lines := next(candidates, None)) is not None:
                try:
                    found += islice(newest_first(lines, subject), limit - len(found))
                except ValueError as error:
                    raise StateUnavailable(f"a row of the history is damaged: {error}") from error
        return found

    def close(self) -> None:
        """Fold the journal into the file; safe twice."""
        with unavailable(), self._mutex:
            self._connection.close()

    def _candidates(self, subject: str | None) -> Generator[bytes, None, None]:
        """The lines of the rows that may have something about a subject, the newest first."""
        execute = self._connection.execute
        if subject is None:
            for (lines,) in execute("SELECT lines FROM batches ORDER BY upto DESC"):
                yield lines
            return
        sought = hash_of(subject)
        for upto, hashes in execute("SELECT upto, hashes FROM batches ORDER BY upto DESC"):
            if has(hashes, sought):
                yield execute("SELECT lines FROM batches WHERE upto = ?", (upto,)).fetchone()[0]

    def _append(self, batches: Sequence[Batch]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for batch in batches:
                upto = self._add(batch)
                connection.execute(_FORGET, (upto - self._bytes_max, FORGOTTEN_ROWS_MAX))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _add(self, batch: Batch) -> int:
        """Write a batch behind all others, and return where it ends.

        Small rows are always the last ones: one of them is never passed by a large one, but joined
        to it.
        """
        execute = self._connection.execute
        upto: int = execute("SELECT ifnull(max(upto), 0) FROM batches").fetchone()[0]
        upto += batch.size_bytes
        small = list(takewhile(lambda row: row[1] < ROW_BYTES, execute(_SIZES)))
        size_bytes = sum((size for _, size in small), batch.size_bytes)
        if small and (size_bytes >= ROW_BYTES or len(small) + 1 >= SMALL_ROWS_MAX):
            first, _ = small[-1]
            behind = execute(
                "SELECT hashes, lines FROM batches WHERE upto >= ? ORDER BY upto", (first,)
            )
            batch = joined([*map(Batch._make, behind), batch])
            execute("DELETE FROM batches WHERE upto >= ?", (first,))
        execute("INSERT INTO batches VALUES (?, ?, ?)", (upto, *batch))
        return upto
