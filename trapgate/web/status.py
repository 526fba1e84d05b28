"""`/api/v2/status` and `/api/v2/receivers`, health, reload, metrics, the page at `/`."""

import sys
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from trapgate import __version__
from trapgate.model import rfc3339
from trapgate.web.answers import json_answer
from trapgate.web.backend import Backend

ALERTMANAGER_VERSION = "0.34.0"
"""The Alertmanager whose API this is: clients such as Karma choose their dialect by it."""

_V1_GONE = {
    "status": "deprecated",
    "error": "The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of "
    "version 0.27.0 - please use the equivalent route in the v2 API",
}

_PAGE_START = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>trapgate</title>
<h1>trapgate {__version__}</h1>
"""

_PAGE_END = """<p>There is no console yet. What answers here:</p>
<ul>
<li><a href="/api/v2/alerts">/api/v2/alerts</a>, <a href="/api/v2/alerts/groups">groups</a>,
<a href="/api/v2/receivers">receivers</a>, <a href="/api/v2/status">status</a>:
Alertmanager's API, for amtool, Prometheus, Grafana, Karma</li>
<li><a href="/api/v1/events">/api/v1/events</a>: the newest events (<code>?query=...</code>),
<a href="/api/v1/events/count?by=host.name">how many</a> there are (<code>?by=...</code>)</li>
<li><a href="/api/v1/decisions">/api/v1/decisions</a>: what was decided and why
(<code>?subject=...</code>)</li>
<li><a href="/metrics">/metrics</a>, <a href="/-/ready">/-/ready</a>,
<a href="/-/healthy">/-/healthy</a></li>
</ul>
</html>
"""


def status(backend: Backend, _: Request) -> Response:
    """GET /api/v2/status"""
    python = ".".join(map(str, sys.version_info[:3]))
    return json_answer(
        {
            "cluster": {"status": "disabled", "peers": []},
            "versionInfo": {
                "version": ALERTMANAGER_VERSION,
                "revision": f"trapgate {__version__}",
                "branch": "",
                "buildUser": "",
                "buildDate": "",
                "goVersion": f"Python {python}",
            },
            "config": {"original": backend.config_text()},
            "uptime": rfc3339(backend.started_at),
        }
    )


def receivers(backend: Backend, _: Request) -> Response:
    """GET /api/v2/receivers"""
    names = backend.board.routing.integrations
    return json_answer([{"name": name, "labels": {}} for name in names])


def healthy(_: Backend, __: Request) -> Response:
    """GET /-/healthy: the process answers."""
    return PlainTextResponse("OK")


def ready(backend: Backend, _: Request) -> Response:
    """GET /-/ready: state is loaded and can be written, and what devices send is taken. Alarms that
    do not stand against that are told behind the OK."""
    reason = backend.ready()
    alarms = backend.alarms()
    if reason is None and not any(alarm.kind.unready for alarm in alarms):
        return PlainTextResponse("\n".join(["OK", *map(str, alarms)]))
    return PlainTextResponse("\n".join([*([reason] if reason else []), *map(str, alarms)]), 503)


async def reload(backend: Backend, _: Request) -> Response:
    """POST /-/reload: all or nothing, answered when it is done."""
    error = await backend.reload()
    if error is not None:
        return PlainTextResponse(f"failed to reload config: {error}\n", 500)
    return PlainTextResponse("")


def metrics(backend: Backend, _: Request) -> Response:
    """GET /metrics"""
    return Response(backend.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


def v1_gone(_: Backend, __: Request) -> Response:
    """Alertmanager's removed API v1."""
    return json_answer(_V1_GONE, 410)


def page(backend: Backend, _: Request) -> Response:
    """GET /"""
    headers = {"Content-Security-Policy": "default-src 'none'"}
    lines = [f"<li>{escape(str(a))}; {escape(a.kind.advice)}</li>\n" for a in backend.alarms()]
    alarms = f"<h2>Alarms</h2>\n<ul>\n{''.join(lines)}</ul>\n" if lines else ""
    return HTMLResponse(_PAGE_START + alarms + _PAGE_END, headers=headers)
