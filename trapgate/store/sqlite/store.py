"""The embedded event store: SQLite, one file or several for each UTC day of `received_at`.

In: batches of events from the one writer. Out: events, newest first or by position, to any number
of readers in other processes and threads. A file may appear or vanish while they read.
"""

import fcntl
import os
import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Self

from trapgate.model import Event, Now, Place, Position, rfc3339
from trapgate.model.query import Everything, Query
from trapgate.observe import Metrics, logger
from trapgate.store.errors import NewerSchema, OlderSchema, StoreLocked, TooManyRows
from trapgate.store.groups import GROUPS_MAX, Groups
from trapgate.store.sqlite.damage import is_unusable, mark, unavailable
from trapgate.store.sqlite.folder import (
    BUCKET_NS,
    DAY_NS,
    Part,
    damaged_files,
    delete_orphans,
    delete_part,
    files_of,
    held_parts,
    part_bytes,
    part_path,
    stored_parts,
)
from trapgate.store.sqlite.health import Health, look_at
from trapgate.store.sqlite.plan import HOT_FIELDS, Plan, facet_event, planned
from trapgate.store.sqlite.reader import PartReader, condition
from trapgate.store.sqlite.retention import Expiry, extent, surplus
from trapgate.store.sqlite.room import DiskOf, check_room, disk_of
from trapgate.store.sqlite.scan import PIECE_ROWS_MAX, PartScan, Piece, Question, pieces
from trapgate.store.sqlite.schema import open_to_read
from trapgate.store.sqlite.words import WordsReader
from trapgate.store.sqlite.writers import PART_BYTES_MAX, PartWriters

RETENTION_DAYS = 30
"""As the data streams of the Elasticsearch store."""

RETENTION_BYTES_MAX = 20 << 30
"""20 GiB: some 15 million traps at 1,300 bytes each, nine days of 20 a second; it fits on a small
disk of today."""

ROWS_EXAMINED_MAX = 200_000
"""Events that one search reads and judges: some seconds of a thread, on a machine that pages."""

_ID = re.compile(r"[0-9a-f]{32}")
_BUCKET_DIGITS = 8


