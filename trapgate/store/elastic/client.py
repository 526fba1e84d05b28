"""The servers, asked by blocking calls: the official async client on a loop in a thread of its own.

In: method, path, body. Out: the answer's JSON, or one of two failures: `StoreUnavailable` (nobody
answers, too busy, out of order, not allowed in: to be asked again later) and `Refused` (the request
is not acceptable as it is).
"""

import asyncio
import logging
import re
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import httpx
from elastic_transport import ApiResponse, ApiResponseMeta
from elasticsearch import (
    ApiError,
    AsyncElasticsearch,
    ConnectionTimeout,
    SSLError,
    TransportError,
    UnsupportedProductError,
)
from elasticsearch import ConnectionError as NoConnection
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from trapgate.store.elastic.nodes import Nodes, node_class
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.tls import tls_context
from trapgate.store.elastic.words import words_of
from trapgate.store.errors import StoreUnavailable

QUICK_TRIES = 3
"""Within one attempt: a node that restarts or a short rush is over then; a longer trouble is for
the caller, who asks again for as long as it takes."""

WAIT_S_FIRST, WAIT_S_MAX = 0.2, 2.0
"""Between quick tries, growing, with jitter: those who failed together do not come back together.
"""

GRACE_S = 5.0
"""What a call may take beyond the request's own deadline, which the client keeps."""

_UNKNOWN_HERE = frozenset({400, 404, 405, 501})
"""Statuses of a server that does not know what it is asked for."""

_SOURCE_LINE = re.compile(r" ?\(_ssl\.c:\d+\)")

JSON = Mapping[str, Any]

T = TypeVar("T")


class Unanswered(StoreUnavailable):
    """The servers do not do what they were asked now. `kind` is a slug for the metric; after an
    `ambiguous` failure nobody knows whether they did it; `brief` ones may be over at once."""

    def __init__(self, kind: str, reason: str, *, ambiguous: bool, brief: bool) -> None:
        super().__init__(reason)
        self.kind = kind
        self.ambiguous = ambiguous
        self.brief = brief


