"""Full text, behind the write: what is new in the parts of a folder → the words file of each.

In: the folder of a store, which another process writes. Out: words files beside its parts. The
newest part comes first, after each batch anew: what happened now is what is looked for.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from trapgate.observe import logger
from trapgate.store.errors import NewerSchema, StoreUnavailable
from trapgate.store.sqlite.damage import marking
from trapgate.store.sqlite.folder import delete_orphans, part_path, stored_parts
from trapgate.store.sqlite.room import DiskOf, disk_of, has_room_for_words
from trapgate.store.sqlite.schema import (
    SEQUENCE_BITS,
    SEQUENCE_MAX,
    Lineage,
    lineages,
    open_to_read,
)
from trapgate.store.sqlite.words import (
    WordsReader,
    WordsWriter,
    complaint_path,
    discard,
    is_spoilt,
    words_path,
)

BATCH_EVENTS = 5_000
"""Events of one transaction: under a tenth of a second's work on an idle core."""

BATCH_CHARS = 4 << 20
"""Text of one transaction, about: 5,000 messages as long as a datagram would be 300 MB."""

_EXTENT = """
    SELECT (SELECT min(seq) FROM events WHERE seq > ? AND seq <= ?),
        (SELECT max(seq) FROM events WHERE seq > ? AND seq <= ?)
"""

_ROWS = "SELECT seq, message FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"

Done = TypeVar("Done")

Stamp = tuple[int, ...]
"""When a part was last written, as the file system has it: the same stamp, nothing new."""


class Unindexed(NamedTuple):
    """What of a part is beyond its words."""

    streams: Mapping[int, Lineage]
    """The part's streams by their numbers."""
    rows: list[tuple[int, str]]
    """The next batch: `seq` and message."""
    places: int
    """Places in the streams beyond the words, those of the rows among them. Not each is an event:
    of a copy and of a refused datagram only the number is there."""
    indexed: int
    """How many of them are done with once the rows are indexed."""


