"""One day's file as its readers see it: each opens it for one question and closes it again."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from trapgate.model import Event, Position
from trapgate.store.sqlite.folder import BUCKET_NS
from trapgate.store.sqlite.narrow import Narrowing
from trapgate.store.sqlite.row import StoredRow, event_of
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX, open_to_read

_SELECT = """
    SELECT seq, timestamp, received_at, id,
        (SELECT text FROM datasets WHERE number = dataset),
        (SELECT text FROM codes WHERE number = code),
        (SELECT text FROM devices WHERE number = device),
        severity, doc, raw
    FROM events
"""


class Spot(NamedTuple):
    """Where an event stands in a file's order: by 10 s of `received_at`, then by position."""

    bucket: int
    seq: int


class Span(NamedTuple):
    """A run of rows: from `first` to `last`, of which those received in [start, end) count."""

    first: int
    last: int
    start: int
    end: int


class DayReader:
    """One connection to one day's file; raises `sqlite3.Error` as it comes.

    It sees what was committed when it first looked, all of it or nothing of a batch.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("BEGIN")  # one snapshot for all that is asked
        self._streams: Mapping[int, str] = dict(
            connection.execute("SELECT number, text FROM streams").fetchall()
        )

    @classmethod
    def open(cls, path: Path) -> Self | None:
        """Open a day's file; `None` if it is gone or just being made. Raises `NewerSchema`."""
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

    def place(self, position: Position) -> Spot | None:
        """Where the event of a position stands; `None` if it is not in this file."""
        stream = self._number("streams", position.stream)
        if stream is None or not 0 < position.sequence <= SEQUENCE_MAX:
            return None
        seq = stream << SEQUENCE_BITS | position.sequence
        row = self._connection.execute(
            "SELECT received_at FROM events WHERE seq = ?", (seq,)
        ).fetchone()
        return Spot(row[0] // BUCKET_NS, seq) if row else None

    def newest_first(
        self, start: int, end: int, narrowing: Narrowing, before: Spot | None
    ) -> Iterator[Event]:
        """The events received in [start, end) that `narrowing` lets through, behind `before`."""
        condition, values = "", []
        for column, table, text in (
            ("code", "codes", narrowing.code),
            ("device", "devices", narrowing.device),
        ):
            if text is not None:
                number = self._number(table, text)
                if number is None:
                    return
                condition += f" AND {column} = ?"
                values.append(number)
        # Without statistics SQLite would walk all rows instead. A device is rarer than a code.
        index = "device" if narrowing.device is not None else "code"
        indexed = f"INDEXED BY events_{index}" if values else ""
        sql = (
            f"{_SELECT} {indexed} WHERE seq BETWEEN ? AND ? AND received_at >= ?"
            f" AND received_at < ?{condition} ORDER BY seq DESC"
        )
        for span in self._spans(start, end, before):
            yield from self._events(sql, (*span, *values))

    def after(self, position: Position, limit: int, upto: int | None) -> list[Event]:
        """The first `limit` events of a stream after a position, none beyond sequence `upto`."""
        stream = self._number("streams", position.stream)
        if stream is None or not 0 <= position.sequence <= SEQUENCE_MAX:
            return []
        first = stream << SEQUENCE_BITS | position.sequence
        last = stream << SEQUENCE_BITS | (SEQUENCE_MAX if upto is None else upto)
        sql = f"{_SELECT} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
        return list(self._events(sql, (first, last, limit)))

    def named(self, bucket: int, event_id: str) -> Event | None:
        """The first event of a bucket with this id: what was received in these 10 s is read."""
        runs = self._connection.execute(
            "SELECT first, last FROM buckets WHERE bucket = ? ORDER BY stream", (bucket,)
        ).fetchall()
        sql = f"{_SELECT} WHERE seq BETWEEN ? AND ? AND id = ? ORDER BY seq LIMIT 1"
        for first, last in runs:
            for event in self._events(sql, (first, last, event_id)):
                return event
        return None

    def _number(self, table: str, text: str) -> int | None:
        row = self._connection.execute(
            f"SELECT number FROM {table} WHERE text = ?", (text,)
        ).fetchone()
        return int(row[0]) if row else None

    def _spans(self, start: int, end: int, before: Spot | None) -> list[Span]:
        rows = self._connection.execute(
            "SELECT bucket, first, last FROM buckets WHERE bucket BETWEEN ? AND ?"
            " ORDER BY bucket DESC, stream DESC",
            (start // BUCKET_NS, (end - 1) // BUCKET_NS),
        )
        return spans(rows, start, end, before)

    def _events(self, sql: str, values: tuple[int | str | None, ...]) -> Iterator[Event]:
        row: StoredRow
        for row in self._connection.execute(sql, values):
            yield event_of(row, self._streams)


def spans(
    buckets: Iterable[tuple[int, int, int]], start: int, end: int, before: Spot | None
) -> list[Span]:
    """The runs of rows that give the events of these buckets (bucket, first seq, last seq; newest
    first) in order, each once, those behind `before` only.

    Positions grow with time, so that a day is usually one run. Where the clock was set back, or
    where streams took turns, a bucket's rows lie among those of others and are a run of their own.
    """
    found: list[Span] = []
    for bucket, first, last in buckets:
        if before is not None and bucket >= before.bucket:
            if bucket > before.bucket or first >= before.seq:
                continue
            last = min(last, before.seq - 1)
        since = max(start, bucket * BUCKET_NS)
        if found and last < found[-1].first:
            found[-1] = found[-1]._replace(first=first, start=since)
        else:
            found.append(Span(first, last, since, min(end, (bucket + 1) * BUCKET_NS)))
    return found
