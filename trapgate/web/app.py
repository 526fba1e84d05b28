"""All routes in one table."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from trapgate.web import alerts, decisions, events, status
from trapgate.web.answers import Rejected, rejection
from trapgate.web.backend import Backend
from trapgate.web.gate import Gate

Quick = Callable[[Backend, Request], Response]
Waiting = Callable[[Backend, Request], Awaitable[Response]]

_QUICK: tuple[tuple[str, Quick], ...] = (
    ("/", status.page),
    ("/-/healthy", status.healthy),
    ("/-/ready", status.ready),
    ("/metrics", status.metrics),
    ("/api/v2/status", status.status),
    ("/api/v2/receivers", status.receivers),
    ("/api/v1/status", status.v1_gone),
    ("/api/v1/receivers", status.v1_gone),
    ("/api/v1/alerts", status.v1_gone),
    ("/api/v1/silences", status.v1_gone),
)
"""GETs that only look at memory: they run on the loop."""

_SLOW: tuple[tuple[str, Quick], ...] = (
    ("/api/v1/events", events.events),
    ("/api/v1/events/count", events.count),
    ("/api/v1/events/{id}", events.event),
    ("/api/v1/decisions", decisions.decisions),
)
"""GETs that read a store: each runs in a thread, behind the gate of its route."""

_LARGE: tuple[tuple[str, Waiting], ...] = (
    ("/api/v2/alerts", alerts.alerts),
    ("/api/v2/alerts/groups", alerts.groups),
)
"""GETs that take a snapshot on the loop and work on it in a thread, behind a gate as well."""

_POSTS: tuple[tuple[str, Waiting], ...] = (
    ("/api/v2/alerts", alerts.post_alerts),
    ("/-/reload", status.reload),
)


def build_app(backend: Backend) -> Starlette:
    """The ASGI application."""
    routes = [Route(path, _quick(backend, answer), methods=["GET"]) for path, answer in _QUICK]
    routes += [Route(path, _slow(backend, answer), methods=["GET"]) for path, answer in _SLOW]
    routes += [Route(path, _large(backend, answer), methods=["GET"]) for path, answer in _LARGE]
    routes += [Route(path, _waiting(backend, answer), methods=["POST"]) for path, answer in _POSTS]
    cors = Middleware(_AlertmanagerCors)
    return Starlette(routes=routes, middleware=[cors], exception_handlers={Rejected: rejection})


class _AlertmanagerCors:
    """Any page in a browser may use Alertmanager's API, as with Alertmanager; trapgate's own API
    (raw events, decisions) and the reload are for no other origin."""

    def __init__(self, app: ASGIApp) -> None:
        self._closed = app
        self._open = CORSMiddleware(
            app, allow_origins=["*"], allow_methods=["GET", "POST"], allow_headers=["*"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared = scope["type"] == "http" and scope["path"].startswith("/api/v2/")
        await (self._open if shared else self._closed)(scope, receive, send)


def _quick(backend: Backend, answer: Quick) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return answer(backend, request)

    return endpoint


def _slow(backend: Backend, answer: Quick) -> Callable[[Request], Awaitable[Response]]:
    gate = Gate()

    async def endpoint(request: Request) -> Response:
        async with gate.passed():
            return await run_in_threadpool(answer, backend, request)

    return endpoint


def _large(backend: Backend, answer: Waiting) -> Callable[[Request], Awaitable[Response]]:
    gate = Gate()

    async def endpoint(request: Request) -> Response:
        async with gate.passed():
            return await answer(backend, request)

    return endpoint


def _waiting(backend: Backend, answer: Waiting) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await answer(backend, request)

    return endpoint


__all__ = ["Backend", "build_app"]
