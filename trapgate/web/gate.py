"""A gate before requests that cost seconds of a thread: few at a time, a short queue, then 503."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trapgate.web.answers import Rejected

AT_ONCE_MAX = 2
"""Of one route: threads share the interpreter with paging, which must go on."""

QUEUE_MAX = 8
"""Requests that wait: some dashboards that refresh at the same moment."""

RETRY_AFTER_S = 5
"""By then a full queue has moved on."""


class Gate:
    """Counts who is in and who waits."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE_MAX)
        self._present = 0

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Wait for a place and hold it; `Rejected` if too many wait already."""
        if self._present >= AT_ONCE_MAX + QUEUE_MAX:
            raise Rejected(503, "too many requests of this kind at once", RETRY_AFTER_S)
        self._present += 1
        try:
            async with self._places:
                yield
        finally:
            self._present -= 1
