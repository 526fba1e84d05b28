"""The carrier: does the IO that an integration's conversation asks for.

In: an integration and a notification. Out: how it ended. It decides nothing: whether and when to
try again is the alerting core's business; only a connection that could not be opened is tried a
few times within the attempt.
"""

import asyncio
import sys

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
    Printed,
    PrintLine,
    Request,
    Response,
    Unreachable,
)
from trapgate.ports import Integration

STEPS_MAX = 20
"""Requests in one conversation: search, create, update and a few polls; more is a loop."""

CONNECTS_MAX = 3
"""Quick tries to open a connection, 0.1 s and 0.2 s apart: a restarting receiver or a lost SYN."""

CONNECTIONS_MAX = 32
"""Open connections to receivers: one slow receiver must not use up the process's sockets."""


PORT_MAX = 65_535

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class Carrier:
    """Holds the HTTP client; one for the process."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
        self._connects = AsyncRetrying(
            retry=retry_if_exception_type(httpx.ConnectError),
            stop=stop_after_attempt(CONNECTS_MAX),
            wait=wait_exponential(multiplier=0.1),
            reraise=True,
        )
        self._client = httpx.AsyncClient(
            follow_redirects=True,
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
            return _print(request)
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
        async with self._client.stream(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            timeout=request.timeout_s,
        ) as response:
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= RESPONSE_BYTES_MAX:
                    break
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(response.status_code, headers, body[:RESPONSE_BYTES_MAX])


async def _refuse_bad_port(request: httpx.Request) -> None:
    """A redirect may name any port; the system's refusal would come as an error of another kind."""
    if (request.url.port or 0) > PORT_MAX:
        raise httpx.InvalidURL("no such port")


def _print(request: PrintLine) -> Response:
    try:
        sys.stdout.write(request.text + "\n")
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        return Unreachable(f"standard output: {error}", sent=False)
    return Printed()


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
