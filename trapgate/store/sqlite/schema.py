"""The layout of one day's file, and how it is opened.

What each choice costs was measured: rows in order of their primary key, which is the spool
position, and texts as small integers are what keeps a write cheap while the file grows. The id is
a hash: a unique index on it would cost more than everything else together.
"""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from trapgate.store.errors import NewerSchema

SCHEMA_VERSION = 1
"""Kept in `PRAGMA user_version`. 0 is a file whose creation did not finish: it has no events."""

SEQUENCE_BITS = 44
"""Of `seq`'s 63 bits: 5 years of 100,000 events a second in one stream, and half a million
streams, of which a day sees one or two."""

SEQUENCE_MAX = (1 << SEQUENCE_BITS) - 1

CACHE_KIB = 65_536
"""The inner pages of all of a day's b-trees stay in memory."""

PAGE_BYTES = 16_384
"""Of a new file: an event takes about 1.3 kB, of which pages of 4 KiB hold three and waste the
rest; larger pages also mean fewer to log and to copy."""

CHECKPOINT_PAGES = 5_000
"""About 80 MB of journal before pages are copied into the file: each index page is then copied
once for many batches."""

BUSY_TIMEOUT_S = 5.0
"""Readers and the writer do not wait for each other; only recovery after a crash and the change
to WAL lock a file for moments."""

_DICTIONARIES = ("streams", "datasets", "codes", "devices")

_LAYOUT = (
    *(
        f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"
        for table in _DICTIONARIES
    ),
    # seq = number of the stream << 44 | sequence: writing an event again finds its row there.
    # The id stands before the large columns, so that looking for it does not read them.
    """
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        timestamp INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        id TEXT NOT NULL,
        dataset INTEGER NOT NULL,
        code INTEGER NOT NULL,
        device INTEGER NOT NULL,
        severity INTEGER,
        doc BLOB NOT NULL,
        raw BLOB NOT NULL
    )
    """,
    # An index entry ends with the row id, which is seq: these two are (code, seq), (device, seq).
    "CREATE INDEX events_code ON events (code)",
    "CREATE INDEX events_device ON events (device)",
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


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a day's file, made if it is not there, readable by its owner only.

    The connection may change threads, but one thread uses it at a time. Raises `NewerSchema`,
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
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if version(connection, path) == 0:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _LAYOUT:
                connection.execute(statement)
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection | None:
    """Open a day's file without the means to change it; `None` if it is gone or just being made.

    The folder must be writable nevertheless: readers of a WAL share memory through a file.
    Raises `NewerSchema`, `sqlite3.Error`.
    """
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


def version(connection: sqlite3.Connection, path: Path) -> int:
    """The file's schema version; raises `NewerSchema` for one that is not known yet."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > SCHEMA_VERSION:
        raise NewerSchema(path, found, SCHEMA_VERSION)
    return found
