"""The HTTP API over a real core, a real event store and a real history, without sockets."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from alerting.samples import now as moment
from alerting.samples import routing
from trapgate.alerting.board import Routing
from trapgate.alerting.core import Core
from trapgate.alerting.protocol import Commit, Committed, Receive
from trapgate.model import NS_PER_S, Alert, Decision, Now
from trapgate.observe import Sounding
from trapgate.state import MemoryStateStore, SqliteHistory
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.store import ROWS_EXAMINED_MAX
from trapgate.web import Backend, build_app

RESOLVE_TIMEOUT_S = 300
CONFIG = "route: {receiver: team}\n"


class Gateway:
    """The API and what stands behind it; the test moves the clock and says what fails.

    `received` are the alerts that were made durable, request by request; `counted` what was told
    to the counters.
    """

    def __init__(
        self, folder: Path, routes: Routing | None = None, rows_max: int = ROWS_EXAMINED_MAX
    ) -> None:
        self.second = 0.0
        self.refusal: str | None = None
        self.reload_error: str | None = None
        self.reloads = 0
        self.not_ready: str | None = None
        self.alarms: list[Sounding] = []
        self.received: list[Sequence[Alert]] = []
        self.counted: dict[str, int] = {}
        self.core = Core(routes or routing())
        self.state = MemoryStateStore()
        self.events = SqliteEventStore.open(folder / "events", rows_max=rows_max)
        self.history = SqliteHistory.open(folder / "history.db")
        self.app = build_app(
            Backend(
                board=self.core.board,
                receive=self.receive,
                reload=self.reload,
                ready=lambda: self.not_ready,
                metrics=lambda: b"trapgate_up 1\n",
                config_text=lambda: CONFIG,
                resolve_timeout_ns=lambda: RESOLVE_TIMEOUT_S * NS_PER_S,
                now=self.now,
                started_at=moment().wall_ns,
                events=self.events,
                history=self.history,
                count_received=self.count,
                count_invalid=lambda count: self.count("invalid", count),
                alarms=lambda: self.alarms,
            )
        )

    def now(self) -> Now:
        return moment(self.second)

    def count(self, status: str, count: int) -> None:
        self.counted[status] = self.counted.get(status, 0) + count

    async def receive(self, alerts: Sequence[Alert]) -> str | None:
        if self.refusal is None:
            self.received.append(alerts)
            self.put(*alerts)
        return self.refusal

    async def reload(self) -> str | None:
        self.reloads += 1
        return self.reload_error

    def put(self, *alerts: Alert) -> None:
        """Make alerts durable, as the conductor does; nobody is notified here."""
        for effect in self.core.step(Receive(0, alerts), self.now()):
            if isinstance(effect, Commit):
                outcomes = tuple(self.state.commit(effect.units))
                self.core.step(Committed(effect.ticket, outcomes), self.now())

    def decide(self, *decisions: Decision) -> None:
        self.history.append([(self.now().wall_ns, decision) for decision in decisions])

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """One request and its whole answer; what the API raises comes out here."""
        return asyncio.run(self._request(method, url, tuple(params), headers, content))

    def get(self, url: str, *params: tuple[str, str]) -> httpx.Response:
        return self.request("GET", url, params=params)

    def post(self, content: bytes, kind: str | None = "application/json") -> httpx.Response:
        """Post alerts."""
        headers = {} if kind is None else {"Content-Type": kind}
        return self.request("POST", "/api/v2/alerts", headers=headers, content=content)

    def close(self) -> None:
        self.events.close()
        self.history.close()

    async def _request(
        self,
        method: str,
        url: str,
        params: tuple[tuple[str, str], ...],
        headers: Mapping[str, str] | None,
        content: bytes | None,
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://trapgate") as client:
            return await client.request(
                method, url, params=params or None, headers=headers, content=content
            )