class Indexer:
    """Keeps the words files of one folder; the one that does, and one thread.

    Errors stop nothing: a part that cannot be read or whose words cannot be written is told of once
    in the log, counted in `failures` each time, and tried again in the next round. Broken words are
    made anew.
    """

    def __init__(
        self, folder: Path, batch_events: int = BATCH_EVENTS, *, disk: DiskOf = disk_of
    ) -> None:
        self.failures = 0
        self._batch_events = batch_events
        self._folder = folder
        self._writer: WordsWriter | None = None
        self._level: dict[Path, Stamp] = {}
        self._merged: set[Path] = set()
        self._places: dict[Path, int] = {}
        self._troubles: dict[Path, str] = {}
        self._disk = disk
        self._waits = False

    @property
    def lag(self) -> int:
        """Events beyond the words, of all parts; copies that were not stored count too, which took
        a place of the stream between them."""
        return sum(self._places.values())

    def round(self) -> Iterator[None]:
        """Index what is new, all of it, and then merge what is complete; stops after each bounded
        piece of work, for the caller to look at other things or to leave."""
        seen: set[Path] = set()  # there is no more in them, or nothing can be done now
        failed: set[Path] = set()
        while (parts := self._contained(self._folder, self._look)) is not None:
            behind = [part for part in parts if part not in seen and not self._is_level(part)]
            scattered = [part for part in parts[1:] if part not in self._merged | failed]
            if behind:
                part, work = behind[0], self._advance
            elif scattered and bool(self._contained(self._folder, self._has_room)):
                part, work = scattered[0], self._merge
            else:
                return
            more = self._contained(part, work)
            if not more:
                seen.add(part)
            if more is None:
                failed.add(part)
            yield

    def close(self) -> None:
        """Close the file that is open; safe twice."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    # -- what there is ----------------------------------------------------------------------------

    def _look(self, folder: Path) -> list[Path]:
        """The parts, newest first; what is left of those that are gone is deleted and forgotten."""
        parts = [part_path(folder, part) for part in reversed(stored_parts(folder))]
        delete_orphans(folder)
        self._forget(parts)
        for part in parts:
            if part not in self._places:
                self._places[part] = self._contained(part, _places) or 0
        return parts

    def _forget(self, parts: list[Path]) -> None:
        for gone in self._places.keys() - set(parts):
            del self._places[gone]
            self._level.pop(gone, None)
            self._troubles.pop(gone, None)
            self._merged.discard(gone)
        if self._writer is not None and self._writer.part not in parts:
            self.close()

    def _is_level(self, part: Path) -> bool:
        """Whether the words have all that is in the part, and are there."""
        return (
            self._level.get(part) == _stamp(part)
            and words_path(part).exists()
            and not complaint_path(part).exists()
        )

    # -- pieces of work ---------------------------------------------------------------------------

    def _contained(self, place: Path, work: Callable[[Path], Done]) -> Done | None:
        """Do it; `None` if it cannot be done now."""
        try:
            done = work(place)
        except (sqlite3.Error, OSError, StoreUnavailable, NewerSchema) as error:
            self.failures += 1
            if place not in self._troubles:
                logger().error("store.words", file=place.name, reason=str(error))
            self._troubles[place] = str(error)
            with suppress(sqlite3.Error):  # a full disk refuses to fold the journal in: it stays
                self.close()
            return None
        if self._troubles.pop(place, None) is not None:
            logger().info("store.words.over", file=place.name)
        return done

    def _advance(self, part: Path) -> bool:
        if complaint_path(part).exists():
            self._discard(part)
            raise StoreUnavailable("its words are broken: they are made anew")
        if not self._has_room(self._folder):
            self._places[part] = _places(part)
            return False
        stamp = _stamp(part)  # before reading: what is written meanwhile changes it again
        with self._mending(part):
            writer = self._writer_of(part)
        found = _unindexed(part, writer.upto, self._batch_events)
        if not writer.belongs_to(found.streams):
            self._discard(part)
            return True
        with self._mending(part):
            if found.rows:
                writer.add(found.rows, found.streams)
                self._merged.discard(part)
            else:
                self._level[part] = stamp
        self._places[part] = found.places - found.indexed
        return found.places > found.indexed

    def _merge(self, part: Path) -> bool:
        with self._mending(part):
            more = self._writer_of(part).merge()
        if not more:
            self._merged.add(part)
        return more

    def _has_room(self, folder: Path) -> bool:
        """Whether the disk has room for words; told when that changes."""
        waits = not has_room_for_words(self._disk(folder))
        if waits and not self._waits:
            logger().warning(
                "store.words.waiting",
                reason="the room that is left on the disk is kept for events and for paging; until "
                "there is more, searches for words read the events that are not indexed",
            )
        elif self._waits and not waits:
            logger().info("store.words.waiting.over")
        self._waits = waits
        return not waits

    def _writer_of(self, part: Path) -> WordsWriter:
        writer = self._writer
        if writer is None or writer.part != part or not writer.still_there():
            self.close()
            if not words_path(part).exists():
                _check_readable(part)
            writer = self._writer = WordsWriter.open(part)
        return writer

    def _discard(self, part: Path) -> None:
        self.close()
        discard(part)

    @contextmanager
    def _mending(self, part: Path) -> Iterator[None]:
        """If it turns out that the words are spoilt, throw them away: the next round makes them
        anew. The error goes on."""
        try:
            yield
        except sqlite3.Error as error:
            if is_spoilt(error):
                self._discard(part)
            raise


def _check_readable(part: Path) -> None:
    """Raises what reading the part raises: beside one that cannot be read no words are made."""
    with marking(part):
        connection = open_to_read(part)
    if connection is not None:
        connection.close()


def _places(part: Path) -> int:
    """How far behind a part's words are, before it is their turn."""
    reader = WordsReader.open(part)
    if reader is None:
        return _unindexed(part, lambda stream: stream << SEQUENCE_BITS, 0).places
    with reader:
        return _unindexed(part, reader.upto, 0).places


def _unindexed(part: Path, upto: Callable[[int], int], limit: int) -> Unindexed:
    """What is beyond the words that go up to these places: about `limit` events, each stream its
    share of them, that none waits for another. The part is left at once: as long as somebody looks
    at it, its journal grows."""
    with marking(part):
        connection = open_to_read(part)
    if connection is None:  # gone, or just being made
        return Unindexed({}, [], 0, 0)
    with marking(part), closing(connection):
        connection.execute("BEGIN")
        streams = lineages(connection)
        share = -(-limit // max(1, len(streams)))
        rows: list[tuple[int, str]] = []
        places = indexed = 0
        for stream in sorted(streams):
            span = (upto(stream), stream << SEQUENCE_BITS | SEQUENCE_MAX)
            first, last = connection.execute(_EXTENT, span * 2).fetchone()
            if last is None:
                continue
            places += last - first + 1
            own = _batch(connection.execute(_ROWS, (*span, share)), BATCH_CHARS // len(streams))
            indexed += own[-1][0] - first + 1 if own else 0
            rows += own
        return Unindexed(streams, rows, places, indexed)


def _batch(rows: Iterator[tuple[int, str]], chars_max: int) -> list[tuple[int, str]]:
    """These rows, until their text is so long; one at least."""
    batch, chars = [], 0
    for row in rows:
        batch.append(row)
        chars += len(row[1])
        if chars >= chars_max:
            break
    return batch


def _stamp(part: Path) -> Stamp:
    """When a part and its journal were last written; an empty journal is none."""
    found: list[int] = []
    for path in (part, part.with_name(f"{part.name}-wal")):
        with suppress(FileNotFoundError):
            status = path.stat()
            if status.st_size:
                found += status.st_mtime_ns, status.st_size
    return tuple(found)
