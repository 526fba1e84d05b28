"""One day's file and its one writer: a batch of events is one transaction."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from trapgate.model import NEVER, Event
from trapgate.store.errors import Unstorable
from trapgate.store.sqlite.folder import BUCKET_NS
from trapgate.store.sqlite.row import encoded_document
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX, open_to_write

NUMBERS_CACHED_MAX = 65_536
"""Texts of one column whose number is remembered: spoofed host names fill the file's dictionary,
which goes with its day, but not the memory."""

ROWS_IN_STATEMENT: Final = 64
"""Rows that one statement inserts: beyond this its own cost is not seen any more, and ten values
each stay below the 999 variables that every SQLite takes."""

_ROW_SQL: Final = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _insert_sql(rows: int) -> str:
    # "OR IGNORE" would also pass over a row that breaks NOT NULL: a loss that nobody sees
    values = ", ".join([_ROW_SQL] * rows)
    return f"INSERT INTO events VALUES {values} ON CONFLICT (seq) DO NOTHING"


_INSERT: Final = _insert_sql(1)
_INSERT_MANY: Final = _insert_sql(ROWS_IN_STATEMENT)
_WIDEN: Final = """
    INSERT INTO buckets VALUES (?, ?, ?, ?) ON CONFLICT (bucket, stream)
    DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)
"""

_Row = tuple[int, int, int, str, int, int, int, int | None, bytes, bytes]


class Numbers(dict[str, int]):
    """A dictionary table: text → its number in this file, given at first sight.

    It is a `dict` that fills itself, so that the usual case is one look-up in C.
    """

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        super().__init__()
        self._connection = connection
        self._add = f"INSERT INTO {table} (text) VALUES (?) ON CONFLICT (text) DO NOTHING"
        self._find = f"SELECT number FROM {table} WHERE text = ?"

    def __missing__(self, text: str) -> int:
        if len(self) >= NUMBERS_CACHED_MAX:
            self.clear()
        self._connection.execute(self._add, (text,))
        number = int(self._connection.execute(self._find, (text,)).fetchone()[0])
        self[text] = number
        return number


class DayWriter:
    """The writer of one day's file; raises `sqlite3.Error` and `OSError` as they come."""

    def __init__(self, path: Path) -> None:
        self._connection = open_to_write(path)
        self._streams = Numbers(self._connection, "streams")
        self._datasets = Numbers(self._connection, "datasets")
        self._codes = Numbers(self._connection, "codes")
        self._devices = Numbers(self._connection, "devices")

    def write(self, events: Sequence[Event]) -> None:
        """Store a batch whole or not at all, durable on return; events that are stored already
        stay as they are. Raises `Unstorable`."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            rows = self._rows(events)
            self._insert(rows)
            self._connection.executemany(_WIDEN, _extents(rows))
            self._connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise

    def close(self) -> None:
        """Fold the journal into the file, as far as no reader is in the way."""
        self._connection.close()

    def _rows(self, events: Sequence[Event]) -> list[_Row]:
        streams, datasets, codes, devices = (
            self._streams,
            self._datasets,
            self._codes,
            self._devices,
        )
        rows: list[_Row] = []
        for event in events:
            position = event.position
            if not 0 < position.sequence <= SEQUENCE_MAX:
                raise Unstorable(position, "its sequence is out of range")
            if not -NEVER <= event.timestamp <= NEVER:  # a device's clock may say year 9999
                raise Unstorable(position, "its timestamp does not fit in 64 bits")
            try:
                rows.append(
                    (
                        streams[position.stream] << SEQUENCE_BITS | position.sequence,
                        event.timestamp,
                        event.received_at,
                        event.id,
                        datasets[event.kind],
                        codes[event.code],
                        devices[event.device],
                        event.severity,
                        encoded_document(event),
                        event.raw,
                    )
                )
            except UnicodeEncodeError as error:
                raise Unstorable(position, str(error)) from error
        return rows

    def _insert(self, rows: Sequence[_Row]) -> None:
        whole = len(rows) - len(rows) % ROWS_IN_STATEMENT
        for at in range(0, whole, ROWS_IN_STATEMENT):
            slice_ = rows[at : at + ROWS_IN_STATEMENT]
            self._connection.execute(_INSERT_MANY, tuple(chain.from_iterable(slice_)))
        self._connection.executemany(_INSERT, rows[whole:])

    def _undo(self) -> None:
        # numbers given in a transaction that did not happen must not be remembered
        for numbers in (self._streams, self._datasets, self._codes, self._devices):
            numbers.clear()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _extents(rows: Sequence[_Row]) -> list[tuple[int, int, int, int]]:
    """(bucket, stream, first seq, last seq) of each bucket and stream among the rows."""
    sequences: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        seq = row[0]
        key = (row[2] // BUCKET_NS, seq >> SEQUENCE_BITS)
        if key in sequences:
            sequences[key].append(seq)
        else:
            sequences[key] = [seq]
    return [(*key, min(found), max(found)) for key, found in sequences.items()]
