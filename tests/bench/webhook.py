"""A receiver of webhooks that remembers when each alert was first told to fire."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from .processes import TooSlow


class Webhook:
    """An HTTP server on a free port of 127.0.0.1. A context manager."""

    def __init__(self) -> None:
        self._firing: dict[str, int] = {}
        self._changed = threading.Condition()
        webhook = self

        class Receiver(BaseHTTPRequestHandler):
            """One connection; it stays open, as real receivers keep it."""

            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook._note(body, time.monotonic_ns())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the table is the output."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhook")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def await_firing(self, interface: str, within_s: float) -> int:
        """When this interface's alert was first told, in nanoseconds of CLOCK_MONOTONIC.

        Raises `TooSlow`.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: interface in self._firing, within_s):
                raise TooSlow(f"no webhook for {interface} within {within_s} s")
            return self._firing[interface]

    def _note(self, body: bytes, at_ns: int) -> None:
        with self._changed:
            for alert in json.loads(body)["alerts"]:
                if alert["status"] == "firing":
                    self._firing.setdefault(alert["labels"]["interface"], at_ns)
            self._changed.notify_all()
