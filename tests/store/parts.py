"""Parts of a store with nothing in them but what the index of words reads."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from trapgate.store.sqlite.schema import SCHEMA_VERSION, SEQUENCE_BITS
from trapgate.store.sqlite.words import words_path

STREAM = 1
"""The number of the stream in all parts, unless a test says otherwise."""


def place(sequence: int, stream: int = STREAM) -> int:
    """The `seq` of a row."""
    return stream << SEQUENCE_BITS | sequence


def make_part(path: Path, streams: Mapping[int, str] | None = None) -> Path:
    """A part without rows."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE streams (number INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, message TEXT NOT NULL)")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.executemany(
            "INSERT INTO streams VALUES (?, ?)", (streams or {STREAM: "raw-1"}).items()
        )
    return path


def write(part: Path, messages: Mapping[int, str], stream: int = STREAM) -> None:
    """Rows of a part: sequence → message."""
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO events VALUES (?, ?)",
            [(place(sequence, stream), message) for sequence, message in messages.items()],
        )
        connection.execute("COMMIT")


def segments(part: Path) -> int:
    """How many pieces the words of a part are in."""
    with closing(sqlite3.connect(words_path(part))) as connection:
        (count,) = connection.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()
    return int(count)
