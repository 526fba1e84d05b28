"""Pages of any store: they hold every event once, also where searches are cut."""

from contextlib import closing
from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NS_PER_S, Event, Place
from trapgate.model.query import Everything, Query, Word
from trapgate.store import SqliteEventStore, TooManyRows
from trapgate.store.page import Page, read_page

END = MIDNIGHT + 3_600 * NS_PER_S


@pytest.mark.parametrize("limit", [1, 3, 10, 20, 21])
@pytest.mark.parametrize("rows_max", [2, 7, 100])
def test_every_event_once(tmp_path: Path, limit: int, rows_max: int) -> None:
    with closing(SqliteEventStore.open(tmp_path, rows_max=rows_max)) as store:
        store.write([event(n, fields={"vlan.id": str(n % 2)}) for n in range(1, 41)])
        query: Query = Word("vlan.id", "1")
        found: list[Event] = []
        before, more = None, True
        while more:
            page = read_page(store, query, start=0, end=END, limit=limit, before=before)
            assert len(page.events) == limit or not page.complete or page.next is None
            found += page.events
            before, more = page.next, page.next is not None
        assert [each.position.sequence for each in found] == list(range(39, 0, -2))


def test_where_a_search_cannot_go_on_its_error_is_raised(tmp_path: Path) -> None:
    class Cut(SqliteEventStore):
        reached: Place | None = None

        def search(self, *_: object, **__: object) -> list[Event]:
            raise TooManyRows(5, 0, (), self.reached)

    here = event(7).place
    with closing(Cut.open(tmp_path)) as store:
        for store.reached, before in ((None, None), (None, here), (here, here)):
            with pytest.raises(TooManyRows):
                read_page(store, Everything(), start=0, end=END, limit=1, before=before)


def test_nothing(tmp_path: Path) -> None:
    with closing(SqliteEventStore.open(tmp_path)) as store:
        page = read_page(store, Everything(), start=0, end=END, limit=5)
    assert page == Page([], None, complete=True)
