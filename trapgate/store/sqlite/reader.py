"""One part as its readers see it: each opens it for one question and closes it again."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from trapgate.model import Event, Position
from trapgate.model.query import Query
from trapgate.query.sql import FUNCTIONS, Condition, Layout, sql_condition
from trapgate.store.sqlite.blocks import Block, BlockRow, blocks_of, count_into
from trapgate.store.sqlite.folder import BUCKET_NS
from trapgate.store.sqlite.row import Facet, StoredRow, event_of
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX, open_to_read

_SELECT = """
    SELECT seq, timestamp, received_at, id, dataset, severity, code, device, source,
        message, doc, raw
    FROM events JOIN facets ON number = facet
"""

LAYOUT = Layout(
    {
        "event.code": "nullif(code, '')",
        "event.dataset": "dataset",
        "event.id": "id",
        "event.module": "substr(dataset, 1, instr(dataset, '.') - 1)",
        "event.severity": "severity",
        "host.name": "nullif(device, '')",
        "message": "nullif(message, '')",
        "source.ip": "source",
        "source.port": "json_extract(doc, '$.port')",
    },
    "doc",
)
"""Where a query's fields are in rows of events joined with their facets."""


def condition(query: Query) -> Condition:
    """What a query asks of a row, or of a facet if it speaks of hot fields only."""
    return sql_condition(query, LAYOUT)


class Run(NamedTuple):
    """Where the rows of one stream lie that were received in one 10 s window: from seq `first` to
    `last`. Among them may be rows of other windows, if the clock was set back."""

    bucket: int
    stream: int
    first: int
    last: int


class PartReader:
    """One connection to one part; raises `sqlite3.Error` as it comes.

    It sees what was committed when it first looked, all of it or nothing of a batch.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for name, function in FUNCTIONS.items():
            connection.create_function(name, 2, function, deterministic=True)
        connection.execute("BEGIN")  # one snapshot for all that is asked
        self.streams: Mapping[int, str] = dict(
            connection.execute("SELECT number, text FROM streams").fetchall()
        )

    @classmethod
    def open(cls, path: Path) -> Self | None:
        """Open a part; `None` if it is gone or just being made. Raises `NewerSchema`,
        `OlderSchema`."""
        connection = open_to_read(path)
        if connection is None:
            return None
        try:
            return cls(connection)
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def runs(self, start: int, end: int) -> list[Run]:
        """Where the rows of the windows lie that [start, end) touches, the newest window first."""
        rows = self._connection.execute(
            "SELECT bucket, stream, first, last FROM buckets WHERE bucket BETWEEN ? AND ?"
            " ORDER BY bucket DESC, stream DESC",
            (start // BUCKET_NS, (end - 1) // BUCKET_NS),
        )
        return list(map(Run._make, rows))

    def facets(self, hot: Condition) -> Iterator[tuple[int, Facet]]:
        """The facets that meet a condition of hot fields; the same may be there twice."""
        sql = f"SELECT number, dataset, severity, code, device, source FROM facets WHERE {hot.text}"
        for number, *values in self._connection.execute(sql, hot.parameters):
            yield number, Facet._make(values)

    def wanted(self, hot: Condition) -> Set[int]:
        """The numbers of the facets that meet a condition of hot fields."""
        sql = f"SELECT number FROM facets WHERE {hot.text}"
        return {number for (number,) in self._connection.execute(sql, hot.parameters)}

    def blocks(self, first: int, last: int) -> Iterator[Block]:
        """The blocks of a stream that have rows from seq `first` to `last`, the newest first; the
        rows that are in none yet make another."""
        execute = self._connection.execute
        end = last | SEQUENCE_MAX
        ((blocked,),) = execute(
            "SELECT max(last) FROM blocks WHERE last BETWEEN ? AND ?", (end - SEQUENCE_MAX, end)
        )
        if blocked is None or blocked < last:
            yield from reversed(blocks_of(self._tail(blocked or end - SEQUENCE_MAX, end)))
        if blocked is None:
            return
        ((topmost,),) = execute("SELECT min(last) FROM blocks WHERE last >= ?", (last,))
        sql = """
            SELECT last, first, since, until, offsets, facets, codes FROM blocks
            WHERE last BETWEEN ? AND ? ORDER BY last DESC
        """
        for row in execute(sql, (first, min(topmost or blocked, blocked))):
            yield Block._make(row)

    def _tail(self, after: int, end: int) -> list[BlockRow]:
        sql = "SELECT seq, facet, received_at FROM events WHERE seq > ? AND seq <= ? ORDER BY seq"
        return self._connection.execute(sql, (after, end)).fetchall()

    def facet_counts(self, start: int, end: int) -> Mapping[int, int]:
        """How many events received in [start, end) have each facet: whole blocks are counted by
        their facets, those at the edges of the time by their rows."""
        extents: dict[int, tuple[int, int]] = {}
        for run in self.runs(start, end):
            first, last = extents.get(run.stream, (run.first, run.last))
            extents[run.stream] = (min(first, run.first), max(last, run.last))
        found: Counter[int] = Counter()
        for first, last in extents.values():
            for block in self.blocks(first, last):
                if start <= block.since and block.until < end:
                    count_into(found, block)
                elif block.since < end and start <= block.until:
                    found.update(self._rows_by_facet(block, start, end))
        return found

    def _rows_by_facet(self, block: Block, start: int, end: int) -> Mapping[int, int]:
        sql = """
            SELECT facet, count(*) FROM events
            WHERE seq BETWEEN ? AND ? AND received_at >= ? AND received_at < ? GROUP BY facet
        """
        values = (block.first, block.last, start, end)
        return dict(self._connection.execute(sql, values).fetchall())

    def events(self, seqs: Sequence[int], start: int, end: int, rest: Condition) -> Iterator[Event]:
        """The events of these rows that were received in [start, end) and meet a condition, in no
        order; rows that are not there are left out."""
        marks = ", ".join("?" * len(seqs))
        within = f"seq IN ({marks}) AND received_at >= ? AND received_at < ?"
        sql = f"{_SELECT} WHERE {within} AND ({rest.text})"
        return self._events(sql, (*seqs, start, end, *rest.parameters))

    def after(self, position: Position, limit: int, upto: int | None) -> list[Event]:
        """The first `limit` events of a stream after a position, none beyond sequence `upto`."""
        stream = self.number(position.stream)
        if stream is None or not 0 <= position.sequence <= SEQUENCE_MAX:
            return []
        first = stream << SEQUENCE_BITS | position.sequence
        last = stream << SEQUENCE_BITS | (SEQUENCE_MAX if upto is None else upto)
        sql = f"{_SELECT} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
        return list(self._events(sql, (first, last, limit)))

    def named(self, bucket: int, event_id: str) -> Event | None:
        """The first event of a window with this id: what was received in these 10 s is read."""
        sql = f"{_SELECT} WHERE seq BETWEEN ? AND ? AND id = ? ORDER BY seq LIMIT 1"
        for run in reversed(self.runs(bucket * BUCKET_NS, (bucket + 1) * BUCKET_NS)):
            for event in self._events(sql, (run.first, run.last, event_id)):
                return event
        return None

    def number(self, stream: str) -> int | None:
        """The number that a stream has here."""
        return next((number for number, text in self.streams.items() if text == stream), None)

    def _events(self, sql: str, values: Sequence[int | float | str]) -> Iterator[Event]:
        row: StoredRow
        for row in self._connection.execute(sql, values):
            yield event_of(row, self.streams)
