"""Decisions are found by subject and by reference; the oldest give way."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate.model import Decision
from trapgate.state import NewerSchema, SqliteHistory, StateUnavailable
from trapgate.state.history import SLICE_ROWS


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
    other.execute("PRAGMA user_version = 2")
    other.close()
    with pytest.raises(NewerSchema):
        SqliteHistory.open(path)


def test_a_bound_that_keeps_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 rows"):
        SqliteHistory.open(tmp_path / "history.sqlite", rows_max=0)
