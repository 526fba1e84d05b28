"""A page of a store's events: where the next one begins, also where a search was cut."""

from collections.abc import Sequence

import msgspec

from trapgate.model import Event, Place
from trapgate.model.query import Query
from trapgate.ports import EventStore
from trapgate.store.errors import TooManyRows


class Page(msgspec.Struct, frozen=True):
    """Some events, newest first. `next` is the place behind which the next page begins, `None` at
    the end; `complete` is false where the store has examined as many events as one search may, so
    that the page is shorter than was asked for."""

    events: Sequence[Event]
    next: Place | None
    complete: bool = True


def read_page(
    store: EventStore,
    query: Query,
    *,
    start: int,
    end: int,
    limit: int,
    before: Place | None = None,
) -> Page:
    """The newest `limit` events behind `before` that were received in [start, end) and meet the
    query. A full page always has a `next`; the page there may be empty.

    Raises what `search` raises; `TooManyRows` only if the search cannot go on where it was cut.
    """
    try:
        found = store.search(query, start=start, end=end, limit=limit, before=before)
    except TooManyRows as error:
        if error.reached is None or error.reached == before:
            raise
        return Page(error.events, error.reached, complete=False)
    return Page(found, found[-1].place if len(found) == limit else None)
