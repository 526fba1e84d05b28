"""Decisions are found by subject and by reference; the oldest give way."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate.model import Decision
from trapgate.state import NewerSchema, SqliteHistory, StateUnavailable
from trapgate.state.history import EARLIER_IN_ROW, SLICE_ROWS


@pytest.fixture
def history(tmp_path: Path) -> Iterator[SqliteHistory]:
    history = SqliteHistory.open(tmp_path / "history.sqlite", rows_max=10)
    yield history
    history.close()


def decisions(*numbers: int) -> list[tuple[int, Decision]]:
    return [(number, Decision(f"event {number}", "raised", "it is down")) for number in numbers]


def instants(found: Sequence[tuple[int, Decision]]) -> list[int]:
    return [at for at, _ in found]


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


def test_the_oldest_give_way(history: SqliteHistory) -> None:
    for number in range(25):
        history.append(decisions(number))
    assert instants(history.search(None, 99)) == list(range(24, 14, -1))
    assert history.search("event 14", 9) == []
    assert len(history.search("event 15", 9)) == 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=8), st.integers(1, 20))
def test_the_newest_are_kept_whatever_the_batches(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], rows_max: int
) -> None:
    path = tmp_path_factory.mktemp("history") / "history.sqlite"
    history = SqliteHistory.open(path, rows_max)
    count = 0
    for size in batches:
        history.append(decisions(*range(count, count + size)))
        count += size
    newest = list(range(count - 1, max(count - rows_max, 0) - 1, -1))
    assert instants(history.search(None, 999)) == newest
    assert all(
        bool(history.search(f"event {number}", 1)) == (number in newest) for number in range(count)
    )
    history.close()


def test_a_lowered_bound_is_reached_in_steps(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    history = SqliteHistory.open(path)
    history.append(decisions(*range(3 * SLICE_ROWS)))
    history.close()
    history = SqliteHistory.open(path, rows_max=10)
    left = []
    for number in range(3):
        history.append(decisions(number))
        left.append(len(history.search(None, 9 * SLICE_ROWS)))
    assert left == [2 * SLICE_ROWS, SLICE_ROWS, 10]
    history.close()


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "data" / "history.sqlite"
    history = SqliteHistory.open(path)
    history.append(decisions(1, 2))
    history.close()
    history.close()
    history = SqliteHistory.open(path)
    history.append(decisions(3))
    assert instants(history.search(None, 9)) == [3, 2, 1]
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    history.close()


def test_threads_may_ask_while_another_appends(tmp_path: Path) -> None:
    history = SqliteHistory.open(tmp_path / "history.sqlite")
    seen: list[int] = []

    def ask() -> None:
        seen.extend(len(history.search(None, 999)) for _ in range(50))

    asking = [Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    for number in range(50):
        history.append(decisions(number, number))
    for thread in asking:
        thread.join()
    assert len(seen) == 100
    assert all(count % 2 == 0 for count in seen)
    history.close()


def test_an_append_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    history = SqliteHistory.open(path)
    with sqlite3.connect(path) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON decisions WHEN NEW.at = 3"
            " BEGIN SELECT RAISE(ABORT, 'no space'); END"
        )
    other.close()
    with pytest.raises(StateUnavailable, match="no space"):
        history.append(decisions(1, 2, 3))
    assert history.search(None, 9) == []
    history.append(decisions(4))
    assert instants(history.search(None, 9)) == [4]
    history.close()


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 3")
    other.close()
    with pytest.raises(NewerSchema):
        SqliteHistory.open(path)


def test_a_bound_that_keeps_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 rows"):
        SqliteHistory.open(tmp_path / "history.sqlite", rows_max=0)


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


def test_many_repeats_count_for_the_room_that_they_take(history: SqliteHistory) -> None:
    history.append(decisions(1, 2, 3))
    history.append([(4, storm("one", 8 * EARLIER_IN_ROW + 1))])
    assert instants(history.search(None, 9)) == [4, 3], "9 of 10 rows are the storm's"
    history.append([(5, storm("two", 99 * EARLIER_IN_ROW))])
    assert instants(history.search(None, 9)) == [5], "the newest stays, however large"
    assert history.search("one     001", 9) == []
    history.append(decisions(6, 7, 8, 9, 10, 11, 12, 13, 14))
    assert instants(history.search("two     001", 9)) == [5]
    history.append(decisions(15))
    assert instants(history.search(None, 99)) == list(range(15, 5, -1))
    assert history.search("two     001", 9) == []


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with closing(SqliteHistory.open(path)) as history:
        history.append(decisions(1))
    with closing(sqlite3.connect(path)) as old:
        old.executescript("DROP TABLE earlier; PRAGMA user_version = 1")
    for _ in range(2):
        with closing(SqliteHistory.open(path)) as history:
            history.append([(2, storm("one", 3))])
            assert instants(history.search("event 1", 9)) == [1]
            assert 2 in instants(history.search("one     001", 9))
