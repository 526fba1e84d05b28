"""Full text behind the write, for a folder of parts: what comes first, and what stops nothing."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from store.events import MIDNIGHT, event
from store.parts import STREAM, make_part, place, segments, write
from trapgate.model import NEVER
from trapgate.model.query import Phrase
from trapgate.store import Indexer, SqliteEventStore
from trapgate.store.sqlite.folder import DAY_NS, Part, part_path
from trapgate.store.sqlite.reader import PartReader
from trapgate.store.sqlite.words import WordsReader, complaint_path, words_path
from trapgate.store.sqlite.writer import PartWriter

DOWN = Phrase("message", ("down",))

OLD, NEW, NEWER = (
    "events-2026-11-20.sqlite",
    "events-2026-11-21.2.sqlite",
    "events-2026-11-21.10.sqlite",
)
"""Names of parts, in the order of time."""


@pytest.fixture
def indexer(tmp_path: Path) -> Iterator[Indexer]:
    """One of small batches."""
    with closing(Indexer(tmp_path, batch_events=10)) as opened:
        yield opened


def run(indexer: Indexer) -> int:
    """A round; how many pieces of work it had."""
    return sum(1 for _ in indexer.round())


def upto(part: Path, stream: int = STREAM) -> int:
    """The last sequence that is indexed."""
    reader = WordsReader.open(part)
    if reader is None:
        return 0
    with reader:
        return reader.upto(stream) - place(0, stream)


def found(part: Path, stream: int = STREAM) -> list[int]:
    """The sequences of the rows that say "down"."""
    reader = WordsReader.open(part)
    assert reader is not None
    with reader:
        seqs = reader.newest_first(DOWN, place(0, stream), place(0, stream + 1))
        return [seq - place(0, stream) for seq in seqs]


def downs(first: int, last: int) -> dict[int, str]:
    return dict.fromkeys(range(first, last + 1), "Link down")


def test_indexes_what_is_new(tmp_path: Path, indexer: Indexer) -> None:
    part = make_part(tmp_path / NEW)
    write(part, {5: "Link down", 6: "Link up", 9: "down again"})
    run(indexer)
    assert found(part) == [9, 5]
    assert upto(part) == 9
    write(part, downs(10, 40))
    run(indexer)
    assert found(part) == [*range(40, 9, -1), 9, 5]
    assert indexer.failures == 0


def test_an_empty_folder_and_none(tmp_path: Path) -> None:
    assert run(Indexer(tmp_path)) == 0
    assert run(Indexer(tmp_path / "none")) == 0


def test_other_files_are_left_alone(tmp_path: Path, indexer: Indexer) -> None:
    names = ["events.lock", "events-2026-11-21.broken-1.sqlite", "notes.words.txt"]
    for name in names:
        (tmp_path / name).touch()
    assert run(indexer) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_round_without_news_leaves_the_files_closed(tmp_path: Path, indexer: Indexer) -> None:
    write(make_part(tmp_path / OLD), downs(1, 5))
    write(make_part(tmp_path / NEW), downs(6, 9))
    while run(indexer):
        continue
    assert run(indexer) == 0


def test_the_newest_part_comes_first_after_each_batch(tmp_path: Path, indexer: Indexer) -> None:
    parts = [make_part(tmp_path / name) for name in (OLD, NEW, NEWER)]
    for part in parts:
        write(part, downs(1, 30))
    work = indexer.round()
    next(work)
    assert [upto(part) for part in parts] == [0, 0, 10]
    next(work)
    next(work)
    next(work)
    assert [upto(part) for part in parts] == [0, 10, 30]
    write(parts[2], downs(31, 35))
    run(indexer)
    write(parts[2], downs(36, 36))
    write(parts[0], downs(31, 60))
    work = indexer.round()
    next(work)
    assert [upto(part) for part in parts] == [30, 30, 36]


def test_all_streams_come_on_together(tmp_path: Path, indexer: Indexer) -> None:
    part = make_part(tmp_path / NEW, {1: "raw-1", 2: "bulk-1"})
    write(part, downs(1, 100), stream=1)
    write(part, downs(1, 100), stream=2)
    next(indexer.round())
    assert (upto(part, 1), upto(part, 2)) == (5, 5)
    run(indexer)
    assert found(part, 1) == found(part, 2) == list(range(100, 0, -1))


def test_long_messages_make_small_batches(tmp_path: Path) -> None:
    indexer = Indexer(tmp_path)
    part = make_part(tmp_path / NEW)
    write(part, dict.fromkeys(range(1, 6), "down " + "x" * 1500000))
    next(indexer.round())
    assert upto(part) == 3
    run(indexer)
    assert upto(part) == 5
    indexer.close()


def test_the_lag_is_known_before_anything_is_done(tmp_path: Path, indexer: Indexer) -> None:
    write(make_part(tmp_path / OLD), downs(101, 130))
    write(make_part(tmp_path / NEW), downs(131, 145))
    work = indexer.round()
    next(work)
    assert indexer.lag == 35
    next(work)
    assert indexer.lag == 30
    for _ in work:
        continue
    assert indexer.lag == 0
    (tmp_path / OLD).unlink()
    write(tmp_path / NEW, downs(146, 150))
    again = Indexer(tmp_path, batch_events=1)
    next(again.round())
    assert again.lag == 4
    again.close()


def test_words_go_with_their_part(tmp_path: Path, indexer: Indexer) -> None:
    old, new = make_part(tmp_path / OLD), make_part(tmp_path / NEW)
    write(old, downs(1, 5))
    run(indexer)
    complaint_path(old).touch()
    old.unlink()
    run(indexer)
    assert [path for path in tmp_path.glob("*words*") if path.name.startswith(old.stem)] == []
    assert words_path(new).exists()


def test_a_part_that_took_the_place_of_another(tmp_path: Path, indexer: Indexer) -> None:
    part = make_part(tmp_path / NEW, {1: "raw-1"})
    write(part, downs(1, 5))
    run(indexer)
    for path in tmp_path.glob(f"{NEW}*"):
        path.unlink()
    write(make_part(part, {1: "raw-2"}), {3: "Link down"})
    run(indexer)
    assert found(part) == [3]


def test_words_that_a_reader_found_broken_are_made_anew(tmp_path: Path, indexer: Indexer) -> None:
    part = make_part(tmp_path / NEW)
    write(part, downs(1, 5))
    run(indexer)
    run(indexer)
    complaint_path(part).touch()
    run(indexer)
    assert indexer.failures == 1
    run(indexer)
    assert indexer.failures == 1
    assert found(part) == [5, 4, 3, 2, 1]
    assert not complaint_path(part).exists()


@pytest.mark.parametrize("lost", ["deleted", "damaged"])
def test_words_that_are_lost_are_made_anew(tmp_path: Path, lost: str) -> None:
    part = make_part(tmp_path / NEW)
    write(part, downs(1, 5))
    with closing(Indexer(tmp_path)) as indexer:
        run(indexer)
        run(indexer)
        if lost == "deleted":
            words_path(part).unlink()
            run(indexer)
    if lost == "damaged":
        words_path(part).write_bytes(b"no database" * 1_000)
        with closing(Indexer(tmp_path)) as indexer:
            run(indexer)
            assert indexer.failures == 1
            run(indexer)
    assert found(part) == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE words_data SET block = x'00' WHERE id = 10",
        "UPDATE words_data SET block = x'ff' WHERE id = 10",
        "UPDATE words_config SET v = 99 WHERE k = 'version'",
        "DROP TABLE words",
    ],
)
def test_words_that_break_are_made_anew(tmp_path: Path, indexer: Indexer, damage: str) -> None:
    """Nobody has searched them yet: the writer finds out."""
    part = make_part(tmp_path / NEW)
    write(part, downs(1, 5))
    run(indexer)
    indexer.close()
    with closing(sqlite3.connect(words_path(part), isolation_level=None)) as connection:
        connection.execute(damage)
    write(part, downs(6, 7))
    run(indexer)
    assert indexer.failures == 1
    run(indexer)
    assert indexer.failures == 1
    assert found(part) == [7, 6, 5, 4, 3, 2, 1]


def test_what_is_refused_stops_nothing_else(tmp_path: Path, indexer: Indexer) -> None:
    old, new = make_part(tmp_path / OLD), make_part(tmp_path / NEW)
    write(old, downs(1, 5))
    write(new, downs(6, 9))
    words_path(new).mkdir()
    with capture_logs() as logs:
        run(indexer)
        assert found(old) == [5, 4, 3, 2, 1]
        failures = indexer.failures
        run(indexer)
        assert 0 < failures < indexer.failures
        words_path(new).rmdir()
        run(indexer)
    assert found(new) == [9, 8, 7, 6]
    assert [(log["event"], log["file"]) for log in logs] == [
        ("store.words", NEW),
        ("store.words.over", NEW),
    ]


def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    indexer = Indexer(folder)
    part = make_part(folder / OLD)
    write(part, downs(1, 5))
    run(indexer)
    shutil.rmtree(folder)
    assert run(indexer) == 0
    indexer.close()


def test_a_complete_part_is_merged(tmp_path: Path, indexer: Indexer) -> None:
    old = make_part(tmp_path / OLD)
    new = make_part(tmp_path / NEW)
    for part in (old, new):
        write(part, downs(1, 200))
    run(indexer)
    run(indexer)
    indexer.close()
    assert segments(old) == 1
    assert segments(new) > 1


@pytest.mark.parametrize("version", [1, 99])
def test_beside_a_file_of_another_trapgate_no_words_are_made(
    tmp_path: Path, indexer: Indexer, version: int
) -> None:
    foreign, own = make_part(tmp_path / NEWER), make_part(tmp_path / OLD)
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    write(own, downs(1, 5))
    with capture_logs() as logs:
        run(indexer)
        run(indexer)
    assert [log["file"] for log in logs] == [NEWER]
    assert not words_path(foreign).exists()
    assert found(own) == [5, 4, 3, 2, 1]


def test_words_of_what_was_there_when_rows_came_late_are_made_anew(tmp_path: Path) -> None:
    """Also if they are made at the last moment before these rows are there, and the writer is
    killed in the next: what the rows' transaction says is all that is needed."""
    part = part_path(tmp_path, Part(MIDNIGHT // DAY_NS))
    with closing(PartWriter(part, dict)) as writer:
        writer.write([event(n) for n in (1, 3)])

        def looks(statement: str) -> None:
            if statement == "COMMIT":
                with closing(Indexer(tmp_path)) as indexer:
                    run(indexer)

        writer._connection.set_trace_callback(looks)
        writer.write([event(2), event(4)])
        writer._connection.set_trace_callback(None)
        assert found(part) == [3, 1]
        store = SqliteEventStore.open(tmp_path, read_only=True)
        events = store.search(DOWN, start=0, end=NEVER, limit=9)
        assert [event.position.sequence for event in events] == [4, 3, 2, 1]
        with closing(Indexer(tmp_path)) as indexer:
            run(indexer)
            assert indexer.failures == 0
        assert found(part) == [4, 3, 2, 1]
        assert belongs(part)
        writer.write([event(5), event(1)])  # the one is behind, the other known
        assert belongs(part)


def belongs(part: Path) -> bool:
    """Whether a search may use the words."""
    words, reader = WordsReader.open(part), PartReader.open(part)
    assert words is not None
    assert reader is not None
    with words, reader:
        return words.belongs_to(reader.lineages)
