"""The journal is copied beside the writing, and begins again when all of it was copied."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.events import event
from trapgate.store.sqlite.checkpoints import Checkpoints
from trapgate.store.sqlite.folder import Part, part_path
from trapgate.store.sqlite.schema import open_to_read
from trapgate.store.sqlite.writer import PartWriter

EVENTS = [event(n) for n in range(1, 301)]


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return part_path(tmp_path, Part(20_777, 1))


@pytest.fixture
def writer(part: Path) -> Iterator[PartWriter]:
    writer = PartWriter(part, dict)
    yield writer
    writer.close()


def journal(part: Path) -> Path:
    return part.with_name(f"{part.name}-wal")


def test_the_journal_is_copied_and_begins_again(part: Path, writer: PartWriter) -> None:
    checkpoints = Checkpoints(part, every_events=len(EVENTS))
    writer.write(EVENTS)
    before = part.stat().st_size
    checkpoints.wrote(len(EVENTS) - 1)
    checkpoints.close()
    assert part.stat().st_size == before
    checkpoints.wrote(1)
    checkpoints.close()
    assert part.stat().st_size > before
    grown = journal(part).stat().st_size
    writer.write([event(301)])
    assert journal(part).stat().st_size == grown  # from its start, over what was copied
    assert rows(part) == 301


def test_it_counts_anew_after_each(part: Path, writer: PartWriter) -> None:
    checkpoints = Checkpoints(part, every_events=2)
    writer.write(EVENTS[:2])
    checkpoints.wrote(2)
    checkpoints.close()
    copied = part.stat().st_size
    writer.write(EVENTS[2:])
    checkpoints.wrote(1)
    checkpoints.close()
    assert part.stat().st_size == copied
    checkpoints.wrote(1)
    checkpoints.close()
    assert part.stat().st_size > copied


def test_a_reader_holds_it_up_and_no_more(part: Path, writer: PartWriter) -> None:
    """What a reader still sees in the journal stays there; the checkpoint ends all the same."""
    writer.write(EVENTS[:1])
    reader = open_to_read(part)
    assert reader is not None
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
    writer.write(EVENTS[1:])
    checkpoints = Checkpoints(part, every_events=1)
    checkpoints.wrote(1)
    checkpoints.close()
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
    reader.close()
    assert rows(part) == len(EVENTS)


def test_what_cannot_be_copied_is_left_to_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    path.write_bytes(b"this is no database" * 400)
    checkpoints = Checkpoints(path, every_events=1)
    checkpoints.wrote(1)
    checkpoints.close()  # a warning of the thread's exception would be an error


def rows(part: Path) -> int:
    connection = sqlite3.connect(part)
    ((count,),) = connection.execute("SELECT count(*) FROM events")
    connection.close()
    return int(count)
