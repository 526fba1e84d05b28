"""One part and its one writer: a batch of events is one transaction."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from trapgate.model import NEVER, Event
from trapgate.store.errors import Unstorable
from trapgate.store.sqlite.blocks import BLOCK_EVENTS, BlockRow, blocks_of
from trapgate.store.sqlite.checkpoints import Checkpoints
from trapgate.store.sqlite.folder import BUCKET_NS
from trapgate.store.sqlite.row import Facet, document_text
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX, note_late, open_to_write

FACETS_CACHED_MAX = 65_536
"""Facets whose number is remembered, some 20 MB: spoofed host names fill the part's table, which
goes with its day, but not the memory."""

# "OR IGNORE" would also pass over a row that breaks NOT NULL: a loss that nobody sees
_INSERT: Final = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (seq) DO NOTHING"
_WIDEN: Final = """
    INSERT INTO buckets VALUES (?, ?, ?, ?) ON CONFLICT (bucket, stream)
    DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)
"""

_Row = tuple[int, int, int, int, str, str, str, bytes]


class Facets(dict[tuple[str, int | None, str, str, str], int]):
    """The values of the hot fields → the facet's number, given at first sight and kept in `fresh`
    until it is written.

    It is a `dict` that fills itself, so that the usual case is one look-up in C.
    """

    def __init__(self, stored: Sequence[tuple[int, str, int | None, str, str, str]]) -> None:
        """`stored` are the newest facets of the part, newest first: number and values."""
        super().__init__({Facet._make(values): number for number, *values in reversed(stored)})
        self._next = stored[0][0] + 1 if stored else 1
        self.fresh: list[tuple[int, str, int | None, str, str, str]] = []

    def __missing__(self, values: tuple[str, int | None, str, str, str]) -> int:
        if len(self) >= FACETS_CACHED_MAX:
            self.clear()
        number = self[values] = self._next
        self._next += 1
        self.fresh.append((number, *values))
        return number


class _Stream(NamedTuple):
    """A stream of this part: its highest seq, and up to which one its rows are in blocks; those
    behind are `pending`."""

    number: int
    last: int
    blocked: int
    pending: Sequence[BlockRow]


class PartWriter:
    """The writer of one part; raises `sqlite3.Error` and `OSError` as they come.

    What it remembers of the file is read again after a transaction that did not happen.
    """

    def __init__(self, path: Path, firsts: Callable[[], Mapping[str, int]]) -> None:
        """Open a part; `firsts` is asked if it is made (`open_to_write`)."""
        self._path = path
        self._connection = open_to_write(path, firsts)
        try:
            self._inodes = _inodes(path)
            self._checkpoints = Checkpoints(path, self._connection)
            self._recall()
        except BaseException:
            self._connection.close()
            raise

    def _recall(self) -> None:
        execute = self._connection.execute
        self._streams: dict[str, _Stream] = {}
        self.firsts: Mapping[str, int] = dict(execute("SELECT text, first FROM streams"))
        """The first sequence of each stream that belongs here and not to an earlier part."""
        newest = "SELECT * FROM facets ORDER BY number DESC LIMIT ?"
        self._facets = Facets(execute(newest, (FACETS_CACHED_MAX,)).fetchall())

    def write(self, events: Sequence[Event]) -> None:
        """Store a batch whole or not at all, durable on return; events that are stored already
        stay as they are. Raises `Unstorable`."""
        by_stream: dict[str, list[Event]] = {}
        for event in events:
            by_stream.setdefault(event.position.stream, []).append(event)
        changes = self._connection.total_changes
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for name, of_stream in by_stream.items():
                self._write_stream(name, of_stream)
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._undo()
            if isinstance(error, UnicodeEncodeError | OverflowError):
                raise _unstorable(events, error) from error
            raise
        if self._connection.total_changes > changes:
            self._checkpoints.wrote()

    def size_bytes(self) -> int:
        """What the part takes without its journal."""
        ((pages,),) = self._connection.execute("PRAGMA page_count")
        ((page_bytes,),) = self._connection.execute("PRAGMA page_size")
        return int(pages) * int(page_bytes)

    def owed_bytes(self) -> int:
        """What the part's file will still grow by as its journal is copied into it."""
        try:
            return max(0, self.size_bytes() - self._path.stat().st_size)
        except FileNotFoundError:
            return 0

    def still_there(self) -> bool:
        """Whether the open file is the one that has this name. Raises `OSError`."""
        return _inode(self._path) == self._inodes[0]

    def abandon(self) -> None:
        """Close a part whose file is gone. Its journal goes, if it is there still: SQLite leaves
        it, and would read it into the next file of this name."""
        self._checkpoints.close()
        self._connection.close()
        journal, memory = _journal(self._path)
        if _inode(journal) == self._inodes[1]:
            journal.unlink(missing_ok=True)
            memory.unlink(missing_ok=True)

    def following(self) -> Mapping[str, int]:
        """The `firsts` of a part that follows this one."""
        found = {}
        numbers = self._connection.execute("SELECT number, text, first FROM streams").fetchall()
        for number, name, first in numbers:
            last = self._last("events", "seq", number)
            found[name] = max(first, (last & SEQUENCE_MAX) + 1)
        return found

    def close(self) -> None:
        """Fold the journal into the file, as far as no reader is in the way."""
        self._checkpoints.close()
        self._connection.close()

    def _write_stream(self, name: str, events: Sequence[Event]) -> None:
        stream = self._streams.get(name) or self._opened(name)
        rows = self._rows(stream.number << SEQUENCE_BITS, events)
        rows.sort(key=_seq)
        late = sum(row[0] <= stream.last for row in rows) if rows[0][0] <= stream.last else 0
        stream = self._with_late(stream, rows[:late])
        stream = self._with_new(stream, rows[late:])
        if self._facets.fresh:
            insert = "INSERT INTO facets VALUES (?, ?, ?, ?, ?, ?)"
            self._connection.executemany(insert, self._facets.fresh)
            self._facets.fresh.clear()
        self._connection.executemany(_WIDEN, _extents(stream.number, rows))
        self._streams[name] = self._blocked(stream)

    def _opened(self, name: str) -> _Stream:
        execute = self._connection.execute
        add = "INSERT INTO streams (text, first) VALUES (?, 1) ON CONFLICT (text) DO NOTHING"
        execute(add, (name,))
        ((number,),) = execute("SELECT number FROM streams WHERE text = ?", (name,))
        last = self._last("events", "seq", number)
        blocked = self._last("blocks", "last", number)
        return _Stream(number, last, blocked, self._block_rows(blocked, last))

    def _last(self, table: str, column: str, stream: int) -> int:
        """The highest number of a stream in a table; the stream's lowest if it has none there."""
        lowest = stream << SEQUENCE_BITS
        sql = f"SELECT max({column}) FROM {table} WHERE {column} BETWEEN ? AND ?"
        ((found,),) = self._connection.execute(sql, (lowest, lowest | SEQUENCE_MAX))
        return int(found or lowest)

    def _rows(self, number: int, events: Sequence[Event]) -> list[_Row]:
        facets = self._facets
        rows: list[_Row] = []
        for event in events:
            sequence = event.position.sequence
            if not 0 < sequence <= SEQUENCE_MAX:
                raise Unstorable(event.position, "its sequence is out of range")
            rows.append(
                (
                    number | sequence,
                    facets[
                        event.kind, event.severity, event.code, event.device, event.source.address
                    ],
                    event.timestamp,
                    event.received_at,
                    event.id,
                    event.message,
                    document_text(event),
                    event.raw,
                )
            )
        return rows

    def _insert(self, rows: Sequence[_Row]) -> int:
        """Add these rows but for those that are there; returns how many are new."""
        before = self._connection.total_changes
        self._connection.executemany(_INSERT, rows)
        return self._connection.total_changes - before

    def _with_new(self, stream: _Stream, rows: Sequence[_Row]) -> _Stream:
        """Add rows behind all that are there, which is where new ones come."""
        if not rows:
            return stream
        new = self._insert(rows)
        last = rows[-1][0]
        if new != len(rows):  # one of them was twice in the batch
            return stream._replace(last=last, pending=self._block_rows(stream.blocked, last))
        pending = [(row[0], row[1], row[3]) for row in rows]
        return stream._replace(last=last, pending=[*stream.pending, *pending])

    def _with_late(self, stream: _Stream, rows: Sequence[_Row]) -> _Stream:
        """Add rows among those that are there. Mostly none is new: a batch is written again. Where
        one is, the block that gains it is made anew, and so are the words of the part, which are
        indexed in order."""
        new = [row[0] for row in rows if self._insert([row])]
        if not new:
            return stream
        note_late(self._connection, stream.number)
        renewed = 0
        for seq in new:
            if renewed < seq <= stream.blocked:
                renewed = self._block_again(stream, seq)
        return stream._replace(pending=self._block_rows(stream.blocked, stream.last))

    def _block_again(self, stream: _Stream, seq: int) -> int:
        """Make the block anew in which a row lies; returns the highest seq of that block."""
        execute = self._connection.execute
        ((last,),) = execute("SELECT min(last) FROM blocks WHERE last >= ?", (seq,))
        ((before,),) = execute("SELECT max(last) FROM blocks WHERE last < ?", (seq,))
        execute("DELETE FROM blocks WHERE last = ?", (last,))
        self._write_blocks(self._block_rows(max(before or 0, stream.number << SEQUENCE_BITS), last))
        return int(last)

    def _blocked(self, stream: _Stream) -> _Stream:
        """Write blocks of the pending rows if there are enough; less than one block's are left."""
        pending = stream.pending
        whole = len(pending) - len(pending) % BLOCK_EVENTS
        if not whole:
            return stream
        self._write_blocks(pending[:whole])
        return stream._replace(blocked=pending[whole - 1][0], pending=pending[whole:])

    def _block_rows(self, after: int, last: int) -> list[BlockRow]:
        sql = "SELECT seq, facet, received_at FROM events WHERE seq > ? AND seq <= ? ORDER BY seq"
        return self._connection.execute(sql, (after, last)).fetchall()

    def _write_blocks(self, rows: Sequence[BlockRow]) -> None:
        insert = "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._connection.executemany(insert, blocks_of(rows))

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._recall()


