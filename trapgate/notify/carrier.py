"""The carrier: does the IO that an integration's conversation asks for.

In: an integration and a notification. Out: how it ended. It decides nothing: whether and when to
try again is the alerting core's business; only a connection that could not be opened is tried a
few times within the attempt.
"""

import asyncio

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential

from trapgate.model import Notification
from trapgate.model.exchange import (
    RESPONSE_BYTES_MAX,
    Ending,
    Failed,
    HttpRequest,
    HttpResponse,
    PrintLine,
    Request,
    Response,
    Unreachable,
)
from trapgate.notify.console import Console
from trapgate.ports import Integration

STEPS_MAX = 20
"""Requests in one conversation: search, create, update and a few polls; more is a loop."""

CONNECTS_MAX = 3
"""Quick tries to open a connection, 0.1 s and 0.2 s apart: a restarting receiver or a lost SYN."""

CONNECTIONS_MAX = 200
"""Open connections to receivers: one slow receiver must not use up the process's sockets."""

REDIRECTS_MAX = 5
"""Hops of one request: http to https, a new name and a load balancer are three."""

PORT_MAX = 65_535

_SAME_REQUEST = (307, 308)
"""The redirects that keep method and body (RFC 9110 §15.4). After 301, 302 and 303 clients ask
with a GET without a body, and its 200 would pass for a delivery."""

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class Carrier:
    """Holds the HTTP client and the console; one for the process."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
        self._connects = AsyncRetrying(
            retry=retry_if_exception_type(httpx.ConnectError),
            stop=stop_after_attempt(CONNECTS_MAX),
            wait=wait_exponential(multiplier=0.1),
            reraise=True,
        )
        self._client = httpx.AsyncClient(
            # a compressed answer of 64 KiB may be one of 64 MiB
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
            limits=limits,
            event_hooks={"request": [_refuse_bad_port]},
        )

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        await self._client.aclose()

    async def deliver(self, integration: Integration, notification: Notification) -> Ending:
        """Hold the conversation to its end."""
        step = integration.start(notification, notification.memory)
        for _ in range(STEPS_MAX):
            if not isinstance(step, Request):
                return step
            step = integration.next(await self._exchange(step))
        return Failed(f"no end after {STEPS_MAX} requests")

    async def _exchange(self, request: Request) -> Response:
        if isinstance(request, PrintLine):
            return await self._console.write(request.text)
        try:
            async with asyncio.timeout(request.timeout_s):
                return await self._connects(self._http, request)
        except TimeoutError:
            return Unreachable("no answer in time", sent=True)
        except httpx.InvalidURL:
            return Unreachable("the URL is not valid", sent=False)
        except _NOT_SENT as error:
            return Unreachable(_reason(error), sent=False)
        except httpx.HTTPError as error:
            return Unreachable(_reason(error), sent=True)

    async def _http(self, request: HttpRequest) -> HttpResponse:
        asked = self._client.build_request(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            timeout=request.timeout_s,
        )
        for _ in range(1 + REDIRECTS_MAX):
            response = await self._client.send(asked, stream=True)
            try:
                following = response.next_request
                if following is None or response.status_code not in _SAME_REQUEST:
                    return await _read(response)
            finally:
                await response.aclose()
            asked = following
        raise httpx.TooManyRedirects("", request=asked)


async def _read(response: httpx.Response) -> HttpResponse:
    """The answer as it came, its body cut."""
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= RESPONSE_BYTES_MAX:
            break
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpResponse(response.status_code, headers, body[:RESPONSE_BYTES_MAX])


async def _refuse_bad_port(request: httpx.Request) -> None:
    """A redirect may name any port; the system's refusal would come as an error of another kind."""
    if (request.url.port or 0) > PORT_MAX:
        raise httpx.InvalidURL("no such port")


def _reason(error: httpx.HTTPError) -> str:
    """What went wrong, without the URL: it may hold a secret."""
    words = {
        "ConnectError": "no connection",
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "WriteTimeout": "could not be sent in time",
        "UnsupportedProtocol": "the URL is not valid",
        "TooManyRedirects": "the receiver redirects without end",
        "PoolTimeout": "too many requests to receivers at once",
        "RemoteProtocolError": "the connection was closed without an answer",
        "ReadError": "the connection broke",
    }
    name = type(error).__name__
    return words.get(name, name)
