"""`/api/v1/events` and `/api/v1/decisions`: what came in, and what was made of it."""

from starlette.requests import Request
from starlette.responses import Response

from trapgate.model import NS_PER_S, parse_rfc3339, rfc3339
from trapgate.model.query import Everything
from trapgate.normalize.document import document
from trapgate.query import QueryError, parse_query
from trapgate.state import StateUnavailable
from trapgate.store import StoreUnavailable, TooManyRows
from trapgate.web.answers import Rejected, json_answer, query_count, query_values
from trapgate.web.backend import Backend

LIMIT_DEFAULT = 50
LIMIT_MAX = 1_000
"""Records in one answer."""

WINDOW_NS = 86_400 * NS_PER_S
"""How far back a search for events goes if nobody says: a day is one file or two."""


def events(backend: Backend, request: Request) -> Response:
    """GET /api/v1/events?query=KQL&start=RFC3339&end=RFC3339&limit=N: newest first, of the day
    before `end` if there is no `start`."""
    text = "".join(query_values(request, "query")[-1:])
    try:
        query = parse_query(text) if text.strip() else Everything()
    except QueryError as error:
        raise Rejected(400, f"query: {error}") from None
    end = _time(request, "end", backend.now().wall_ns + 1)
    start = _time(request, "start", end - WINDOW_NS)
    limit = query_count(request, "limit", LIMIT_DEFAULT, LIMIT_MAX)
    try:
        found = backend.events.search(query, start=start, end=end, limit=limit)
    except StoreUnavailable as error:
        raise Rejected(503, str(error)) from None
    except TooManyRows as error:
        raise Rejected(400, str(error)) from None
    return json_answer([document(event) for event in found])


def decisions(backend: Backend, request: Request) -> Response:
    """GET /api/v1/decisions?subject=ID&limit=N: newest first. A subject is an event's id, an
    alert's fingerprint, a group key or a notification's id; without one, all."""
    subject = "".join(query_values(request, "subject")[-1:]) or None
    limit = query_count(request, "limit", LIMIT_DEFAULT, LIMIT_MAX)
    try:
        found = backend.history.search(subject, limit)
    except StateUnavailable as error:
        raise Rejected(503, str(error)) from None
    return json_answer(
        [
            {
                "time": rfc3339(at),
                "subject": decision.subject,
                "verdict": decision.verdict,
                "reason": decision.reason,
                "refs": decision.refs,
            }
            for at, decision in found
        ]
    )


def _time(request: Request, name: str, default: int) -> int:
    values = query_values(request, name)
    try:
        return parse_rfc3339(values[-1]) if values else default
    except ValueError as error:
        raise Rejected(400, f"{name}: {error}") from None
