"""`/api/v1/decisions`: what was made of what came in."""

from starlette.requests import Request
from starlette.responses import Response

from trapgate.model import rfc3339
from trapgate.state import StateUnavailable
from trapgate.web.answers import (
    Rejected,
    check_parameters,
    json_answer,
    query_limit,
    query_values,
)
from trapgate.web.backend import Backend


def decisions(backend: Backend, request: Request) -> Response:
    """GET /api/v1/decisions?subject=ID&limit=N: newest first. A subject is an event's id, an
    alert's fingerprint, a group key or a notification's id; without one, all."""
    check_parameters(request, "subject", "limit")
    subject = "".join(query_values(request, "subject")[-1:]) or None
    limit = query_limit(request)
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
