"""What all answers have in common: headers, limits, and how parameters are read."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from trapgate.web.answers import BODY_BYTES_MAX
from web.gateway import Gateway

CHUNK = bytes(1 << 20)

JSON_PATHS = (
    "/api/v2/status",
    "/api/v2/receivers",
    "/api/v2/alerts",
    "/api/v2/alerts/groups",
    "/api/v1/events",
    "/api/v1/decisions",
)


@pytest.mark.parametrize("path", JSON_PATHS)
def test_answers_are_json_and_not_cached(gateway: Gateway, path: str) -> None:
    answer = gateway.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    answer.json()


def test_errors_are_not_cached_either(gateway: Gateway) -> None:
    for answer in (gateway.get("/api/v2/alerts", ("active", "x")), gateway.post(b"", "a/b")):
        assert answer.status_code >= 400
        assert answer.headers["Cache-Control"] == "no-store"
    assert gateway.post(b"[]").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", [path for path in JSON_PATHS if path.startswith("/api/v2/")])
def test_pages_of_other_origins_may_ask(gateway: Gateway, path: str) -> None:
    answer = gateway.request("GET", path, headers={"Origin": "http://karma.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_browser_may_post(gateway: Gateway) -> None:
    answer = gateway.request(
        "OPTIONS",
        "/api/v2/alerts",
        headers={
            "Origin": "http://karma.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"]


def test_a_request_has_a_bound(gateway: Gateway) -> None:
    """It is not read beyond the bound, whatever its header says."""
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += len(CHUNK)
            yield CHUNK

    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(gateway.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://trapgate") as client:
            return await client.post("/api/v2/alerts", content=chunks())

    answer = asyncio.run(main())
    assert answer.status_code == 413
    assert answer.json() == f"the request is larger than {BODY_BYTES_MAX} bytes"
    assert BODY_BYTES_MAX < sent <= BODY_BYTES_MAX + 2 * len(CHUNK)
    assert gateway.received == []
