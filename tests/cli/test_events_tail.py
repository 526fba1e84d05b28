"""`trapgate events tail`: what is there, then what comes, each event once."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from cli.conftest import Trapgate
from cli.stored import sixty, stored
from store.events import MIDNIGHT, event
from trapgate.app.clock import now
from trapgate.app.records import NotAnswered, Span, StoredEvents
from trapgate.cli.events.tail import OVERLAP_S, Follower, follow
from trapgate.model import NS_PER_S, Event
from trapgate.model.query import Everything, Query, Word
from trapgate.store import SqliteEventStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEventStore]:
    with closing(SqliteEventStore.open(tmp_path / "events")) as opened:
        yield opened


def at(second: float) -> int:
    return MIDNIGHT + int(second * NS_PER_S)


def messages(events: Sequence[Event]) -> list[str]:
    return [each.message for each in events]


def test_what_is_there_and_what_comes(store: SqliteEventStore) -> None:
    store.write(sixty())
    follower = Follower(StoredEvents(store), Everything())
    first = follower.first(Span(at(0), at(61)), 3)
    assert messages(first) == ["event 58", "event 59", "event 60"]
    assert follower.look(at(61)) == []
    store.write([event(n, message=f"event {n}") for n in (61, 62)])
    assert messages(follower.look(at(63))) == ["event 61", "event 62"]
    assert follower.look(at(64)) == []


def test_what_becomes_visible_late_is_told_once(store: SqliteEventStore) -> None:
    follower = Follower(StoredEvents(store), Everything())
    assert follower.first(Span(at(0), at(100)), 10) == []
    store.write([event(2, at(99))])
    assert len(follower.look(at(101))) == 1
    store.write([event(1, at(98), message="late"), event(3, at(101.5), message="new")])
    assert messages(follower.look(at(102))) == ["late", "new"]
    assert follower.look(at(103)) == []
    store.write([event(4, at(103 - OVERLAP_S), message="too late")])
    assert follower.look(at(104)) == []


def test_two_events_with_one_id_are_two(store: SqliteEventStore) -> None:
    follower = Follower(StoredEvents(store), Everything())
    follower.first(Span(at(0), at(1)), 0)
    for n in (1, 2):
        store.write([event(n, at(2), id="a" * 32)])
        assert [each.position.sequence for each in follower.look(at(3))] == [n]


def test_only_what_meets_the_query(store: SqliteEventStore) -> None:
    store.write(sixty())
    follower = Follower(StoredEvents(store), Word("host.name", "router-1"))
    assert messages(follower.first(Span(at(0), at(61)), 2)) == ["event 55", "event 58"]
    store.write([event(61), event(62, device="router-2")])
    assert [each.position.sequence for each in follower.look(at(63))] == [61]


def test_a_flood_is_cut_and_that_is_said(
    store: SqliteEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trapgate.cli.events.tail.POLL_EVENTS_MAX", 5)
    follower = Follower(StoredEvents(store), Everything())
    follower.first(Span(at(0), at(1)), 5)
    store.write([event(n) for n in range(1, 8)])
    assert [each.position.sequence for each in follower.look(at(8))] == [3, 4, 5, 6, 7]
    assert follower.passed_over
    store.write([event(8)])
    assert [each.position.sequence for each in follower.look(at(9))] == [8]
    assert not follower.passed_over


class Interrupted(StoredEvents):
    """A store that is away for some looks."""

    def __init__(self, store: SqliteEventStore, away: int) -> None:
        super().__init__(store)
        self.away = away

    def newest_first(self, query: Query, span: Span, limit: int | None = None) -> Iterator[Event]:
        if self.away:
            self.away -= 1
            raise NotAnswered("gone")
        return super().newest_first(query, span, limit)


def looks(count: int) -> Callable[[float], bool]:
    """Waits that are over at once, so many of them."""
    left = iter([False] * count)
    return lambda _: next(left, True)


def test_a_store_that_is_away_is_asked_again(
    store: SqliteEventStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.write([event(1, now().wall_ns - NS_PER_S)])
    follower = Follower(Interrupted(store, away=2), Everything())
    told: list[Event] = []
    follow(follower, told.extend, looks(4))
    assert len(told) == 1
    assert capsys.readouterr().err.splitlines() == [
        "no answer, asking again: gone",
        "answered again",
    ]


def test_wrong_usage_and_no_store(trapgate: Trapgate, folder: Path) -> None:
    assert trapgate("events", "tail").exit_code == 4
    stored(folder, [])
    assert trapgate("events", "tail", "host:x").exit_code == 2
    assert trapgate("events", "tail", "--fields", "host").exit_code == 2
    assert trapgate("events", "tail", "-o", "json").exit_code == 2


@pytest.mark.parametrize("output", ["table", "jsonl"])
def test_it_ends_cleanly_when_it_is_interrupted(output: str, folder: Path) -> None:
    """The command as a user runs it: an event that comes while it runs is shown, Ctrl-C ends."""
    with closing(SqliteEventStore.open(folder / "data" / "events")) as store:
        store.write([event(1, now().wall_ns, message="before")])
        command = [sys.executable, "-m", "trapgate", "events", "tail", "-o", output]
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            if output == "table":
                assert lines[0].startswith("RECEIVED")
                lines = [process.stdout.readline()]
            store.write([event(2, now().wall_ns, message="after")])
            lines.append(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "", "")
    if output == "jsonl":
        assert [json.loads(line)["message"] for line in lines] == ["before", "after"]
    else:
        assert [line.split()[-1] for line in lines] == ["before", "after"]
