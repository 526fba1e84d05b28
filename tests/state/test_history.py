"""Decisions are found by subject and by reference; the oldest give way."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate.model import Decision
from trapgate.state import NewerSchema, SqliteHistory, StateUnavailable
from trapgate.state.batch import batch_of
from trapgate.state.history import (
    FORGOTTEN_ROWS_MAX,
    ROW_BYTES,
    SLICE_DECISIONS,
    SMALL_ROWS_MAX,
)

Made = tuple[int, Decision]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def history(path: Path) -> Iterator[SqliteHistory]:
    with closing(SqliteHistory.open(path)) as history:
        yield history


def decisions(*numbers: int) -> list[Made]:
    return [(number, Decision(f"event {number}", "raised", "it is down")) for number in numbers]


def large_row(*numbers: int) -> list[Made]:
    """Few decisions that are a row of their own."""
    reason = "because " * (ROW_BYTES // 8 // len(numbers) + 1)
    return [(number, Decision(f"event {number}", "raised", reason)) for number in numbers]


def instants(found: Sequence[Made]) -> list[int]:
    return [at for at, _ in found]


def row_sizes(path: Path) -> list[int]:
    """Bytes of each row in the file, the oldest first."""
    with closing(sqlite3.connect(path)) as other:
        rows = other.execute("SELECT length(hashes) + length(lines) FROM batches ORDER BY upto")
        return [size for (size,) in rows]


def test_a_decision_is_found_by_subject_and_by_reference(history: SqliteHistory) -> None:
    first = Decision("event", "raised", "it is down", {"alert": "abc", "rule": "r"})
    second = Decision("abc", "grouped", "by default", {"group": "g", "alert": "abc"})
    third = Decision("g", "sent", "first firing")
    history.append([(1, first), (2, second)])
    history.append([(3, third)])
    assert history.search("event", 9) == [(1, first)]
    assert history.search("abc", 9) == [(2, second), (1, first)]
    assert history.search("abc", 1) == [(2, second)]
    assert history.search("g", 9) == [(3, third), (2, second)]
    assert history.search("alert", 9) == []
    assert history.search(None, 9) == [(3, third), (2, second), (1, first)]
    assert history.search(None, 0) == []


def test_order_is_that_of_arrival(history: SqliteHistory) -> None:
    history.append(decisions(5, 1, 3))
    assert instants(history.search(None, 9)) == [3, 1, 5]


def test_the_oldest_give_way(path: Path) -> None:
    bytes_max = batch_of(decisions(*range(10, 20))).size_bytes
    with closing(SqliteHistory.open(path, bytes_max)) as history:
        for number in range(10, 35):
            history.append(decisions(number))
        assert instants(history.search(None, 99)) == list(range(34, 24, -1))
        assert history.search("event 24", 9) == []
        assert len(history.search("event 25", 9)) == 1


SIZES = st.sampled_from([0, 1, 2, 70, SLICE_DECISIONS, 2 * SLICE_DECISIONS + 1])


@settings(max_examples=25, deadline=None)
@given(st.lists(SIZES, max_size=12), st.sampled_from([1, 5_000, 200_000, 10**9]))
def test_the_newest_are_kept_whatever_the_batches(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], bytes_max: int
) -> None:
    path = tmp_path_factory.mktemp("history") / "history.sqlite"
    with closing(SqliteHistory.open(path, bytes_max)) as history:
        count = written = 0
        for size in batches:
            made = decisions(*range(count, count + size))
            history.append(made)
            count += size
            written += sum(batch_of([each]).size_bytes for each in made)
        kept = instants(history.search(None, count + 1))
        assert kept == list(range(count - 1, count - 1 - len(kept), -1))
        found = [bool(history.search(f"event {n}", 1)) for n in range(0, count, 97)]
        assert found == [n >= count - len(kept) for n in range(0, count, 97)]
    sizes = row_sizes(path)
    assert sum(sizes) >= min(written, bytes_max), "what is within the bound is there"
    assert sum(sizes[1:]) < bytes_max, "there is no row beyond the one that reaches the bound"
    small = [size < ROW_BYTES for size in sizes]
    assert small == sorted(small), "small rows are the last ones"
    assert sum(small) < SMALL_ROWS_MAX


def test_a_quiet_night_is_a_few_large_rows(path: Path) -> None:
    count = 3_000
    with closing(SqliteHistory.open(path)) as history:
        for number in range(count):
            history.append(decisions(number))
        assert instants(history.search(None, count)) == list(range(count - 1, -1, -1))
        assert instants(history.search("event 7", 9)) == [7]
    sizes = row_sizes(path)
    assert len(sizes) <= SMALL_ROWS_MAX
    assert sizes[0] >= ROW_BYTES
    assert path.stat().st_size < 2 * sum(sizes) + ROW_BYTES


def test_a_lowered_bound_is_reached_in_steps(path: Path) -> None:
    rows = 2 * FORGOTTEN_ROWS_MAX + 9
    with closing(SqliteHistory.open(path)) as history:
        for number in range(rows):
            history.append(large_row(number))
    left = []
    with closing(SqliteHistory.open(path, bytes_max=10)) as history:
        for number in range(3):
            history.append(decisions(number))
            left.append(len(history.search(None, 999)))
    assert left == [rows + 1 - FORGOTTEN_ROWS_MAX, rows + 2 - 2 * FORGOTTEN_ROWS_MAX, 1]


def test_the_newest_stays_however_large(path: Path) -> None:
    with closing(SqliteHistory.open(path, bytes_max=1_000)) as history:
        history.append(decisions(1))
        history.append([(2, storm("one", 1_000))])
        assert instants(history.search(None, 9)) == [2]
        assert instants(history.search("one     001", 9)) == [2]
        history.append(large_row(3))
        assert instants(history.search(None, 9)) == [3, 2], "a small row was joined to it"
        history.append(large_row(4))
        assert instants(history.search(None, 9)) == [4]
        assert history.search("one     001", 9) == []


def test_it_is_there_after_a_restart(path: Path) -> None:
    history = SqliteHistory.open(path)
    history.append(decisions(1, 2))
    history.close()
    history.close()
    with closing(SqliteHistory.open(path)) as history:
        history.append(decisions(3))
        assert instants(history.search(None, 9)) == [3, 2, 1]
        assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_threads_may_ask_while_another_appends(history: SqliteHistory) -> None:
    seen: list[int] = []
    done = Event()
    pair = Decision("pair", "raised", "the first and the last of two rows")

    def ask() -> None:
        while not done.is_set():
            seen.append(len(history.search("pair", 999)))

    asking = [Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        for number in range(50):
            history.append([(number, pair), *decisions(*range(SLICE_DECISIONS)), (number, pair)])
    finally:
        done.set()
        for thread in asking:
            thread.join()
    assert len(seen) > 0
    assert all(count % 2 == 0 for count in seen)


def test_an_append_that_fails_leaves_nothing(path: Path, history: SqliteHistory) -> None:
    history.append(decisions(1))
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON batches WHEN NEW.upto > 100000"
            " BEGIN SELECT RAISE(ABORT, 'no space'); END"
        )
    with pytest.raises(StateUnavailable, match="no space"):
        history.append(decisions(*range(3 * SLICE_DECISIONS)))
    assert instants(history.search(None, 9)) == [1]
    history.append(decisions(4))
    assert instants(history.search(None, 9)) == [4, 1]


def test_a_row_that_is_damaged(path: Path, history: SqliteHistory) -> None:
    history.append(large_row(1, 2))
    history.append(large_row(3))
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            """UPDATE batches SET lines = CAST(replace(lines, '[2,', '["event 3",') AS BLOB)
            WHERE upto = (SELECT min(upto) FROM batches)"""
        )
        other.commit()
    assert instants(history.search("event 3", 9)) == [3], "a row without it is not read"
    assert instants(history.search("event 1", 9)) == [1]
    for asked in (None, "event 2"):
        with pytest.raises(StateUnavailable, match="damaged"):
            history.search(asked, 9)
    assert instants(history.search(None, 1)) == [3]


def test_a_newer_file_is_refused(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 4")
    with pytest.raises(NewerSchema):
        SqliteHistory.open(path)


def test_a_bound_that_keeps_nothing_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="0 bytes"):
        SqliteHistory.open(path, bytes_max=0)


def storm(name: str, count: int) -> Decision:
    """So many repeats as one decision, of the time `name`."""
    ids = tuple(f"{name:8}{number:03}" for number in range(count))
    return Decision(ids[-1], "repeated", "again", {"alert": "abc"}, ids[:-1])


def test_a_run_of_repeats_is_found_by_each_of_its_events(history: SqliteHistory) -> None:
    across = Decision("b-------x", "repeated", "again", {}, ("a-------x", "a-------y", "b-------w"))
    history.append([(1, storm("one", 5)), (2, storm("two", 7)), (3, across)])
    for number in range(5):
        assert instants(history.search(f"one     {number:03}", 9)) == [1]
    for event in ("a-------x", "a-------y", "b-------w", "b-------x"):
        assert instants(history.search(event, 9)) == [3]
    assert instants(history.search("abc", 9)) == [2, 1]
    for part in ("one     ", "one     00", "ne     001", "two     007", "\n", ""):
        assert history.search(part, 9) == [], "a part of an id is not a subject"


def test_what_was_decided_of_an_event_itself_and_among_others_is_one_list(
    history: SqliteHistory,
) -> None:
    run = storm("one", 3)
    history.append([(1, Decision("one     000", "raised", "r")), (2, run), (3, run)])
    history.append([(4, Decision("one     000", "cleared", "r", {}, ("one     000",)))])
    assert instants(history.search("one     000", 9)) == [4, 3, 2, 1]
    assert instants(history.search("one     000", 2)) == [4, 3]


@pytest.mark.parametrize("version", [1, 2])
def test_the_decisions_of_an_older_file_are_given_up(path: Path, version: int) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            "CREATE TABLE decisions (id INTEGER PRIMARY KEY);"
            "CREATE TABLE subjects (decision, subject);"
            + ("CREATE TABLE earlier (decision, prefix);" if version == 2 else "")
            + f"PRAGMA user_version = {version}"
        )
    for count in (1, 2):
        with closing(SqliteHistory.open(path)) as history:
            history.append(decisions(1))
            assert len(history.search(None, 9)) == count
    with closing(sqlite3.connect(path)) as other:
        tables = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert tables == [("batches",)]