class SqliteEventStore:
    """Implements `ports.EventStore`.

    Readers open a file for one call, so that any thread may ask; `write`, `retain` and `close` are
    for one thread at a time. Every method raises `StoreUnavailable` where the disk or
    SQLite fails, and `NewerSchema` for a file of a newer trapgate. A file that is damaged stops
    nothing: it is logged once, is in `broken` by its name, readers pass over the rest of it, and
    the writer sets it aside and begins a new one. So does a file of an older trapgate, which the
    writer sets aside when it opens the store: what is in it this one cannot read.

    Newest first means: by `received_at`, then by position (stream, sequence), in whatever order and
    into whatever files events were written.
    """

    def __init__(
        self,
        folder: Path,
        lock: int | None,
        rows_max: int,
        part_bytes_max: int,
        counted_max: int | None,
        metrics: Metrics,
        disk: DiskOf,
    ) -> None:
        self.broken: dict[str, str] = {}
        self.oversize: str | None = None
        self._rows_max = rows_max
        self._counted_max = counted_max
        self._folder = folder
        self._lock = lock
        self._expiry = Expiry()
        self._disk = disk
        self._health = Health(folder, metrics)
        self._writers = PartWriters(
            folder, part_bytes_max, self._note_aside, self._health.note_gone
        )

    @classmethod
    def open(
        cls,
        folder: Path,
        read_only: bool = False,
        rows_max: int = ROWS_EXAMINED_MAX,
        part_bytes_max: int = PART_BYTES_MAX,
        counted_max: int | None = None,
        metrics: Metrics | None = None,
        disk: DiskOf = disk_of,
    ) -> Self:
        """Open the store in this folder; the writer makes it, a reader may find none yet. Each
        search examines `rows_max` events at most, and a count `counted_max`, which is for a process
        that has other work, too; a file of `part_bytes_max` is full. The writer
        tells in `metrics` what is wrong with files (`health`), and leaves room on the disk as
        `disk` has it (`room`).

        Raises `StoreLocked` if another process writes here, `NewerSchema`, `StoreUnavailable`.
        """
        bounds = rows_max, part_bytes_max, counted_max, metrics or Metrics(), disk
        if read_only:
            store = cls(folder, None, *bounds)
        else:
            with unavailable():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                store = cls(folder, _lock(folder), *bounds)
        try:
            with unavailable():
                for part in held_parts(folder) if not read_only else ():
                    store._writers.finish_aside(part)
                for part in store._health.unseen(()):
                    store._look_at(part)
                if not read_only:
                    store._health.tell()
        except BaseException:
            store.close()
            raise
        return store

    def write(self, events: Sequence[Event]) -> None:
        """Store a batch, durable on return: one transaction for each file in it. Writing an event
        (a position) again changes nothing. Raises `Unstorable`, and `StoreUnavailable` also while
        the disk has no more room than is kept for paging."""
        self._check_writer()
        with unavailable():
            if events:
                check_room(self._disk(self._folder), self._writers.owed_bytes(), events)
            self._writers.write(events)

    def probe(self) -> None:
        """Nothing: a disk that refuses events does so when they are written."""

    def search(
        self, query: Query, *, start: int, end: int, limit: int, before: Place | None = None
    ) -> Sequence[Event]:
        """The newest `limit` events received in [start, end) that meet the query; those behind
        `before`, whether it is stored (any more) or not. Raises `TooManyRows` if the store's bound
        of events was examined before the answer was complete."""
        found: list[Event] = []
        if limit <= 0:
            return found
        examined = 0
        reached: Place | None = None

        def size() -> int:
            # as many as are missing at first: facets and words may have judged all there is
            asked = max(limit - len(found), examined)
            return max(1, min(asked, self._rows_max - examined))

        question = Question(planned(query), start, end, before)
        with unavailable(), closing(self._pieces(question, size)) as answer:
            for piece in answer:
                if examined >= self._rows_max:
                    raise TooManyRows(self._rows_max, len(found), found, reached)
                examined += piece.examined
                reached = piece.reached
                found += piece.events
                if len(found) >= limit:
                    break
        return found[:limit]

    def aggregate(
        self, query: Query, by: Sequence[str], *, start: int, end: int
    ) -> Mapping[tuple[str, ...], int]:
        """How many events received in [start, end) meet the query, by the values of the fields.

        An event without a field counts under "", one with several values under each of them; a
        boolean is `true` or `false`. Raises `TooManyGroups` if there are more than are counted, and
        `TooManyRows` if more events would have to be read than a count may.
        """
        plan = planned(query)
        groups = Groups(by, GROUPS_MAX)
        with unavailable():
            if plan.rest == Everything() and HOT_FIELDS.issuperset(by):
                self._count_facets(groups, plan, start, end)
            else:
                self._count_rows(groups, Question(plan, start, end, None))
        return groups.counts

    def since(self, position: Position, limit: int) -> Sequence[Event]:
        """The first `limit` events of this stream after a position, oldest first."""
        found: list[Event] = []
        with unavailable():
            for part in stored_parts(self._folder) if limit > 0 else ():
                # A clock that was set back over midnight leaves a stream's later events in an
                # earlier file: each file is asked, but only for what comes before what we have.
                upto = found[-1].position.sequence if len(found) == limit else None
                with self._passing_over(part), self._reading(part) as reader:
                    found += reader.after(position, limit, upto) if reader else []
                found = sorted(found, key=lambda event: event.position.sequence)[:limit]
        return found

    def get(self, event_id: str) -> Event | None:
        """The event with this id, of several the first by place. Its first 8 digits are its 10 s
        window: what was received in these is read, and what shares their blocks. A text that is no
        id has no event."""
        if not _ID.fullmatch(event_id):
            return None
        bucket = int(event_id[:_BUCKET_DIGITS], 16)
        found: list[Event] = []
        with unavailable():
            for part in stored_parts(self._folder):
                if part.day == bucket * BUCKET_NS // DAY_NS:
                    with self._passing_over(part), self._reading(part) as reader:
                        event = reader.named(bucket, event_id) if reader else None
                        found += [event] if event else []
        return min(found, key=lambda event: event.place, default=None)

    def damaged(self, *, start: int, end: int) -> Sequence[str]:
        """The files of which events received in [start, end) may be missing in answers: those that
        were set aside, and those that this object has found broken so far."""
        with unavailable():
            return damaged_files(self._folder, self.broken, start, end)

    def retain(
        self, now: Now, *, days: int = RETENTION_DAYS, bytes_max: int = RETENTION_BYTES_MAX
    ) -> Sequence[str]:
        """Delete what is older than this many whole days, and was so at all calls of the last hour
        (`retention.Expiry`), but for the newest day; then the oldest files until the rest fits into
        `bytes_max`; new files will be an eighth of that at most, a sixty-fourth at least. The
        newest file stays, whatever its size: if it alone is above the bound, that is logged once
        and `oversize` names it. Logs and returns what was deleted, by name. Looks first for files
        that were deleted or damaged by others, and tells of them (`health`)."""
        self._check_writer()
        self._look()
        with unavailable():
            held = held_parts(self._folder)
        gone = self._delete(self._expiry.due(held, now, days), reason="age", retention_days=days)
        self._writers.fit_into(bytes_max)
        with unavailable():
            left = held_parts(self._folder)
            sizes = {part: part_bytes(self._folder, part) for part in left}
        self._check_newest(sizes, bytes_max)
        total = sum(sizes.values())
        more = surplus(sizes, bytes_max)
        return gone + self._delete(more, reason="size", bytes=total, size_max=bytes_max)

    def close(self) -> None:
        """Fold the journals into the files and give up the lock; safe twice."""
        with unavailable():
            self._writers.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _pieces(self, question: Question, size: Callable[[], int]) -> Generator[Piece, None, None]:
        found = self._parts_between(question.start, question.until)
        for _, of_day in groupby(reversed(found), key=lambda part: part.day):
            with ExitStack() as stack:
                scans: list[PartScan] = []
                for part in of_day:
                    self._add_scan(part, question, scans, stack)
                yield from pieces(scans, size) if scans else ()

    def _add_scan(
        self, part: Part, question: Question, scans: list[PartScan], stack: ExitStack
    ) -> None:
        contained = partial(self._passing_over, part)
        with contained():
            reader = stack.enter_context(self._reading(part))
            if reader is not None:
                # the words last: they are not behind what the reader sees then, or are scanned for
                words = self._words(part, reader, stack) if question.plan.phrases else None
                scans.append(PartScan(len(scans), reader, words, question, contained))

    def _words(self, part: Part, reader: PartReader, stack: ExitStack) -> WordsReader | None:
        try:
            words = WordsReader.open(part_path(self._folder, part))
        except sqlite3.Error:
            return None  # they can be made anew: nothing depends on them
        if words is None:
            return None
        stack.enter_context(words)
        return words if words.belongs_to(reader.lineages) else None

    def _count_rows(self, groups: Groups, question: Question) -> None:
        """Count the events that meet a query, by reading them."""
        examined = found = 0
        with closing(self._pieces(question, lambda: PIECE_ROWS_MAX)) as answer:
            for piece in answer:
                examined += piece.examined
                found += len(piece.events)
                if self._counted_max is not None and examined > self._counted_max:
                    raise TooManyRows(self._counted_max, found)
                for event in piece.events:
                    groups.add(event)

    def _count_facets(self, groups: Groups, plan: Plan, start: int, end: int) -> None:
        """Count the events that meet a query of hot fields, by their facets alone."""
        hot = condition(plan.hot or Everything())
        for part in self._parts_between(start, end):
            with self._passing_over(part), self._reading(part) as reader:
                if reader is not None:
                    counted = reader.facet_counts(start, end)
                    for number, facet in reader.facets(hot):
                        if number in counted:
                            groups.add(facet_event(facet), counted[number])

    def _parts_between(self, start: int, end: int) -> list[Part]:
        return [
            part
            for part in stored_parts(self._folder)
            if start < (part.day + 1) * DAY_NS and part.day * DAY_NS < end
        ]

    def _look(self) -> None:
        with unavailable():
            self._writers.notice_gone()
            for part in self._health.unseen(self._writers.written):
                with suppress(NewerSchema):  # the next start says so; until then nobody reads it
                    self._look_at(part)
            self._health.tell()

    def _look_at(self, part: Part) -> None:
        try:
            look_at(part_path(self._folder, part))
        except OlderSchema as error:
            try:
                if self._lock is not None:
                    self._writers.set_aside(part, error)
                    return
            except OSError:
                pass  # a later write into it says so, and is tried again
            self._report(part, error)
        except sqlite3.Error as error:  # whatever it is, the other files are well
            self._report(part, error)

    def _reading(self, part: Part) -> AbstractContextManager[PartReader | None]:
        return PartReader.open(part_path(self._folder, part)) or nullcontext()

    @contextmanager
    def _passing_over(self, part: Part) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OlderSchema) as error:
            if not is_unusable(error):
                raise
            self._report(part, error)

    def _report(self, part: Part, error: Exception) -> None:
        path = part_path(self._folder, part)
        mark(path, error)
        name = path.name
        if name not in self.broken:
            self.broken[name] = str(error)
            logger().error("store.broken", file=name, reason=str(error))

    def _note_aside(self, path: Path, aside: Path, error: Exception) -> None:
        self.broken[aside.name] = str(error)
        self.broken.pop(path.name, None)
        logger().error("store.set-aside", file=aside.name, reason=str(error))

    def _check_newest(self, sizes: Mapping[Part, int], most: int) -> None:
        newest = max(sizes, default=None)
        if newest is None or sizes[newest] <= most:
            self.oversize = None
            return
        name = part_path(self._folder, newest).name
        if name != self.oversize:
            logger().error("store.oversize", file=name, bytes=sizes[newest], bytes_max=most)
        self.oversize = name

    def _check_writer(self) -> None:
        if self._lock is None:
            raise ValueError("the store is closed or was opened to read only")

    def _delete(self, parts: Sequence[Part], **why: str | int) -> list[str]:
        with unavailable():
            for part in parts:
                self._writers.forget(part)
                start, end = map(rfc3339, extent(self._folder, part))
                delete_part(self._folder, part)
                name = part_path(self._folder, part).name
                logger().info("store.deleted", file=name, start=start, end=end, **why)
                for path in files_of(self._folder, part):
                    self.broken.pop(path.name, None)
            delete_orphans(self._folder)
        return [part_path(self._folder, part).name for part in parts]


def refuse_newer(folder: Path) -> None:
    """Raises `NewerSchema` if a file in the folder is of a newer trapgate. What else is wrong is
    for who opens the store."""
    for part in stored_parts(folder):
        with suppress(sqlite3.Error, OlderSchema):
            connection = open_to_read(part_path(folder, part))
            if connection is not None:
                connection.close()


def _lock(folder: Path) -> int:
    """Take the folder for this process: SQLite before 3.51.3 can lose a batch if a part is written
    and checkpointed by two that do not know of each other (`checkpoints`), and words and retention
    have one writer too. The lock goes with the process, however it ends."""
    descriptor = os.open(folder / "events.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreLocked(folder) from None
    return descriptor
