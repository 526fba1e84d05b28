"""The journal is copied beside the writing, and begins again when all of it was copied."""

import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store.events import event
from trapgate.store.sqlite.checkpoints import COMMIT_PAGES, RESTS_MAX, ROUNDS_MAX, Checkpoints
from trapgate.store.sqlite.folder import Part, part_path
from trapgate.store.sqlite.schema import open_to_read, open_to_write
from trapgate.store.sqlite.writer import PartWriter

JOURNAL_PAGES = 40
REST_PAGES_MAX = 30
SMALL = 1
LARGE = 40


class Written:
    """A part, what is written into it, and its checkpoints. Nothing happens beside the writing
    unless a test lets it: `round_ends` waits for the thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.connection = open_to_write(path, dict)
        self.checkpoints = Checkpoints(
            path, self.connection, journal_pages=JOURNAL_PAGES, rest_pages_max=REST_PAGES_MAX
        )

    def write(self, pages: int) -> None:
        """A batch that adds so many pages, or a few more."""
        self.commit(pages)
        self.checkpoints.wrote()

    def commit(self, pages: int) -> None:
        """The same, of which nobody is told."""
        self.connection.execute("BEGIN")
        for _ in range(pages):
            self.rows += 1
            values = (self.rows, 0, 0, 0, "", "", "", b"x" * 16_000)
            self.connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
        self.connection.execute("COMMIT")

    def round_ends(self) -> None:
        self.checkpoints.close()

    def copied(self) -> int:
        """How many pages are in the part."""
        return self.path.stat().st_size

    def begun(self) -> int:
        """How often the journal has been begun anew: in its header, which the next write makes
        (https://sqlite.org/fileformat2.html#walformat)."""
        header = self.path.with_name(f"{self.path.name}-wal").read_bytes()[:32]
        (number,) = struct.unpack(">I", header[12:16])
        return int(number)

    def close(self) -> None:
        self.checkpoints.close()
        self.connection.close()


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return part_path(tmp_path, Part(20_777, 1))


@pytest.fixture
def written(part: Path) -> Iterator[Written]:
    written = Written(part)
    yield written
    assert rows(part) == written.rows
    written.close()
    with closing(sqlite3.connect(part)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert rows(part) == written.rows


def rows(part: Path) -> int:
    with closing(sqlite3.connect(part)) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM events")
    return int(count)


def test_nothing_is_copied_until_there_is_enough(written: Written) -> None:
    before = written.copied()
    written.write(JOURNAL_PAGES - COMMIT_PAGES - 5)
    written.round_ends()
    assert written.copied() == before
    written.write(5)
    written.round_ends()
    assert written.copied() > before


def test_batches_of_one_event_count_for_what_they_write(written: Written) -> None:
    """A page may be written again and again: the journal grows, the part does not."""
    before = written.copied()
    for _ in range(JOURNAL_PAGES // COMMIT_PAGES):
        written.connection.execute("INSERT INTO streams (text, first) VALUES (random(), 1)")
        written.checkpoints.wrote()
    written.round_ends()
    assert written.copied() > before


def test_the_writer_copies_what_was_written_meanwhile_and_begins_anew(written: Written) -> None:
    written.write(LARGE)
    written.round_ends()
    written.commit(SMALL)
    before = written.begun()
    written.write(SMALL)
    assert written.begun() == before
    written.write(SMALL)
    assert written.begun() == before + 1
    assert written.copied() >= written.rows * 16_000 - 16_384


def test_what_is_large_is_copied_by_another_round(written: Written) -> None:
    """The writer waits for what is small only, until it is seen that the rest becomes no smaller.

    A round begins a batch later than the one before has ended, which may have copied the batch
    between: were all copied when a round begins, SQLite before 3.51.3 might lose what is written
    just then.
    """
    written.write(LARGE)
    written.round_ends()
    for _ in range(3):
        copied = written.copied()
        written.write(LARGE)
        assert written.checkpoints._thread is None
        assert written.copied() == copied
        written.write(LARGE)
        written.round_ends()
        assert written.copied() >= copied + LARGE * 16_000
    copied = written.copied()
    written.write(LARGE)
    assert written.checkpoints._thread is None
    assert written.copied() >= copied + LARGE * 16_000


def test_batches_in_a_row(written: Written) -> None:
    """With threads that run as they like; what is there is looked at in the end."""
    before = written.begun()
    for n in range(300):
        written.write(LARGE if n % 7 == 0 else SMALL)
    written.round_ends()
    written.write(SMALL)
    written.write(SMALL)
    assert written.begun() > before


def test_a_reader_holds_it_up_and_no_more(written: Written) -> None:
    """What a reader still sees stays in the journal, which grows; nobody waits, and when the reader
    has gone all is copied."""
    written.commit(SMALL)
    reader = open_to_read(written.path)
    assert reader is not None
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (SMALL,)
    written.connection.execute("PRAGMA busy_timeout = 60000")
    started = time.monotonic()
    before = written.begun()
    written.write(LARGE)
    written.round_ends()
    copied = written.copied()
    for _ in range(2 * ROUNDS_MAX + RESTS_MAX):
        written.write(SMALL)
        written.round_ends()
    assert written.begun() == before
    assert written.copied() == copied
    assert written.checkpoints._rounds == 0, "it has given up, until there is as much again"
    assert time.monotonic() - started < 50
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (SMALL,)
    reader.close()
    written.write(LARGE)
    written.round_ends()
    written.write(SMALL)
    written.write(SMALL)
    assert written.begun() > before


def test_a_reader_that_looks_for_a_moment_is_waited_for(written: Written) -> None:
    """It is in the way of the rest: the writer tries again behind the next batch."""
    written.write(LARGE)
    written.round_ends()
    written.commit(SMALL)
    reader = open_to_read(written.path)
    assert reader is not None
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    before = written.begun()
    written.write(SMALL)
    written.write(SMALL)
    assert written.begun() == before
    reader.close()
    written.write(SMALL)
    written.write(SMALL)
    assert written.begun() == before + 1


def test_the_writer_waits_for_locks_as_before(written: Written) -> None:
    waits = written.connection.execute("PRAGMA busy_timeout").fetchone()
    written.write(LARGE)
    written.round_ends()
    written.write(SMALL)
    assert written.connection.execute("PRAGMA busy_timeout").fetchone() == waits


def test_what_the_disk_refuses_is_left_to_a_later_commit(tmp_path: Path, written: Written) -> None:
    gone = tmp_path / "gone" / "events.sqlite"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        checkpoints = Checkpoints(gone, connection, journal_pages=1)
        for _ in range(3 * ROUNDS_MAX):
            checkpoints.wrote()
            checkpoints.close()  # a warning of the thread's exception would be an error


def test_a_part_that_is_written_is_checkpointed(part: Path) -> None:
    """By its writer; not by SQLite in a commit, and not where nothing was written."""
    writer = PartWriter(part, dict)
    events = [event(n) for n in range(1, 301)]
    ((pages,),) = writer._connection.execute("PRAGMA wal_autocheckpoint")
    assert pages == 0
    writer.write(events)
    counted = writer._checkpoints._pages
    assert counted >= COMMIT_PAGES
    writer.write([])
    assert writer._checkpoints._pages == counted
    writer._checkpoints._journal_pages = 0
    before = part.stat().st_size
    writer.write([event(301)])
    writer._checkpoints.close()
    assert part.stat().st_size > before
    writer.close()
    assert rows(part) == 301
