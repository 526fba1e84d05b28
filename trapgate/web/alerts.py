"""`/api/v2/alerts` and `/api/v2/alerts/groups`, as Alertmanager's `api/v2/openapi.yaml` says."""

from collections.abc import Mapping, Sequence

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from trapgate.alerting.matchers import Matcher, MatcherError, Matchers, anchored, parse_matchers
from trapgate.alerting.merge import InvalidAlert, received
from trapgate.alerting.view import (
    AlertFilter,
    AlertView,
    Snapshot,
    alerts_view,
    groups_view,
    snapshot,
)
from trapgate.model import NEVER, Alert, PostedAlert, parse_rfc3339, rfc3339
from trapgate.web.answers import (
    Rejected,
    body_of,
    empty_answer,
    framework_error,
    json_answer,
    query_flag,
    query_values,
)
from trapgate.web.backend import Backend

_UNSET_YEAR = "0001-01-01"
"""Go's zero time, which Go clients send for "not set"."""


class PostableAlert(msgspec.Struct, frozen=True):
    """An alert as clients post it."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str] | None = None
    startsAt: str | None = None  # noqa: N815 - the API's name
    endsAt: str | None = None  # noqa: N815
    generatorURL: str = ""  # noqa: N815


async def alerts(backend: Backend, request: Request) -> Response:
    """GET /api/v2/alerts: a snapshot of the board, encoded in a thread."""
    taken, wanted, wall_ns = snapshot(backend.board), _filter(request), backend.now().wall_ns
    return await run_in_threadpool(_alerts, taken, wanted, wall_ns)


def _alerts(taken: Snapshot, wanted: AlertFilter, wall_ns: int) -> Response:
    views = alerts_view(taken, wanted, wall_ns)
    return json_answer([_gettable(view) for view in views])


async def groups(backend: Backend, request: Request) -> Response:
    """GET /api/v2/alerts/groups: as above."""
    taken, wanted, wall_ns = snapshot(backend.board), _filter(request), backend.now().wall_ns
    return await run_in_threadpool(_groups, taken, wanted, wall_ns)


def _groups(taken: Snapshot, wanted: AlertFilter, wall_ns: int) -> Response:
    views = groups_view(taken, wanted, wall_ns)
    return json_answer(
        [
            {
                "labels": group.labels,
                "routeLabels": {},
                "receiver": {"name": group.receiver},
                "alerts": [_gettable(view) for view in group.alerts],
            }
            for group in views
        ]
    )


async def post_alerts(backend: Backend, request: Request) -> Response:
    """POST /api/v2/alerts: 200 once every valid alert is durable; then 400 if some were not."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind.lower() != "application/json":
        message = f'unsupported media type "{kind}", only [application/json] are allowed'
        return framework_error(415, message)
    try:
        posted = msgspec.json.decode(await body_of(request), type=list[PostableAlert])
    except (ValueError, RecursionError) as error:
        # not `DecodeError` only: msgspec lets bytes that are no UTF-8 and deep nesting through
        return framework_error(400, f"parsing alerts body from {error}")
    valid, errors = _validated(backend, posted)
    backend.count_invalid(len(errors))
    refused = await backend.receive(valid) if valid else None
    if refused is not None:
        answer = json_answer(refused, 503)
        answer.headers["Retry-After"] = "1"
        return answer
    wall_ns = backend.now().wall_ns
    for alert in valid:
        backend.count_received(alert.status(wall_ns), 1)
    return json_answer("\n".join(errors), 400) if errors else empty_answer()


def _validated(
    backend: Backend, posted: Sequence[PostableAlert]
) -> tuple[Sequence[Alert], Sequence[str]]:
    now, timeout_ns = backend.now(), backend.resolve_timeout_ns()
    valid: list[Alert] = []
    errors: list[str] = []
    for alert in posted:
        try:
            given = PostedAlert(
                labels=alert.labels,
                annotations=alert.annotations or {},
                starts_at=_instant(alert.startsAt),
                ends_at=_instant(alert.endsAt),
                generator_url=alert.generatorURL,
            )
            valid.append(received(given, now, timeout_ns))
        except (InvalidAlert, ValueError) as error:
            errors.append(str(error))
    return valid, errors


def _instant(text: str | None) -> int | None:
    """An instant, cut to what can be stored (the years 1678 to 2262)."""
    if not text or text.startswith(_UNSET_YEAR):
        return None
    return max(-NEVER, min(parse_rfc3339(text), NEVER))


def _filter(request: Request) -> AlertFilter:
    found: list[Matcher] = []
    try:
        for text in query_values(request, "filter"):
            found += parse_matchers(text)
        Matchers(tuple(found))
    except MatcherError as error:
        raise Rejected(400, f"bad matcher format: {error}") from None
    receiver = query_values(request, "receiver")
    try:
        wanted = anchored(receiver[-1]) if receiver and receiver[-1] else None
    except MatcherError as error:
        raise Rejected(400, f"failed to parse receiver param: {error}") from None
    for name in ("silenced", "inhibited", "unprocessed", "muted"):
        query_flag(request, name)  # nothing is silenced, inhibited or muted yet: all may pass
    return AlertFilter(query_flag(request, "active"), tuple(found), wanted)


def _gettable(view: AlertView) -> Mapping[str, object]:
    alert = view.alert
    return {
        "annotations": alert.annotations,
        "endsAt": rfc3339(alert.ends_at),
        "fingerprint": alert.fingerprint,
        "receivers": [{"name": name} for name in view.receivers],
        "startsAt": rfc3339(alert.starts_at),
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
        "updatedAt": rfc3339(alert.updated_at),
        "generatorURL": alert.generator_url,
        "labels": alert.labels,
    }
