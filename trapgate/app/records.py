"""The stored events for commands: the store that the configuration names, opened to be read.

Also while trapgate runs, and when it does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from trapgate.app.layout import Layout
from trapgate.app.settings import StoreSettings
from trapgate.app.stores import store_to_read
from trapgate.model import Event
from trapgate.model.query import Query
from trapgate.observe import Metrics
from trapgate.ports import EventStore
from trapgate.store import (
    NewerSchema,
    StoreUnavailable,
    TooWide,
)
from trapgate.store.page import read_page

PAGE_EVENTS = 1_000
"""Events read at a time: some megabytes, and few enough for the first lines to come at once."""


class NotAnswered(Exception):
    """The events cannot be read, or not all of what was asked for; the message says why."""


class NoEvents(NotAnswered):
    """There is no store where one was looked for: asking again would not help."""


class Span(msgspec.Struct, frozen=True):
    """When events were received: [start, end), instants."""

    start: int
    end: int


class StoredEvents:
    """The events of a store, however many: pages and the bounds of searches are its business.

    Every method raises `NotAnswered`.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def newest_first(self, query: Query, span: Span, limit: int | None = None) -> Iterator[Event]:
        """The newest `limit` events that meet the query, all if `None`; read as they are taken."""
        before, left = None, limit
        while left is None or left > 0:
            size = PAGE_EVENTS if left is None else min(left, PAGE_EVENTS)
            try:
                page = read_page(
                    self._store,
                    query,
                    start=span.start,
                    end=span.end,
                    limit=size,
                    before=before,
                )
            except (StoreUnavailable, NewerSchema, TooWide) as error:
                raise NotAnswered(str(error)) from error
            yield from page.events
            left = None if left is None else left - len(page.events)
            before = page.next
            if before is None:
                return

    def count(self, query: Query, by: Sequence[str], span: Span) -> Mapping[tuple[str, ...], int]:
        """How many events meet the query, by the values of these fields ("" for none)."""
        try:
            return self._store.aggregate(query, by, start=span.start, end=span.end)
        except (StoreUnavailable, NewerSchema, TooWide) as error:
            raise NotAnswered(str(error)) from error

    def named(self, event_id: str) -> Event | None:
        """The event with this id."""
        try:
            return self._store.get(event_id)
        except (StoreUnavailable, NewerSchema) as error:
            raise NotAnswered(str(error)) from error

    def damaged(self, span: Span) -> Sequence[str]:
        """What is damaged in the store, by name: events of this time may be missing in the answers
        so far."""
        try:
            return self._store.damaged(start=span.start, end=span.end)
        except StoreUnavailable as error:
            raise NotAnswered(str(error)) from error


@contextmanager
def stored_events(settings: StoreSettings, data: Path) -> Iterator[StoredEvents]:
    """The events of the store of these settings, whose secrets are filled in; `data` is the data
    folder. Raises `NoEvents` if there is no store, `NotAnswered` if it cannot be read."""
    layout = Layout(data)
    if settings.kind == "sqlite":
        _check_there(layout.events)
    try:
        store = store_to_read(settings, layout, Metrics())
    except (StoreUnavailable, NewerSchema, OSError) as error:
        raise NotAnswered(str(error)) from error
    with closing(store):
        yield StoredEvents(store)


def _check_there(folder: Path) -> None:
    """A wrong folder must not look like one in which nothing happened. Raises `NoEvents`."""
    try:
        there = folder.is_dir()
    except OSError as error:
        hint = "read them as the user that trapgate runs as, or ask it with --url"
        raise NoEvents(f"{folder}: {error.strerror}; {hint}") from error
    if not there:
        raise NoEvents(
            f"{folder}: there are no events here; name the configuration of a trapgate that has "
            "run with --config, or ask a running one with --url"
        )
