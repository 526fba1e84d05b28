"""A receiver of webhooks that remembers everything and misbehaves on demand."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from system.running import eventually

BACKLOG = 256
"""Connections that may wait: trapgate opens up to 32 at once."""


class Delivery:
    """One request. `status` is what it was answered, 0 as long as it was not."""

    def __init__(self, key: str, body: Mapping[str, Any]) -> None:
        self.at = time.monotonic()
        self.key = key
        self.body = body
        self.status = 0

    @property
    def firing(self) -> bool:
        return bool(self.body["status"] == "firing")

    def labels(self, name: str) -> set[str]:
        """The values of a label among its alerts."""
        return {alert["labels"].get(name, "") for alert in self.body["alerts"]}

    def __repr__(self) -> str:
        return f"<{self.body['status']} {self.labels('interface')} {self.key} → {self.status}>"


class Webhook:
    """An HTTP server on a port of its own that it keeps while it is closed."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.status = 200
        self.retry_after = ""
        self._answering = threading.Event()
        self._answering.set()
        self._port = 0
        self._server: _Server | None = None
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def open(self) -> None:
        """Accept connections."""
        assert self._server is None
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections, forget no delivery."""
        self.answer()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def hang(self) -> None:
        """Take requests and answer none until `answer`."""
        self._answering.clear()

    def answer(self) -> None:
        """Answer again, also what hangs."""
        self._answering.set()

    def take(self, delivery: Delivery) -> tuple[int, str]:
        """Remember a request; returns status and Retry-After of the answer."""
        status, retry_after = self.status, self.retry_after
        self.deliveries.append(delivery)
        self._answering.wait()
        return status, retry_after

    def of(self, value: str, label: str = "interface") -> list[Delivery]:
        """The deliveries that tell of an alert with this label."""
        return [found for found in list(self.deliveries) if value in found.labels(label)]

    def confirmed(self, value: str, label: str = "interface") -> list[Delivery]:
        """Those of them that were answered 200."""
        return [found for found in self.of(value, label) if found.status == 200]

    def statuses(self, value: str) -> Sequence[str]:
        """What was told and confirmed about an interface, in order."""
        return ["firing" if found.firing else "resolved" for found in self.confirmed(value)]

    def await_told(self, value: str) -> None:
        """Wait until something about an interface is confirmed."""
        eventually(lambda: self.confirmed(value), f"{value} is told")

    def await_statuses(self, value: str, *statuses: str) -> list[Delivery]:
        """The confirmed deliveries about an interface, once they are these."""
        eventually(
            lambda: self.statuses(value) == list(statuses),
            f"{value} told as {statuses}, not {self.statuses(value)}",
        )
        return self.confirmed(value)


class _Server(ThreadingHTTPServer):
    request_queue_size = BACKLOG
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], webhook: Webhook) -> None:
        self.webhook = webhook
        super().__init__(address, _Answer)


class _Answer(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return  # the sender was killed half way
        delivery = Delivery(self.headers["Idempotency-Key"], json.loads(body))
        status, retry_after = self.server.webhook.take(delivery)
        try:
            self.send_response(status)
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
        except OSError:
            return  # the sender has gone: it does not know that this was taken
        delivery.status = status

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: tests read `deliveries`."""
