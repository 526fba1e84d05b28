"""The gate before costly requests: few inside, some waiting, the rest told to come again."""

import asyncio

import httpx
import pytest

from alerting.samples import alert
from trapgate.web.answers import Rejected
from trapgate.web.gate import AT_ONCE_MAX, QUEUE_MAX, RETRY_AFTER_S, Gate
from web.gateway import Gateway

CROWD = 10 * (AT_ONCE_MAX + QUEUE_MAX)
"""Requests at one moment: some are answered while the last of them come."""


def test_few_are_inside_and_a_short_queue_waits() -> None:
    async def crowd() -> tuple[int, int, int]:
        gate, leave = Gate(), asyncio.Event()
        inside, inside_max, refused = 0, 0, 0

        async def visit() -> None:
            nonlocal inside, inside_max, refused
            try:
                async with gate.passed():
                    inside += 1
                    inside_max = max(inside, inside_max)
                    await leave.wait()
                    inside -= 1
            except Rejected as error:
                refused += error.status == 503
                leave.set()  # the last to come; the others go on

        async with asyncio.TaskGroup() as visitors:
            for _ in range(AT_ONCE_MAX + QUEUE_MAX + 1):
                visitors.create_task(visit())
        async with gate.passed():
            return inside, inside_max, refused

    assert asyncio.run(crowd()) == (0, AT_ONCE_MAX, 1)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/events",
        "/api/v1/events/count",
        "/api/v1/decisions",
        "/api/v2/alerts",
        "/api/v2/alerts/groups",
    ],
)
def test_a_full_queue_is_a_503_with_the_time_to_come_again(gateway: Gateway, path: str) -> None:
    gateway.put(alert("Link", device="r1"))

    async def crowd() -> list[httpx.Response]:
        transport = httpx.ASGITransport(gateway.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://trapgate") as client:
            return await asyncio.gather(*(client.get(path) for _ in range(CROWD)))

    answers = asyncio.run(crowd())
    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.headers["Retry-After"] for answer in refused} == {str(RETRY_AFTER_S)}
    assert {answer.status_code for answer in answers} == {200, 503}
