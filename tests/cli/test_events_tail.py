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
from trapgate.cli.events.asked import Asked
from trapgate.cli.events.tail import OVERLAP_S, Follower, Gap, Patience, follow, say
from trapgate.model import NS_PER_S, Event, rfc3339
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
    store.write([event(4, at(103 - OVERLAP_S) - 1, message="too late")])
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
    # the fifth from the end is in the window until second 10, and more is not known of the rest
    assert follower.gap == Gap(Span(at(1 - OVERLAP_S), at(8)), 2)
    store.write([event(8)])
    assert [each.position.sequence for each in follower.look(at(9))] == [8]
    assert follower.gap is None


def test_what_comes_late_is_found_behind_all_that_is_known(
    store: SqliteEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above a look's worth of events in the 30 seconds that are looked at again."""
    monkeypatch.setattr("trapgate.cli.events.tail.POLL_EVENTS_MAX", 5)
    follower = Follower(StoredEvents(store), Everything())
    follower.first(Span(at(0), at(1)), 5)
    for second in range(1, 25):
        store.write([event(second * 4 + n, at(second)) for n in range(4)])
        assert len(follower.look(at(second) + 1)) == 4
    store.write([event(n, at(2), stream="raw-bulk", message=f"late {n}") for n in (1, 2)])
    store.write([event(200, at(25))])
    assert messages(follower.look(at(26))) == ["late 1", "late 2", "down"]
    assert follower.gap is None
    assert follower.look(at(27)) == []


def test_how_far_it_looks_for_what_comes_late_is_bounded_and_that_is_said(
    store: SqliteEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trapgate.cli.events.tail.LATE_READ_MAX", 10)
    follower = Follower(StoredEvents(store), Everything())
    follower.first(Span(at(0), at(1)), 5)
    store.write([event(n, at(n)) for n in range(1, 26)])
    assert len(follower.look(at(26))) == 25
    store.write([event(n, at(n), stream="raw-bulk") for n in (3, 24)])
    assert [each.position.sequence for each in follower.look(at(27))] == [24]
    assert follower.gap == Gap(Span(at(26 - OVERLAP_S), at(20)), 1)
    store.write([event(n, at(n), stream="raw-bulk") for n in (4, 25)])
    assert [each.position.sequence for each in follower.look(at(28))] == [25]
    assert follower.gap is None, "what is said not to be shown is not looked for again"


def test_what_is_there_at_the_beginning_is_not_told_later_however_much(
    store: SqliteEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trapgate.cli.events.tail.POLL_EVENTS_MAX", 5)
    store.write(sixty())
    follower = Follower(StoredEvents(store), Everything())
    assert len(follower.first(Span(at(0), at(61)), 3)) == 3
    store.write([event(61)])
    assert [each.position.sequence for each in follower.look(at(62))] == [61]
    assert follower.gap is None


def test_no_more_is_read_than_what_came_late(store: SqliteEventStore) -> None:
    store.write(sixty())
    source = Interrupted(store, away=0)
    follower = Follower(source, Everything())
    follower.first(Span(at(0), at(61)), 3)
    store.write([event(1, at(60), stream="raw-bulk")])
    source.read = 0
    assert len(follower.look(at(62))) == 1
    assert source.read <= 12, "its window, and nothing of the windows before"


def test_what_was_told_is_forgotten(store: SqliteEventStore) -> None:
    store.write(sixty())
    follower = Follower(StoredEvents(store), Everything())
    follower.first(Span(at(0), at(61)), 60)
    follower.look(at(62))
    assert len(follower._told) == 61 - (62 - OVERLAP_S)
    follower.look(at(200))
    assert not follower._told


def test_a_quiet_look_reads_no_events(store: SqliteEventStore) -> None:
    store.write(sixty())
    source = Interrupted(store, away=0)
    follower = Follower(source, Everything())
    follower.first(Span(at(0), at(61)), 3)
    source.read = 0
    assert follower.look(at(62)) == []
    assert source.read == 0


def test_what_came_during_an_outage_is_told_when_it_is_over(store: SqliteEventStore) -> None:
    follower = Follower(Interrupted(store, away=0), Everything())
    store.write([event(1, message="before")])
    assert messages(follower.first(Span(at(0), at(2)), 5)) == ["before"]
    hours = [event(n, at(n * 600), message=f"event {n}") for n in range(2, 20)]
    store.write(hours)
    assert follower.look(at(20 * 600)) == hours
    assert follower.gap is None
    assert follower.look(at(20 * 600 + 1)) == []


def test_an_outage_with_more_than_is_shown(
    store: SqliteEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trapgate.cli.events.tail.POLL_EVENTS_MAX", 5)
    follower = Follower(StoredEvents(store), Everything())
    store.write([event(1)])
    follower.first(Span(at(0), at(2)), 5)
    store.write([event(n, at(n * 600)) for n in range(2, 20)])
    told = follower.look(at(20 * 600))
    assert [each.position.sequence for each in told] == [15, 16, 17, 18, 19]
    assert follower.gap == Gap(Span(at(2 - OVERLAP_S), at(15 * 600 + 10)), 13)
    shown = {each.id for each in told} | {event(1).id}
    of_gap = StoredEvents(store).newest_first(Everything(), follower.gap.span)
    assert len([each for each in of_gap if each.id not in shown]) == 13


class Interrupted(StoredEvents):
    """A store that is away for some looks, and counts the events that are read."""

    def __init__(self, store: SqliteEventStore, away: int) -> None:
        super().__init__(store)
        self.away = away
        self.read = 0

    def newest_first(self, query: Query, span: Span, limit: int | None = None) -> Iterator[Event]:
        if self.away:
            self.away -= 1
            raise NotAnswered("gone")
        for each in super().newest_first(query, span, limit):
            self.read += 1
            yield each


def looks(count: int) -> Callable[[float], bool]:
    """Waits that are over at once, so many of them."""
    left = iter([False] * count)
    return lambda _: next(left, True)


AWAY_AND_BACK = ["no answer, asking again: gone", "answered again"]


def test_a_store_that_is_away_is_asked_again(
    store: SqliteEventStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.write([event(1, now().wall_ns - NS_PER_S)])
    follower = Follower(Interrupted(store, away=2), Everything())
    told: list[Event] = []
    follow(follower, told.extend, lambda _: None, Patience(looks(0)), looks(4))
    assert len(told) == 1
    assert capsys.readouterr().err.splitlines() == AWAY_AND_BACK


def test_a_store_that_is_away_at_the_beginning_is_waited_for(
    store: SqliteEventStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.write(sixty())
    follower = Follower(Interrupted(store, away=3), Everything())
    span = Span(at(0), at(61))
    assert Patience(looks(2)).answer(lambda: follower.first(span, 1)) is None
    capsys.readouterr()
    follower = Follower(Interrupted(store, away=3), Everything())
    begun = Patience(looks(3)).answer(lambda: follower.first(span, 1))
    assert messages(begun or ()) == ["event 60"]
    assert capsys.readouterr().err.splitlines() == AWAY_AND_BACK


def test_a_gap_is_said_with_the_command_that_shows_it(
    store: SqliteEventStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trapgate.cli.events.tail.POLL_EVENTS_MAX", 1)
    begun = now().wall_ns
    follower = Follower(StoredEvents(store), Word("host.name", "router-1"))
    follower.first(Span(begun - NS_PER_S, begun), 0)
    store.write([event(n, begun + n) for n in (1, 2)])
    asked = Asked("host.name: router-1", url="http://x:1")
    follow(follower, lambda _: None, lambda gap: say(asked, gap), Patience(looks(0)), looks(1))
    (line,) = capsys.readouterr().err.splitlines()
    since = rfc3339(begun - OVERLAP_S * NS_PER_S, digits=9)
    assert line.startswith(f"not shown: from {since} until ")
    assert "Z, 1 event; all of that time: trapgate events search --all --since" in line
    assert line.endswith(" --url http://x:1 'host.name: router-1'")


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
