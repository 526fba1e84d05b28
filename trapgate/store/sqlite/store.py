"""The embedded event store: SQLite, one file per UTC day of `received_at`.

In: batches of events from the one writer. Out: events, newest first or by position, to any number
of readers in other processes and threads. A day's file may appear or vanish while they read.
"""

import fcntl
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import product
from pathlib import Path
from typing import Self

from trapgate.model import Event, FieldValue, Now, Place, Position
from trapgate.model.query import Query
from trapgate.observe import logger
from trapgate.query.predicate import predicate, read_field
from trapgate.store.errors import (
    StoreLocked,
    TooManyGroups,
    TooManyRows,
    is_broken,
    unavailable,
)
from trapgate.store.sqlite.folder import (
    BUCKET_NS,
    DAY_NS,
    day_bytes,
    day_path,
    delete_day,
    delete_orphans,
    held_days,
    set_aside,
    stored_days,
)
from trapgate.store.sqlite.narrow import narrowing
from trapgate.store.sqlite.reader import DayReader, Spot
from trapgate.store.sqlite.writer import DayWriter

RETENTION_DAYS = 30
"""As the data streams of the Elasticsearch store."""

RETENTION_BYTES_MAX = 20 << 30
"""20 GiB: some 25 million traps at 850 bytes each with their indexes, two weeks of 20 a second; it
fits on a small disk of today."""

WRITERS_OPEN_MAX = 2
"""A batch around midnight goes to two days; a third is closed, for each has a cache."""

GROUPS_MAX = 100_000
"""Groups of an aggregation: about 30 MB, and more than anybody reads."""

ROWS_EXAMINED_MAX = 200_000
"""Events that one search reads and judges: some seconds of a thread, on a machine that pages."""

_ID = re.compile(r"[0-9a-f]{32}")
_BUCKET_DIGITS = 8