class Refused(Exception):
    """The servers do not accept a request: its status (400 to 499) and their words."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class Cluster:
    """The nodes of one cluster. Any thread may ask; each waits for its own answer."""

    def __init__(
        self,
        settings: ElasticsearchSettings,
        count_away: Callable[[str], object] = lambda url: None,
    ) -> None:
        """Contacts nobody. `count_away` is told the URL of a node whenever it has not answered.
        Raises `OSError` (`ssl.SSLError` among it) for certificates that cannot be read."""
        _quiet()
        self._timeout_s = settings.request_timeout.seconds * len(settings.urls)
        self._nodes = len(settings.urls)
        self._loop = asyncio.new_event_loop()
        self._client = AsyncElasticsearch(
            **_options(settings), node_class=node_class(Nodes(settings.urls, count_away))
        )
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="elasticsearch", daemon=True
        )
        self._thread.start()

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> JSON:
        """The answer's JSON; a body of bytes is NDJSON. Raises `Unanswered`, `Refused`."""
        kind = "x-ndjson" if isinstance(body, bytes) else "json"
        headers = {"accept": "application/json"}
        if body is not None:
            headers["content-type"] = f"application/{kind}"
        try:
            answer = self._wait(self._asked(method, path, params, headers, body))
        except (ApiError, TransportError) as error:
            raise failure_of(error) from error
        except TimeoutError as error:
            raise Unanswered("timeout", "no answer in time", ambiguous=True, brief=False) from error
        found: JSON = answer.body
        return found

    async def _asked(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        body: Mapping[str, object] | bytes | None,
    ) -> ApiResponse[Any]:
        """Ask the node whose turn it is; the next one if that takes no connection."""
        for left in reversed(range(self._nodes)):
            try:
                return await self._client.perform_request(
                    method, path, params=params, headers=headers, body=body
                )
            except NoConnection as error:
                if not left or not _is_unsent(error):
                    raise
        raise AssertionError("there is at least one node")

    def close(self) -> None:
        """Close the connections and end the thread; safe twice."""
        if self._loop.is_closed():
            return
        try:
            self._wait(self._client.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _wait(self, what: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(what, self._loop)
        try:
            return future.result(self._timeout_s + GRACE_S)
        except TimeoutError:
            future.cancel()
            raise


def tries(sleep: Callable[[float], None] = time.sleep) -> Retrying:
    """The few quick tries inside one attempt, of what fails for a moment only."""
    return Retrying(
        stop=stop_after_attempt(QUICK_TRIES),
        wait=wait_exponential_jitter(multiplier=WAIT_S_FIRST, max=WAIT_S_MAX, jitter=WAIT_S_FIRST),
        retry=retry_if_exception(lambda error: isinstance(error, Unanswered) and error.brief),
        sleep=sleep,
        reraise=True,
    )


def _options(settings: ElasticsearchSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "hosts": [_with_port(url) for url in settings.urls],
        "request_timeout": settings.request_timeout.seconds,
        "http_compress": settings.compression,
        "max_retries": 0,  # a retry may have to look first: see `tries`
        "retry_on_status": (),
    }
    if settings.username is not None:
        options["basic_auth"] = (settings.username, settings.password)
    if settings.api_key is not None:
        options["api_key"] = settings.api_key
    context = tls_context(settings)
    if context is not None:
        options["ssl_context"] = context
    return options


def _with_port(url: str) -> str:
    """The client wants a port in every URL."""
    scheme, _, rest = url.rstrip("/").partition("://")
    if rest.rpartition(":")[2].isdigit() and not rest.endswith("]"):
        return f"{scheme}://{rest}"
    return f"{scheme}://{rest}:{443 if scheme.lower() == 'https' else 80}"


def _quiet() -> None:
    """One failure is one line of ours: the client logs each try, too."""
    for name in ("elastic_transport.transport", "elastic_transport.node_pool", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def failure_of(error: ApiError | TransportError) -> Unanswered | Refused:
    """What an error of the client means."""
    if isinstance(error, UnsupportedProductError):
        reason = "what answers is not Elasticsearch"
        return Unanswered("not-elasticsearch", reason, ambiguous=False, brief=False)
    if isinstance(error, ApiError):
        if _is_of_another(error.meta):
            node = error.meta.node
            place = f"{node.scheme}://{node.host}:{node.port}"
            reason = f"what answers at {place} is not Elasticsearch: it says {error.meta.status}"
            return Unanswered("not-elasticsearch", reason, ambiguous=False, brief=False)
        return _of_status(error.meta.status, words_of(error.body) or error.message)
    if isinstance(error, ConnectionTimeout):
        reason = f"no answer in time: {error.message}"
        return Unanswered("timeout", reason, ambiguous=True, brief=False)
    if isinstance(error, SSLError):
        return Unanswered("tls", f"TLS: {_tls_words(error)}", ambiguous=False, brief=False)
    if isinstance(error, NoConnection):
        reason = f"no connection to {error.message}{_tls_hint(error)}"
        return Unanswered("connection", reason, ambiguous=not _is_unsent(error), brief=True)
    # an answer that is no JSON: a proxy's page, an answer that was cut
    return Unanswered("answer", str(error), ambiguous=True, brief=True)


def _is_unsent(error: NoConnection) -> bool:
    """Whether there was no connection that a request could have gone over."""
    return isinstance(error.__context__, httpx.ConnectError)


def _tls_words(error: SSLError) -> str:
    """OpenSSL's words, without the line of its source."""
    text = _SOURCE_LINE.sub("", error.message)
    plain = "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text
    return text + ("; if the server has no TLS, write http:// in urls" if plain else "")


def _tls_hint(error: NoConnection) -> str:
    """A server that speaks TLS hangs up, or answers in it, when it is asked without."""
    garbled = isinstance(error.__context__, httpx.RemoteProtocolError | httpx.ReadError)
    if garbled and error.message.startswith("http://"):
        return "; if the server speaks TLS, write https:// in urls"
    return ""


def _is_of_another(meta: ApiResponseMeta) -> bool:
    """Whether this refusal is of something that is not Elasticsearch, which puts its name on every
    answer. A proxy before it may refuse otherwise: who is not let in, or sends too much."""
    return meta.status in _UNKNOWN_HERE and "x-elastic-product" not in meta.headers


def _of_status(status: int, reason: str) -> Unanswered | Refused:
    if status == 429:
        return Unanswered("busy", f"too busy: {reason}", ambiguous=False, brief=True)
    if status >= 500 or status < 400:
        return Unanswered("server", f"{status}: {reason}", ambiguous=True, brief=True)
    if status in (401, 403):
        reason = f"not allowed: {status}: {reason}"
        return Unanswered("denied", reason, ambiguous=False, brief=False)
    return Refused(status, reason)
