"""The layout of a part, and how it is opened.

What each choice costs was measured: rows in order of their primary key, which is the spool
position, and no index that a row must be sorted into are what keeps a write cheap while the file
grows. What an index would answer, blocks do: a column of thousands of rows at once.
"""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from trapgate.store.errors import NewerSchema, OlderSchema

SCHEMA_VERSION = 2
"""Kept in `PRAGMA user_version`. 0 is a file whose creation did not finish: it has no events."""

SEQUENCE_BITS = 44
"""Of `seq`'s 63 bits: 5 years of 100,000 events a second in one stream, and half a million
streams, of which a day sees one or two."""

SEQUENCE_MAX = (1 << SEQUENCE_BITS) - 1

CACHE_KIB = 65_536
"""The inner pages of a part's trees and its newest rows stay in memory."""

PAGE_BYTES = 16_384
"""Of a new file: an event takes about 1.3 kB, of which pages of 4 KiB hold three and waste the
rest; larger pages also mean fewer to log and to copy."""

BUSY_TIMEOUT_S = 5.0
"""Readers and the writer do not wait for each other; only recovery after a crash and the change
to WAL lock a file for moments."""

WRITE_BUSY_MS = 50
"""Longest wait of the writer, once a part is open, for somebody else who writes into it (a backup,
a shell): who pages waits in the same thread, and the batch is tried again a second later."""

_LAYOUT = (
    # `first` is the first sequence of the stream that belongs to this part and not to an earlier
    # one of the day: by it a batch that is written again finds its rows.
    """
    CREATE TABLE streams (
        number INTEGER PRIMARY KEY,
        text TEXT NOT NULL UNIQUE,
        first INTEGER NOT NULL
    )
    """,
    # The same values may have two numbers (after the writer's memory of them was full): so this
    # needs no unique index, which would be the one tree with random keys.
    """
    CREATE TABLE facets (
        number INTEGER PRIMARY KEY,
        dataset TEXT NOT NULL,
        severity INTEGER,
        code TEXT NOT NULL,
        device TEXT NOT NULL,
        source TEXT NOT NULL
    )
    """,
    # seq = number of the stream << 44 | sequence: writing an event again finds its row there.
    # Small columns come first, so that looking at them does not read the large ones.
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        facet INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        id TEXT NOT NULL,
        message TEXT NOT NULL,
        doc TEXT NOT NULL,
        raw BLOB NOT NULL
    )
    """,
    # The facets of a run of a stream's rows (`trapgate.store.sqlite.blocks`). `since` and `until`
    # are the earliest and the latest received_at.
    """
    CREATE TABLE blocks (
        last INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER NOT NULL,
        offsets BLOB NOT NULL,
        facets BLOB NOT NULL,
        codes BLOB NOT NULL
    )
    """,
    # Where the events of each 10 s of received_at lie, instead of an index on the time.
    """
    CREATE TABLE buckets (
        bucket INTEGER NOT NULL,
        stream INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (bucket, stream)
    ) WITHOUT ROWID
    """,
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


class Lineage(NamedTuple):
    """Which rows of a stream an index of it may have seen: the stream's name, and how often rows
    came late to it. Of one lineage are only rows behind those that were there."""

    text: str
    late: int


def lineages(connection: sqlite3.Connection) -> Mapping[int, Lineage]:
    """The streams of a part by their numbers, as of what the connection sees."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'late'").fetchone()
    late = dict(connection.execute("SELECT stream, times FROM late")) if found else {}
    streams = connection.execute("SELECT number, text FROM streams")
    return {number: Lineage(text, late.get(number, 0)) for number, text in streams}


def note_late(connection: sqlite3.Connection, stream: int) -> None:
    """Rows came late to a stream: in the transaction that adds them, so that words which were made
    of what was there before, at whatever moment, are known to lack them."""
    # made when it is needed, which is seldom: parts of before have no such table either
    connection.execute(
        "CREATE TABLE IF NOT EXISTS late (stream INTEGER PRIMARY KEY, times INTEGER NOT NULL)"
    )
    connection.execute(
        "INSERT INTO late VALUES (?, 1) ON CONFLICT (stream) DO UPDATE SET times = times + 1",
        (stream,),
    )


def open_to_write(path: Path, firsts: Callable[[], Mapping[str, int]]) -> sqlite3.Connection:
    """Open a part, made if it is not there, readable by its owner only.

    `firsts` is asked if the part is made: for the first sequence that belongs to it, of each stream
    that an earlier part of the day has. The connection may change threads, but one thread uses it
    at a time; it waits for a lock for `WRITE_BUSY_MS`. Raises `NewerSchema`, `OlderSchema`,
    `sqlite3.Error`, `OSError`.
    """
    path.touch(mode=0o600)
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # `checkpoints` does it
        if version(connection, path) == 0:
            begins = firsts().items()
            connection.execute("BEGIN IMMEDIATE")
            for statement in _LAYOUT:
                connection.execute(statement)
            connection.executemany("INSERT INTO streams (text, first) VALUES (?, ?)", begins)
            connection.execute("COMMIT")
        connection.execute(f"PRAGMA busy_timeout = {WRITE_BUSY_MS}")
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection | None:
    """Open a part without the means to change it; `None` if it is gone or just being made.

    The folder must be writable nevertheless: readers of a WAL share memory through a file.
    Raises `NewerSchema`, `OlderSchema`, `sqlite3.Error`.
    """
    if not path.exists():  # first: it may be made while it is not found
        return None
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro",
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            uri=True,
        )
    except sqlite3.OperationalError:
        if path.exists():
            raise
        return None
    try:
        if version(connection, path) != 0:
            return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def open_unused(path: Path) -> sqlite3.Connection:
    """Open a part that nobody writes and that has no journal: no lock is taken, and none of the
    files is made by which readers of a WAL know of each other. Raises as `open_to_read` does."""
    connection = sqlite3.connect(f"file:{quote(str(path))}?immutable=1", uri=True)
    try:
        version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def version(connection: sqlite3.Connection, path: Path) -> int:
    """The file's schema version, 0 for one that is not made yet; raises `NewerSchema` or
    `OlderSchema` for any other than ours."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > SCHEMA_VERSION:
        raise NewerSchema(path, found, SCHEMA_VERSION)
    if 0 < found < SCHEMA_VERSION:
        raise OlderSchema(path, found, SCHEMA_VERSION)
    return found