class SqliteEventStore:
    """Implements `ports.EventStore`.

    Readers open a file for one call, so that any thread may ask; `write`, `expire`, `retain` and
    `close` are for one thread at a time. Every method raises `StoreUnavailable` where the disk or
    SQLite fails, and `NewerSchema` for a file of a newer trapgate. A day whose file is damaged
    stops nothing: it is logged once, is in `broken` by its file's name, readers pass over the rest
    of it, and the writer sets it aside and begins a new one.

    Newest first means: by the 10 s window of `received_at`, within it by position (stream, then
    sequence); that is arrival order, unless streams take turns within the window.
    """

    def __init__(self, folder: Path, lock: int | None, rows_max: int) -> None:
        self.broken: dict[str, str] = {}
        self.oversize: str | None = None
        self._rows_max = rows_max
        self._folder = folder
        self._lock = lock
        self._writers: dict[int, DayWriter] = {}

    @classmethod
    def open(cls, folder: Path, read_only: bool = False, rows_max: int = ROWS_EXAMINED_MAX) -> Self:
        """Open the store in this folder; the writer makes it, a reader may find none yet.

        Raises `StoreLocked` if another process writes here, `NewerSchema`, `StoreUnavailable`.
        """
        if read_only:
            store = cls(folder, None, rows_max)
        else:
            with unavailable():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                store = cls(folder, _lock(folder), rows_max)
        try:
            with unavailable():
                for day in store._days():
                    try:
                        with store._reading(day):
                            pass
                    except sqlite3.Error as error:  # whatever it is, the other days are well
                        store._report(day, error)
        except BaseException:
            store.close()
            raise
        return store

    def write(self, events: Sequence[Event]) -> None:
        """Store a batch, durable on return: one transaction for each day in it. Writing an event
        (a position) again changes nothing. Raises `Unstorable`."""
        self._check_writer()
        by_day: dict[int, list[Event]] = {}
        for event in events:
            by_day.setdefault(event.received_at // DAY_NS, []).append(event)
        with unavailable():
            for day in sorted(by_day):
                self._write_day(day, by_day[day])

    def search(
        self, query: Query, *, start: int, end: int, limit: int, before: Place | None = None
    ) -> Sequence[Event]:
        """The newest `limit` events received in [start, end) that meet the query; a `before` that
        is not stored (any more) has nothing behind it. Raises `TooManyRows` if the store's bound
        of events was examined before the answer was complete."""
        meets = predicate(query)
        found: list[Event] = []
        if limit <= 0:
            return found
        with unavailable(), closing(self._scan(query, start, end, before)) as scan:
            for event in filter(meets, _bounded(scan, self._rows_max, found)):
                found.append(event)
                if len(found) >= limit:
                    break
        return found

    def aggregate(
        self, query: Query, by: Sequence[str], *, start: int, end: int
    ) -> Mapping[tuple[str, ...], int]:
        """How many events received in [start, end) meet the query, by the values of the fields.

        An event without a field counts under "", one with several values under each of them; a
        boolean is `true` or `false`. Raises `TooManyGroups` beyond `GROUPS_MAX`.
        """
        meets = predicate(query)
        fields = [read_field(name) for name in by]
        counts: Counter[tuple[str, ...]] = Counter()
        with unavailable(), closing(self._scan(query, start, end, None)) as scan:
            for event in filter(meets, scan):
                counts.update(product(*(_texts(field, event) for field in fields)))
                if len(counts) > GROUPS_MAX:
                    raise TooManyGroups(GROUPS_MAX)
        return counts

    def since(self, position: Position, limit: int) -> Sequence[Event]:
        """The first `limit` events of this stream after a position, oldest first."""
        found: list[Event] = []
        with unavailable():
            for day in self._days() if limit > 0 else ():
                # A clock that was set back over midnight leaves a stream's later events in an
                # earlier file: each file is asked, but only for what comes before what we have.
                upto = found[-1].position.sequence if len(found) == limit else None
                with self._passing_over(day), self._reading(day) as reader:
                    found += reader.after(position, limit, upto) if reader else []
                found = sorted(found, key=lambda event: event.position.sequence)[:limit]
        return found

    def get(self, event_id: str) -> Event | None:
        """The event with this id. Its first 8 digits are its 10 s window: what was received in
        these is read, nothing else. A text that is no id has no event."""
        if not _ID.fullmatch(event_id):
            return None
        bucket = int(event_id[:_BUCKET_DIGITS], 16)
        day = bucket * BUCKET_NS // DAY_NS
        found: Event | None = None
        with unavailable(), self._passing_over(day), self._reading(day) as reader:
            if reader is not None:
                found = reader.named(bucket, event_id)
        return found

    def expire(self, before_ns: int) -> Sequence[str]:
        """Delete the days that ended before an instant; returns the names of their files."""
        self._check_writer()
        days = [day for day in held_days(self._folder) if (day + 1) * DAY_NS <= before_ns]
        return self._delete(days)

    def retain(
        self, now: Now, *, days: int = RETENTION_DAYS, bytes_max: int = RETENTION_BYTES_MAX
    ) -> Sequence[str]:
        """Delete what is older than this many whole days, then the oldest days until the rest fits
        into `bytes_max`. The newest day stays, whatever its size: if it alone is above the bound,
        that is logged once and `oversize` names its file. Returns the names of the deleted
        files."""
        gone = list(self.expire(now.wall_ns - days * DAY_NS))
        with unavailable():
            left = held_days(self._folder)
            sizes = {day: day_bytes(self._folder, day) for day in left}
            excess = sum(sizes.values()) - bytes_max
            oversize = []
            for day in left[:-1]:
                if excess <= 0:
                    break
                excess -= sizes[day]
                oversize.append(day)
        self._check_newest(left, sizes, bytes_max)
        return gone + list(self._delete(oversize))

    def _check_newest(self, days: Sequence[int], sizes: Mapping[int, int], bytes_max: int) -> None:
        newest = days[-1] if days else None
        if newest is None or sizes[newest] <= bytes_max:
            self.oversize = None
            return
        name = day_path(self._folder, newest).name
        if name != self.oversize:
            logger().error("store.oversize", file=name, bytes=sizes[newest], bytes_max=bytes_max)
        self.oversize = name

    def close(self) -> None:
        """Fold the journals into the files and give up the lock; safe twice."""
        with unavailable():
            while self._writers:
                self._writers.popitem()[1].close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _scan(
        self, query: Query, start: int, end: int, before: Place | None
    ) -> Generator[Event, None, None]:
        place: Spot | None = None
        if before is not None:
            place = self._place(before.position)
            if place is None:
                return
            end = min(end, (place.bucket + 1) * BUCKET_NS)
        wanted = narrowing(query)
        for day in reversed(self._days()):
            if start < (day + 1) * DAY_NS and day * DAY_NS < end:
                with self._passing_over(day), self._reading(day) as reader:
                    if reader is not None:
                        yield from reader.newest_first(start, end, wanted, place)

    def _place(self, position: Position) -> Spot | None:
        for day in reversed(self._days()):
            place = None
            with self._passing_over(day), self._reading(day) as reader:
                place = reader.place(position) if reader else None
            if place is not None:
                return place
        return None

    def _days(self) -> list[int]:
        return stored_days(self._folder)

    def _reading(self, day: int) -> AbstractContextManager[DayReader | None]:
        return DayReader.open(day_path(self._folder, day)) or nullcontext()

    @contextmanager
    def _passing_over(self, day: int) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if not is_broken(error):
                raise
            self._report(day, error)

    def _report(self, day: int, error: sqlite3.Error) -> None:
        name = day_path(self._folder, day).name
        if name not in self.broken:
            self.broken[name] = str(error)
            logger().error("store.broken", file=name, reason=str(error))

    def _write_day(self, day: int, events: Sequence[Event]) -> None:
        try:
            self._writer(day).write(events)
        except sqlite3.Error as error:
            if not is_broken(error):
                raise
            if day in self._writers:
                self._writers.pop(day).close()
            aside = set_aside(self._folder, day)
            self.broken[aside.name] = str(error)
            self.broken.pop(day_path(self._folder, day).name, None)
            logger().error("store.set-aside", file=aside.name, reason=str(error))
            self._writer(day).write(events)

    def _writer(self, day: int) -> DayWriter:
        writer = self._writers.get(day)
        if writer is None:
            while len(self._writers) >= WRITERS_OPEN_MAX:
                self._writers.pop(min(self._writers)).close()
            writer = self._writers[day] = DayWriter(day_path(self._folder, day))
        return writer

    def _check_writer(self) -> None:
        if self._lock is None:
            raise ValueError("the store is closed or was opened to read only")

    def _delete(self, days: Sequence[int]) -> list[str]:
        with unavailable():
            for day in days:
                if day in self._writers:
                    self._writers.pop(day).close()
                delete_day(self._folder, day)
                prefix = day_path(self._folder, day).stem
                for name in [name for name in self.broken if name.startswith(prefix)]:
                    del self.broken[name]
            delete_orphans(self._folder)
        return [day_path(self._folder, day).name for day in days]


def _lock(folder: Path) -> int:
    """Take the folder for this process: SQLite before 3.51.3 can lose a journal if two
    connections write and checkpoint. The lock goes with the process, however it ends."""
    descriptor = os.open(folder / "events.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreLocked(folder) from None
    return descriptor


def _bounded(
    events: Iterable[Event], rows_max: int, found: Sequence[Event]
) -> Generator[Event, None, None]:
    """These events, until `rows_max` of them are out; `found` is what came of them."""
    for count, event in enumerate(events):
        if count >= rows_max:
            raise TooManyRows(rows_max, len(found))
        yield event


def _texts(field: Callable[[Event], FieldValue | None], event: Event) -> Sequence[str]:
    """The values of a field as an aggregation names them."""
    value = field(event)
    if value is None:
        return ("",)
    if isinstance(value, tuple):
        return tuple(dict.fromkeys(value)) or ("",)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (str(value),)
