"""The local memory of decisions: the answer to "what happened to this, and why no ticket?".

In: decisions with their instants. Out: the newest about a subject, or that refer to it. Bounded
by rows: the oldest give way.

A run of repeats is one decision about many events. Their ids are kept beside it as one text for
each beginning that they have in common, which for event ids is the 10 s in which they arrived: an
index entry for each of them would be most of what a storm costs.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Self

import msgspec

from trapgate.model import Decision
from trapgate.state.errors import unavailable
from trapgate.state.schema import connect

HISTORY_ROWS_MAX = 1_000_000
"""Some 300 MB: weeks of a quiet network, hours of a storm."""

SLICE_ROWS = 1_000
"""Decisions of one transaction, and how many rows it deletes beyond its own number if there are too
many (the bound was lowered): no append takes longer than some 50 ms."""

EARLIER_IN_ROW = 10
"""Ids of earlier subjects that take the room of a decision: so many count as one more row."""

PREFIX_CHARS = 8
"""Beginning of a subject by which it is filed among the earlier ones: the time in an event's id."""

_SEPARATOR = "\n"
"""Between the ids of a text: none of our ids has one."""

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

_EARLIER_LAYOUT = (
    """
    CREATE TABLE earlier (
        decision INTEGER NOT NULL,
        prefix TEXT NOT NULL,
        subjects TEXT NOT NULL,
        PRIMARY KEY (decision, prefix)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX earlier_prefix ON earlier (prefix, decision)",
)

_BY_SUBJECT = """
    SELECT decisions.* FROM subjects JOIN decisions ON id = decision
    WHERE subjects.subject = ? ORDER BY decision DESC LIMIT ?
"""
_BY_EARLIER = """
    SELECT decisions.* FROM earlier JOIN decisions ON id = decision
    WHERE prefix = ? AND instr(subjects, ?) ORDER BY decision DESC LIMIT ?
"""

_Row = tuple[int, int, str, str, str, str]

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
            return cls(connect(path, (_LAYOUT, _EARLIER_LAYOUT), "NORMAL"), rows_max)

    def append(self, decisions: Sequence[tuple[int, Decision]]) -> None:
        """Keep decisions with the instants at which they were made; the oldest give way."""
        with unavailable(), self._mutex:
            for start in range(0, len(decisions), SLICE_ROWS):
                self._append(decisions[start : start + SLICE_ROWS])

    def search(self, subject: str | None, limit: int) -> Sequence[tuple[int, Decision]]:
        """The newest decisions about a subject, or that refer to it (`None`: about anything);
        newest first. Of what was decided of many, those `earlier` are found but not given."""
        with unavailable(), self._mutex:
            rows = self._rows(subject, limit)
        return [
            (at, Decision(about, verdict, reason, _decode_refs(refs)))
            for _, at, about, verdict, reason, refs in rows
        ]

    def close(self) -> None:
        """Fold the journal into the file; safe twice."""
        with unavailable(), self._mutex:
            self._connection.close()

    def _rows(self, subject: str | None, limit: int) -> Sequence[_Row]:
        execute = self._connection.execute
        if subject is None:
            return execute("SELECT * FROM decisions ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
        found: list[_Row] = execute(_BY_SUBJECT, (subject, limit)).fetchall()
        # whole ids: a part of one is not a subject
        whole = _SEPARATOR + subject + _SEPARATOR
        found += execute(_BY_EARLIER, (subject[:PREFIX_CHARS], whole, limit)).fetchall()
        newest = sorted({row[0]: row for row in found}.items(), reverse=True)
        return [row for _, row in newest[:limit]]

    def _append(self, decisions: Sequence[tuple[int, Decision]]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            oldest, newest = connection.execute(
                "SELECT (SELECT min(id) FROM decisions), (SELECT max(id) FROM decisions)"
            ).fetchone()
            before = newest or 0
            numbered = _numbered(before, decisions)
            connection.executemany(
                "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?)", _decisions(numbered)
            )
            connection.executemany("INSERT INTO subjects VALUES (?, ?)", _subjects(numbered))
            connection.executemany("INSERT INTO earlier VALUES (?, ?, ?)", _earlier(numbered))
            last = numbered[-1].number
            oldest = oldest or before + 1
            surplus = last + 1 - oldest - self._rows_max
            if surplus > 0:
                end = oldest + min(surplus, last - before + SLICE_ROWS)
                connection.execute("DELETE FROM subjects WHERE decision < ?", (end,))
                connection.execute("DELETE FROM earlier WHERE decision < ?", (end,))
                connection.execute("DELETE FROM decisions WHERE id < ?", (end,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


class _Numbered(NamedTuple):
    """A decision with the number that it is stored under, and its instant."""

    number: int
    at: int
    decision: Decision


def _numbered(before: int, decisions: Sequence[tuple[int, Decision]]) -> list[_Numbered]:
    """Numbers from `before` on, in order. A decision takes as many as it counts for, so that the
    distance between two numbers is the room of what came after the first."""
    numbered = []
    number = before
    for at, decision in decisions:
        number += 1 + len(decision.earlier) // EARLIER_IN_ROW
        numbered.append(_Numbered(number, at, decision))
    return numbered


def _decisions(numbered: Sequence[_Numbered]) -> Iterator[_Row]:
    for number, at, decision in numbered:
        refs = msgspec.json.encode(decision.refs).decode()
        yield number, at, decision.subject, decision.verdict, decision.reason, refs


def _subjects(numbered: Sequence[_Numbered]) -> Iterator[tuple[int, str]]:
    for number, _, decision in numbered:
        for subject in {decision.subject, *decision.refs.values()}:
            yield number, subject


def _earlier(numbered: Sequence[_Numbered]) -> Iterator[tuple[int, str, str]]:
    for number, _, decision in numbered:
        filed: dict[str, list[str]] = {}
        for subject in decision.earlier:
            filed.setdefault(subject[:PREFIX_CHARS], []).append(subject)
        for prefix, subjects in filed.items():
            yield number, prefix, _SEPARATOR.join(("", *subjects, ""))
