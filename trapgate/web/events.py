"""`/api/v1/events`: what came in, a page at a time; one event by its id; how many, by fields."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from trapgate.model import BUCKET_S, NS_PER_S, parse_rfc3339
from trapgate.model.query import Everything, Query
from trapgate.normalize.stored import stored_document
from trapgate.query import QueryError, check_field, parse_query
from trapgate.store import NewerSchema, StoreUnavailable, TooWide
from trapgate.store.page import read_page
from trapgate.web.answers import (
    Rejected,
    check_parameters,
    json_answer,
    query_limit,
    query_values,
)
from trapgate.web.backend import Backend
from trapgate.web.cursor import Cursor, decode_cursor, encode_cursor

WINDOW_NS = 86_400 * NS_PER_S
"""How far back a search goes if nobody says: a day is one file or a few."""

BY_FIELDS_MAX = 8
"""Fields of one count: more have a group for nearly every event."""

_ID = re.compile(r"[0-9a-f]{32}")
_BUCKET_DIGITS = 8
"""An event's id (`trapgate.normalize.identity`): its first digits count the 10 s of its receipt."""


class _Asked(msgspec.Struct, frozen=True):
    """The parameters that searches and counts share; the time is [start, end)."""

    query: Query
    start: int
    end: int


def events(backend: Backend, request: Request) -> Response:
    """GET /api/v1/events?query=KQL&start=RFC3339&end=RFC3339&limit=N&cursor=NEXT: newest first, of
    the day before `end` if there is no `start`.

    `next` of the answer is the cursor of the next page, absent at the end. `complete` is false
    where the store has examined as many events as one search may: what was found by then is
    there, and `next` goes on. `damaged` names the files of the store that could not be read whole,
    if there are any: what they have of this time may be missing.
    """
    check_parameters(request, "query", "start", "end", "limit", "cursor")
    limit = query_limit(request)
    cursor = _cursor(request)
    asked = _asked(backend, request, None if cursor is None else cursor.start)
    with _store_errors():
        page = read_page(
            backend.events,
            asked.query,
            start=asked.start,
            end=asked.end,
            limit=limit,
            before=None if cursor is None else cursor.place,
        )
        damaged = backend.events.damaged(start=asked.start, end=asked.end)
    answer: dict[str, object] = {
        "events": [stored_document(event) for event in page.events],
        "complete": page.complete,
        **({"damaged": damaged} if damaged else {}),
    }
    if page.next is not None:
        answer["next"] = encode_cursor(Cursor(asked.start, page.next))
    return json_answer(answer)


def event(backend: Backend, request: Request) -> Response:
    """GET /api/v1/events/ID: the event with this id; of several (identical lines that came in two
    pieces) the first. 404 if there is none; 503, and the names of the files in `damaged`, if that
    is not known because some of that time could not be read."""
    check_parameters(request)
    event_id: str = request.path_params["id"]
    with _store_errors():
        found = backend.events.get(event_id)
        if found is not None:
            return json_answer(stored_document(found))
        start, end = _received(event_id)
        damaged = backend.events.damaged(start=start, end=end)
    if damaged:
        text = f"there is no event {event_id!r} in what can be read of the store"
        return json_answer({"code": 503, "message": text, "damaged": damaged}, 503)
    raise Rejected(404, f"there is no event {event_id!r}")


def _received(event_id: str) -> tuple[int, int]:
    """When an event with this id was received, [start, end); never, for a text that is no id."""
    if not _ID.fullmatch(event_id):
        return 0, 0
    start = int(event_id[:_BUCKET_DIGITS], 16) * BUCKET_S * NS_PER_S
    return start, start + BUCKET_S * NS_PER_S


def count(backend: Backend, request: Request) -> Response:
    """GET /api/v1/events/count?query=KQL&by=FIELD,FIELD&start=RFC3339&end=RFC3339: how many events
    there are of each combination of values, the most frequent first; without `by`, of all.

    An event without a field counts under "", one with several values under each of them.
    `damaged` is as in `events`.
    """
    check_parameters(request, "query", "start", "end", "by")
    asked = _asked(backend, request, None)
    by = _by(request)
    with _store_errors():
        counts = backend.events.aggregate(asked.query, by, start=asked.start, end=asked.end)
        damaged = backend.events.damaged(start=asked.start, end=asked.end)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    groups = [{"by": dict(zip(by, values, strict=True)), "count": n} for values, n in ordered]
    return json_answer({"groups": groups, **({"damaged": damaged} if damaged else {})})


@contextmanager
def _store_errors() -> Iterator[None]:
    """What goes wrong in the store, as an answer."""
    try:
        yield
    except (StoreUnavailable, NewerSchema) as error:
        raise Rejected(503, str(error)) from None
    except TooWide as error:
        raise Rejected(400, str(error)) from None


def _asked(backend: Backend, request: Request, start: int | None) -> _Asked:
    """The parameters; `start` is where the time begins if they do not say."""
    text = "".join(query_values(request, "query")[-1:])
    try:
        query: Query = parse_query(text) if text.strip() else Everything()
    except QueryError as error:
        raise Rejected(400, _said(error)) from None
    end = _time(request, "end", backend.now().wall_ns + 1)
    begin = _time(request, "start", end - WINDOW_NS if start is None else start)
    if begin > end and query_values(request, "start") and query_values(request, "end"):
        raise Rejected(400, "start is after end")
    return _Asked(query, begin, end)


def _said(error: QueryError) -> str:
    help = f"; {error.help}" if error.help else ""
    return f"query: {error.summary} (at character {error.offset + 1}){help}"


def _cursor(request: Request) -> Cursor | None:
    values = query_values(request, "cursor")
    try:
        return decode_cursor(values[-1]) if values else None
    except ValueError as error:
        raise Rejected(400, f"cursor: {error}") from None


def _by(request: Request) -> Sequence[str]:
    """The fields of a count; none if the parameter is empty."""
    text = "".join(query_values(request, "by")).strip()
    names = [name.strip() for name in text.split(",")] if text else []
    if "" in names or len(set(names)) < len(names):
        raise Rejected(400, "by: give fields with one comma between them, each once")
    if len(names) > BY_FIELDS_MAX:
        raise Rejected(400, f"by: give at most {BY_FIELDS_MAX} fields")
    try:
        for name in names:
            check_field(name)
    except QueryError as error:
        raise Rejected(400, f"by: {error.summary}; {error.help}".rstrip("; ")) from None
    return names


def _time(request: Request, name: str, default: int) -> int:
    values = query_values(request, name)
    try:
        return parse_rfc3339(values[-1]) if values else default
    except ValueError as error:
        raise Rejected(400, f"{name}: {error}") from None
