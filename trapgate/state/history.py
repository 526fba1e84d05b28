"""The local memory of decisions: the answer to "what happened to this, and why no ticket?".

In: decisions with their instants. Out: the newest about a subject, or that refer to it. Bounded
by rows: the oldest give way.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Self

import msgspec

from trapgate.model import Decision
from trapgate.state.errors import unavailable
from trapgate.state.schema import connect

SCHEMA_VERSION = 1

HISTORY_ROWS_MAX = 1_000_000
"""Some 300 MB: weeks of a quiet network, hours of a storm."""

SLICE_ROWS = 1_000
"""Decisions of one transaction, and how many it deletes beyond its own number if there are too
many (the bound was lowered): no append takes longer than some 50 ms."""

_LAYOUT = (
    """
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        subject TEXT NOT NULL,
        verdict TEXT NOT NULL,
        reason TEXT NOT NULL,
        refs TEXT NOT NULL
    )
    """,
    # A decision's subject and each of its refs: in the order of the decisions, so that the oldest
    # are deleted as one run.
    """
    CREATE TABLE subjects (
        decision INTEGER NOT NULL,
        subject TEXT NOT NULL,
        PRIMARY KEY (decision, subject)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX subjects_subject ON subjects (subject, decision)",
)

_decode_refs = msgspec.json.Decoder(dict[str, str]).decode


class SqliteHistory:
    """Implements `ports.History`; any thread may ask while another appends.

    It explains and decides nothing: a kill loses none of it, a power cut may lose the last moments
    (`synchronous = NORMAL`), and nothing waits for the disk. Every method raises
    `StateUnavailable` where the disk or SQLite fails.
    """

    def __init__(self, connection: sqlite3.Connection, rows_max: int) -> None:
        self._connection = connection
        self._rows_max = rows_max
        self._mutex = Lock()

    @classmethod
    def open(cls, path: Path, rows_max: int = HISTORY_ROWS_MAX) -> Self:
        """Open the history in this file, made if it is not there (its folder too).

        Raises `NewerSchema`, `StateUnavailable`; `ValueError` for a bound that keeps nothing.
        """
        if rows_max < 1:
            raise ValueError(f"a history of {rows_max} rows")
        with unavailable():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(connect(path, _LAYOUT, SCHEMA_VERSION, "NORMAL"), rows_max)

    def append(self, decisions: Sequence[tuple[int, Decision]]) -> None:
        """Keep decisions with the instants at which they were made; the oldest give way."""
        with unavailable(), self._mutex:
            for start in range(0, len(decisions), SLICE_ROWS):
                self._append(decisions[start : start + SLICE_ROWS])

    def search(self, subject: str | None, limit: int) -> Sequence[tuple[int, Decision]]:
        """The newest decisions about a subject, or that refer to it (`None`: about anything);
        newest first."""
        if subject is None:
            sql = "SELECT * FROM decisions ORDER BY id DESC LIMIT ?"
            values: tuple[str | int, ...] = (limit,)
        else:
            sql = """
                SELECT decisions.* FROM subjects JOIN decisions ON id = decision
                WHERE subjects.subject = ? ORDER BY decision DESC LIMIT ?
            """
            values = (subject, limit)
        with unavailable(), self._mutex:
            rows = self._connection.execute(sql, values).fetchall()
        return [
            (at, Decision(about, verdict, reason, _decode_refs(refs)))
            for _, at, about, verdict, reason, refs in rows
        ]

    def close(self) -> None:
        """Fold the journal into the file; safe twice."""
        with unavailable(), self._mutex:
            self._connection.close()

    def _append(self, decisions: Sequence[tuple[int, Decision]]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            oldest, newest = connection.execute(
                "SELECT (SELECT min(id) FROM decisions), (SELECT max(id) FROM decisions)"
            ).fetchone()
            first = (newest or 0) + 1
            connection.executemany(
                "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?)", _rows(first, decisions)
            )
            connection.executemany(
                "INSERT INTO subjects VALUES (?, ?)", _subjects(first, decisions)
            )
            oldest = oldest or first
            surplus = first + len(decisions) - oldest - self._rows_max
            if surplus > 0:
                end = oldest + min(surplus, len(decisions) + SLICE_ROWS)
                connection.execute("DELETE FROM subjects WHERE decision < ?", (end,))
                connection.execute("DELETE FROM decisions WHERE id < ?", (end,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _rows(
    first: int, decisions: Sequence[tuple[int, Decision]]
) -> Iterator[tuple[int, int, str, str, str, str]]:
    for number, (at, decision) in enumerate(decisions, first):
        refs = msgspec.json.encode(decision.refs).decode()
        yield number, at, decision.subject, decision.verdict, decision.reason, refs


def _subjects(first: int, decisions: Sequence[tuple[int, Decision]]) -> Iterator[tuple[int, str]]:
    for number, (_, decision) in enumerate(decisions, first):
        for subject in {decision.subject, *decision.refs.values()}:
            yield number, subject
