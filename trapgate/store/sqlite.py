"""The embedded event store: SQLite, one file per UTC day of `received_at`.

In: batches of events from the one writer. Out: events, newest first or by position, to any number
of readers in other processes and threads. A day's file may appear or vanish while they read.
"""

import fcntl
import os
import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import islice, product
from pathlib import Path
from typing import Self

from trapgate.model import Event, FieldValue, Now, Position
from trapgate.model.query import Query
from trapgate.query.predicate import predicate, read_field
from trapgate.store.errors import StoreLocked, TooManyGroups, unavailable
from trapgate.store.folder import (
    BUCKET_NS,
    DAY_NS,
    day_bytes,
    day_path,
    delete_day,
    delete_orphans,
    stored_days,
)
from trapgate.store.narrow import narrowing
from trapgate.store.reader import DayReader, Place
from trapgate.store.writer import DayWriter

RETENTION_DAYS = 30
"""As the data streams of the Elasticsearch store."""

RETENTION_BYTES_MAX = 20 << 30
"""20 GiB: some 25 million traps at 850 bytes each with their indexes, two weeks of 20 a second; it
fits on a small disk of today."""

WRITERS_OPEN_MAX = 2
"""A batch around midnight goes to two days; a third is closed, for each has a cache."""

GROUPS_MAX = 100_000
"""Groups of an aggregation: about 30 MB, and more than anybody reads."""

_ID = re.compile(r"[0-9a-f]{32}")
_BUCKET_DIGITS = 8


class SqliteEventStore:
    """Implements `ports.EventStore`.

    Readers open a file for one call, so that any thread may ask; `write`, `expire`, `retain` and
    `close` are for one thread at a time. Every method raises `StoreUnavailable` where the disk or
    SQLite fails, and `NewerSchema` for a file of a newer trapgate.

    Newest first means: by the 10 s window of `received_at`, within it by position (stream, then
    sequence); that is arrival order, unless streams take turns within the window.
    """

    def __init__(self, folder: Path, lock: int | None) -> None:
        self._folder = folder
        self._lock = lock
        self._writers: dict[int, DayWriter] = {}

    @classmethod
    def open(cls, folder: Path, read_only: bool = False) -> Self:
        """Open the store in this folder; the writer makes it, a reader may find none yet.

        Raises `StoreLocked` if another process writes here, `NewerSchema`, `StoreUnavailable`.
        """
        if read_only:
            store = cls(folder, None)
        else:
            with unavailable():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                store = cls(folder, _lock(folder))
        try:
            with unavailable():
                for day in store._days():
                    with store._reading(day):
                        pass
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
                self._writer(day).write(by_day[day])

    def search(
        self, query: Query, *, start: int, end: int, limit: int, before: Position | None = None
    ) -> Sequence[Event]:
        """The newest `limit` events received in [start, end) that meet the query; a `before` that
        is not stored (any more) has nothing behind it."""
        meets = predicate(query)
        with unavailable(), closing(self._scan(query, start, end, before)) as scan:
            return list(islice(filter(meets, scan), limit))

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
                with self._reading(day) as reader:
                    found += reader.after(position, limit, upto) if reader else []
                found = sorted(found, key=lambda event: event.position.sequence)[:limit]
        return found

    def get(self, event_id: str) -> Event | None:
        """The event with this id. Its first 8 digits are its 10 s window: what was received in
        these is read, nothing else. A text that is no id has no event."""
        if not _ID.fullmatch(event_id):
            return None
        bucket = int(event_id[:_BUCKET_DIGITS], 16)
        with unavailable(), self._reading(bucket * BUCKET_NS // DAY_NS) as reader:
            return reader.named(bucket, event_id) if reader else None

    def expire(self, before_ns: int) -> Sequence[str]:
        """Delete the days that ended before an instant; returns the names of their files."""
        self._check_writer()
        days = [day for day in self._days() if (day + 1) * DAY_NS <= before_ns]
        return self._delete(days)

    def retain(
        self, now: Now, *, days: int = RETENTION_DAYS, bytes_max: int = RETENTION_BYTES_MAX
    ) -> Sequence[str]:
        """Delete what is older than this many whole days, then the oldest days until the rest fits
        into `bytes_max`; the newest day stays, whatever its size. Returns the names of the
        deleted files."""
        gone = list(self.expire(now.wall_ns - days * DAY_NS))
        with unavailable():
            left = self._days()
            sizes = {day: day_bytes(self._folder, day) for day in left}
            excess = sum(sizes.values()) - bytes_max
            oversize = []
            for day in left[:-1]:
                if excess <= 0:
                    break
                excess -= sizes[day]
                oversize.append(day)
        return gone + list(self._delete(oversize))

    def close(self) -> None:
        """Fold the journals into the files and give up the lock; safe twice."""
        with unavailable():
            while self._writers:
                self._writers.popitem()[1].close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _scan(
        self, query: Query, start: int, end: int, before: Position | None
    ) -> Generator[Event, None, None]:
        place: Place | None = None
        if before is not None:
            place = self._place(before)
            if place is None:
                return
            end = min(end, (place.bucket + 1) * BUCKET_NS)
        wanted = narrowing(query)
        for day in reversed(self._days()):
            if start < (day + 1) * DAY_NS and day * DAY_NS < end:
                with self._reading(day) as reader:
                    if reader is not None:
                        yield from reader.newest_first(start, end, wanted, place)

    def _place(self, position: Position) -> Place | None:
        for day in reversed(self._days()):
            with self._reading(day) as reader:
                place = reader.place(position) if reader else None
            if place is not None:
                return place
        return None

    def _days(self) -> list[int]:
        return stored_days(self._folder)

    def _reading(self, day: int) -> AbstractContextManager[DayReader | None]:
        return DayReader.open(day_path(self._folder, day)) or nullcontext()

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
