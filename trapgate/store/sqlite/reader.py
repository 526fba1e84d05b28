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
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX, lineages, open_to_read

_SELECT = """
    SELECT seq, timestamp, received_at, id, dataset, severity, code, device, source,
        message, doc, raw
    FROM events JOIN facets ON number = facet
"""

_IN_BLOCKS = """
    WHERE last >= ? AND last <= coalesce(
        (SELECT min(last) FROM blocks WHERE last BETWEEN ? AND ?), ?
    )
"""
"""The blocks with rows from one seq to another: up to the one that reaches beyond."""

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


SPARSE = 3
"""Where so few rows are asked for that this many lie to one of them, each is sought by its seq;
else all are passed over, which costs a third of that a row."""


class Span(NamedTuple):
    """The rows of one stream from seq `first` to `last`, none received before `since` or after
    `until`: what is known of a block without its facets."""

    first: int
    last: int
    since: int
    until: int


class PartReader:
    """One connection to one part; raises `sqlite3.Error` as it comes.

    It sees what was committed when it first looked, all of it or nothing of a batch.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for name, function in FUNCTIONS.items():
            connection.create_function(name, 2, function, deterministic=True)
        connection.execute("BEGIN")  # one snapshot for all that is asked
        self.lineages = lineages(connection)
        self.streams: Mapping[int, str] = {n: stream.text for n, stream in self.lineages.items()}
        self._tails: dict[int, Sequence[Block]] = {}

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

    def latest(self, start: int, end: int) -> int | None:
        """An instant by which all rows were received that [start, end) may have here, rounded up to
        the next window; `None` if it has none."""
        ((bucket,),) = self._connection.execute(
            "SELECT max(bucket) FROM buckets WHERE bucket BETWEEN ? AND ?", _windows(start, end)
        )
        return None if bucket is None else (bucket + 1) * BUCKET_NS

    def extents(self, start: int, end: int) -> list[tuple[int, int]]:
        """From where to where the rows of each stream lie that were received in the windows that
        [start, end) touches: first and last seq. Where the clock was set back, or streams were
        late, rows of any other time lie among them."""
        rows = self._connection.execute(
            "SELECT min(first), max(last) FROM buckets WHERE bucket BETWEEN ? AND ?"
            " GROUP BY stream",
            _windows(start, end),
        )
        return rows.fetchall()

    def spans(self, first: int, last: int) -> list[Span]:
        """The rows of a stream from seq `first` to `last`, in order, as far as they share a block;
        those that are in none yet are as many as another."""
        sql = f"SELECT max(first, ?), min(last, ?), since, until FROM blocks {_IN_BLOCKS}"
        values = (first, last, *_in_blocks(first, last))
        rows = self._connection.execute(f"{sql} ORDER BY blocks.last", values)
        found = list(map(Span._make, rows))
        if not found or found[-1].last < last:
            for block in self._tail(last):
                if first <= block.last and block.first <= last:
                    lowest, highest = max(block.first, first), min(block.last, last)
                    found.append(Span(lowest, highest, block.since, block.until))
        return found

    def received(self, seqs: Sequence[int]) -> list[tuple[int, int]]:
        """When these rows, the highest first, were received: seq and `received_at`, in no order.
        Rows that are not there are left out."""
        select = "SELECT seq, received_at FROM events WHERE seq"
        first, last = seqs[-1], seqs[0]
        if last - first > SPARSE * len(seqs):
            return self._connection.execute(f"{select} IN ({_marks(seqs)})", seqs).fetchall()
        rows = self._connection.execute(f"{select} BETWEEN ? AND ?", (first, last)).fetchall()
        if last - first < len(seqs):
            return rows
        asked = set(seqs)
        return [row for row in rows if row[0] in asked]

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
        tail = self._tail(last)
        if tail and tail[0].first <= last:
            yield from reversed(tail)
        sql = "SELECT last, first, since, until, offsets, facets, codes FROM blocks"
        values = _in_blocks(first, last)
        for row in self._connection.execute(f"{sql} {_IN_BLOCKS} ORDER BY last DESC", values):
            yield Block._make(row)

    def _tail(self, seq: int) -> Sequence[Block]:
        """What is behind the last block of this row's stream."""
        stream = seq >> SEQUENCE_BITS
        if stream not in self._tails:
            lowest, highest = stream << SEQUENCE_BITS, seq | SEQUENCE_MAX
            ((blocked,),) = self._connection.execute(
                "SELECT max(last) FROM blocks WHERE last BETWEEN ? AND ?", (lowest, highest)
            )
            rows: list[BlockRow] = self._connection.execute(
                "SELECT seq, facet, received_at FROM events WHERE seq > ? AND seq <= ?"
                " ORDER BY seq",
                (blocked or lowest, highest),
            ).fetchall()
            self._tails[stream] = blocks_of(rows)
        return self._tails[stream]

    def facet_counts(self, start: int, end: int) -> Mapping[int, int]:
        """How many events received in [start, end) have each facet: whole blocks are counted by
        their facets, those at the edges of the time by their rows."""
        found: Counter[int] = Counter()
        for first, last in self.extents(start, end):
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

    def events(self, seqs: Sequence[int], rest: Condition) -> Iterator[Event]:
        """The events of these rows that meet a condition, in no order; rows that are not there are
        left out."""
        sql = f"{_SELECT} WHERE seq IN ({_marks(seqs)}) AND ({rest.text})"
        return self._events(sql, (*seqs, *rest.parameters))

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
        """The first event of a window with this id: what was received in these 10 s is read, and
        what shares its blocks."""
        start, end = bucket * BUCKET_NS, (bucket + 1) * BUCKET_NS
        sql = f"{_SELECT} WHERE seq BETWEEN ? AND ? AND id = ?"
        found: list[Event] = []
        for extent in self.extents(start, end):
            for span in self.spans(*extent):
                if span.since < end and start <= span.until:
                    found += self._events(sql, (span.first, span.last, event_id))
        return min(found, key=lambda event: event.place, default=None)

    def number(self, stream: str) -> int | None:
        """The number that a stream has here."""
        return next((number for number, text in self.streams.items() if text == stream), None)

    def _events(self, sql: str, values: Sequence[int | float | str]) -> Iterator[Event]:
        row: StoredRow
        for row in self._connection.execute(sql, values):
            yield event_of(row, self.streams)


def _in_blocks(first: int, last: int) -> tuple[int, int, int, int]:
    end = last | SEQUENCE_MAX
    return first, last, end, end


def _windows(start: int, end: int) -> tuple[int, int]:
    return start // BUCKET_NS, (end - 1) // BUCKET_NS


def _marks(values: Sequence[int]) -> str:
    return ", ".join("?" * len(values))
