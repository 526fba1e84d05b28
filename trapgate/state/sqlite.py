"""The embedded state store: one SQLite file, one opener.

In: units. Out: their outcomes, once they are on disk. A commit is one transaction for all units of
the call (group commit), and writes each key once, by a dense number: a b-tree of random keys is
what would cost most.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from trapgate.model import Entry, Unit, UnitOutcome
from trapgate.state.draft import Draft
from trapgate.state.errors import StateLocked, unavailable
from trapgate.state.schema import connect

CACHE_KIB = 65_536
"""The pages of 50,000 alerts stay in memory, so that writing one again reads nothing."""

PUTS_MAX = 2_000
"""SQLite would take any number. What a unit costs beyond its puts, for the sync and the ways
between threads, is some 1 ms; a thousand turns of rules share it. They take some 30 ms, in pieces
in which the loop has time for nothing else: with more of them a page would wait for longer."""

_LAYOUT = (
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        revision INTEGER NOT NULL,
        value BLOB NOT NULL
    )
    """,
    "CREATE TABLE meta (revision INTEGER NOT NULL)",
    "INSERT INTO meta VALUES (0)",
)


class _Slot(NamedTuple):
    """Where a key's row is and at which revision."""

    id: int
    revision: int


class SqliteStateStore:
    """Implements `ports.StateStore`; one thread at a time.

    Every method raises `StateUnavailable` where the disk or SQLite fails; of a commit that failed
    nothing is visible, in the file or in memory.
    """

    def __init__(self, connection: sqlite3.Connection, lock: int) -> None:
        self._connection = connection
        self._lock: int | None = lock
        self._slots: dict[str, _Slot] = {}
        self._revision = 0
        self._id_last = 0
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the state in this file, made if it is not there (its folder too).

        Raises `StateLocked` if another process has it open, `NewerSchema`, `StateUnavailable`.
        """
        with unavailable():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _lock(path)
            try:
                store = cls(connect(path, (_LAYOUT,), "FULL"), lock)
            except BaseException:
                os.close(lock)
                raise
        try:
            store._index()
        except BaseException:
            store.close()
            raise
        return store

    @property
    def unit_puts_max(self) -> int:
        """The most puts that a unit may have."""
        return PUTS_MAX

    def load(self) -> tuple[Sequence[Entry], int]:
        """Every entry, and the revision as of which they were read."""
        with unavailable():
            rows = self._connection.execute("SELECT key, value, revision FROM entries ORDER BY id")
            return tuple(Entry(key, value, revision) for key, value, revision in rows), (
                self._revision
            )

    def commit(self, units: Sequence[Unit]) -> Sequence[UnitOutcome]:
        """Apply each unit whole or not at all, in order; durable on return.

        Raises `ValueError` for units that no store takes; nothing of the call is applied then.
        """
        draft = Draft(self._revision, self._revision_of, self._read, PUTS_MAX)
        with unavailable():
            outcomes = [draft.judge(unit) for unit in units]
            if draft.revision != self._revision:
                self._write(draft)
        return outcomes

    def watch(self, after: int) -> Iterator[Entry]:
        """Empty: there is one opener."""
        return iter(())

    def close(self) -> None:
        """Fold the journal into the file and give up the lock; safe twice."""
        with unavailable():
            self._connection.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _write(self, draft: Draft) -> None:
        slots, gone, id_last = self._placed(draft.changes)
        rows = [
            (slots[key].id, key, entry.revision, entry.value)
            for key, entry in draft.changes.items()
            if entry is not None
        ]
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", rows)
            connection.executemany(
                "DELETE FROM entries WHERE id = ?", [(self._slots[key].id,) for key in gone]
            )
            connection.execute("UPDATE meta SET revision = ?", (draft.revision,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        # the memory follows the disk, never the other way round
        self._slots.update(slots)
        for key in gone:
            del self._slots[key]
        self._revision = draft.revision
        self._id_last = id_last

    def _placed(
        self, changes: Mapping[str, Entry | None]
    ) -> tuple[dict[str, _Slot], list[str], int]:
        """The slots of what is written, the keys of what is deleted, the last number given."""
        slots: dict[str, _Slot] = {}
        gone = []
        id_last = self._id_last
        for key, entry in changes.items():
            slot = self._slots.get(key)
            if entry is None:
                if slot is not None:
                    gone.append(key)
                continue
            if slot is None:
                id_last += 1
            slots[key] = _Slot(id_last if slot is None else slot.id, entry.revision)
        return slots, gone, id_last

    def _index(self) -> None:
        with unavailable():
            for id_, key, revision in self._connection.execute(
                "SELECT id, key, revision FROM entries"
            ):
                self._slots[key] = _Slot(id_, revision)
            self._id_last = max((slot.id for slot in self._slots.values()), default=0)
            self._revision = self._connection.execute("SELECT revision FROM meta").fetchone()[0]

    def _revision_of(self, key: str) -> int:
        slot = self._slots.get(key)
        return 0 if slot is None else slot.revision

    def _read(self, key: str) -> Entry | None:
        slot = self._slots.get(key)
        if slot is None:
            return None
        (value,) = self._connection.execute(
            "SELECT value FROM entries WHERE id = ?", (slot.id,)
        ).fetchone()
        return Entry(key, value, slot.revision)


def _lock(path: Path) -> int:
    """Take the file for this process, on a file beside it: closing any descriptor of the database
    itself would drop SQLite's own locks. It goes with the process, however it ends."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StateLocked(path) from None
    return descriptor