def _journal(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _inodes(path: Path) -> tuple[int | None, int | None]:
    """Of a part and its journal, which SQLite keeps as long as a part is open."""
    return _inode(path), _inode(_journal(path)[0])


def _seq(row: _Row) -> int:
    return row[0]


def _bucket(row: _Row) -> int:
    return row[3] // BUCKET_NS


def _extents(number: int, rows: Sequence[_Row]) -> list[tuple[int, int, int, int]]:
    """(bucket, stream, first seq, last seq) of each run of rows that lie in one bucket."""
    found = []
    for bucket, run in groupby(rows, _bucket):
        seqs = [row[0] for row in run]
        found.append((bucket, number, seqs[0], seqs[-1]))
    return found


def _unstorable(events: Sequence[Event], error: Exception) -> Unstorable:
    """Which of these events it is that SQLite refuses."""
    for event in events:
        if not -NEVER <= event.timestamp <= NEVER:  # a device's clock may say year 9999
            return Unstorable(event.position, "its timestamp does not fit in 64 bits")
        for text in (event.id, event.message, event.code, event.device, event.source.address):
            try:
                text.encode()
                document_text(event)
            except UnicodeEncodeError as refused:
                return Unstorable(event.position, str(refused))
    return Unstorable(events[0].position, str(error))
