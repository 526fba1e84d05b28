"""The stored events for commands: what the store says no to is said as a sentence."""

from contextlib import closing
from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.app.records import PAGE_EVENTS, NotAnswered, Span, StoredEvents, stored_events
from trapgate.app.settings import StoreSettings
from trapgate.model import NS_PER_S, Event
from trapgate.model.query import Everything, Word
from trapgate.store import (
    ElasticsearchSettings,
    SqliteEventStore,
    TooManyGroups,
    TooManyRows,
)

DAY = Span(MIDNIGHT, MIDNIGHT + 86_400 * NS_PER_S)


def test_every_page(tmp_path: Path) -> None:
    with closing(SqliteEventStore.open(tmp_path / "data" / "events")) as store:
        store.write([event(n) for n in range(1, PAGE_EVENTS * 2 + 2)])
    with stored_events(StoreSettings(), tmp_path / "data") as events:
        found = [each.position.sequence for each in events.newest_first(Everything(), DAY)]
        assert found == list(range(PAGE_EVENTS * 2 + 1, 0, -1))
        some = [each.position.sequence for each in events.newest_first(Everything(), DAY, 3)]
        assert some == found[:3]
        assert list(events.newest_first(Everything(), DAY, 0)) == []


def test_a_search_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    with closing(SqliteEventStore.open(tmp_path, rows_max=5)) as store:
        store.write([event(n, fields={"vlan.id": str(n % 20)}) for n in range(1, 41)])
        with pytest.raises(TooManyRows):
            store.search(Word("vlan.id", "3"), start=DAY.start, end=DAY.end, limit=2)
        events = StoredEvents(store)
        found = list(events.newest_first(Word("vlan.id", "3"), DAY))
        assert [each.position.sequence for each in found] == [23, 3]
        assert events.count(Word("vlan.id", "3"), (), DAY) == {(): 2}
        assert events.named(found[0].id) == found[0]


def test_what_is_damaged_or_set_aside_on_a_day(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "events"
    with closing(SqliteEventStore.open(folder)) as store:
        store.write([event(1)])
    before = Span(DAY.start - 86_400 * NS_PER_S, DAY.start)
    for name in ("events-2026-11-21.broken-1", "events-2026-11-21.2.older-3", "events-2026-11-20"):
        (folder / f"{name}.sqlite").write_bytes(b"junk" * 4_000)
    with stored_events(StoreSettings(), tmp_path / "data") as events:
        assert events.count(Everything(), (), Span(before.start, DAY.end)) == {(): 1}
        assert list(events.damaged(before)) == ["events-2026-11-20.sqlite"]
        assert list(events.damaged(DAY)) == [
            "events-2026-11-21.2.older-3.sqlite",
            "events-2026-11-21.broken-1.sqlite",
        ]
        assert list(events.damaged(Span(DAY.end, DAY.end + 1))) == []


def test_there_is_no_store(tmp_path: Path) -> None:
    for data in (tmp_path, tmp_path / "file"):
        (tmp_path / "file").write_text("")
        with (
            pytest.raises(NotAnswered, match="there are no events here"),
            stored_events(StoreSettings(), data),
        ):
            pass


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    elastic = ElasticsearchSettings(urls=("http://127.0.0.1:1",))
    settings = StoreSettings(kind="elasticsearch", elasticsearch=elastic)
    with stored_events(settings, tmp_path) as events, pytest.raises(NotAnswered):
        list(events.newest_first(Everything(), DAY))


class Refusing(SqliteEventStore):
    """A store that finds everything too much."""

    def search(self, *_: object, **__: object) -> list[Event]:
        raise TooManyRows(5, 1)

    def aggregate(self, *_: object, **__: object) -> dict[tuple[str, ...], int]:
        raise TooManyGroups(7)


def test_what_is_too_much(tmp_path: Path) -> None:
    with closing(Refusing.open(tmp_path)) as store:
        events = StoredEvents(store)
        with pytest.raises(NotAnswered, match="5 events were examined"):
            list(events.newest_first(Everything(), DAY))
        with pytest.raises(NotAnswered, match="more than 7 groups"):
            events.count(Everything(), (), DAY)
