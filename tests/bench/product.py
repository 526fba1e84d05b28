"""trapgate as a user runs it: `python -m trapgate run` with a configuration in an empty folder."""

import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from trapgate.model import Position
from trapgate.model.query import Everything
from trapgate.store import SqliteEventStore

from .processes import children, cpu_us, end, free_port, open_files, wait_until

READY_S = 30.0
"""Longest time from start to "ready"."""

FOREVER_NS = 2**63 - 1

MAIN_YML = """\
data: ./data
listen:
- {{name: snmp, protocol: snmp, transport: udp, address: "127.0.0.1:{snmp}"}}
alerting: {{config: alertmanager.yml}}
notify: {{log: []}}
web: {{listen: "127.0.0.1:{web}"}}
observe: {{log_level: warning}}
"""

ALERTMANAGER_YML = """\
route:
  receiver: bench
  group_by: ['...']
  group_wait: 0s
  group_interval: 5s
  repeat_interval: 4h
receivers:
- name: bench
"""

WEBHOOK_YML = """\
  webhook_configs:
  - url: {url}
"""


class Product:
    """One run of trapgate in `folder`, with the bundled rules; alerts go to `webhook` if given.

    A context manager: it is ready inside, and has drained and ended behind it.
    """

    def __init__(self, folder: Path, webhook: str | None = None) -> None:
        self.port = free_port(socket.SOCK_DGRAM)
        self.folder = folder
        self._web = free_port(socket.SOCK_STREAM)
        self._webhook = webhook
        self._roles: dict[str, int] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        config = self.folder / "trapgate.yml"
        config.write_text(MAIN_YML.format(snmp=self.port, web=self._web))
        receiver = WEBHOOK_YML.format(url=self._webhook) if self._webhook else ""
        (self.folder / "alertmanager.yml").write_text(ALERTMANAGER_YML + receiver)
        self._output = (self.folder / "output").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trapgate", "run", "--config", str(config)],
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(self._is_ready, READY_S, "trapgate is ready")
            self._roles = self._find_roles()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end(self._process)
        self._output.close()

    def output(self) -> str:
        """What it has printed."""
        return (self.folder / "output").read_text()

    def cpu(self) -> Mapping[str, float]:
        """CPU microseconds so far, by process."""
        return {role: cpu_us(pid) for role, pid in self._roles.items()}

    def has_stored(self, sequence: int) -> bool:
        """Whether the event of this record of the raw spool can be read."""
        store = SqliteEventStore.open(self._events, read_only=True)
        return bool(store.since(Position(self._stream(), sequence - 1), 1))

    def stored(self) -> int:
        """How many events the store finds when asked for all of them."""
        store = SqliteEventStore.open(self._events, read_only=True)
        counts = store.aggregate(Everything(), ("event.dataset",), start=0, end=FOREVER_NS)
        return sum(counts.values())

    @property
    def _events(self) -> Path:
        return self.folder / "data" / "events"

    def _stream(self) -> str:
        return (self.folder / "data" / "spool" / "raw" / "stream").read_text().strip()

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"trapgate ended: {self.output()}")
        return "trapgate is ready" in self.output()

    def _find_roles(self) -> dict[str, int]:
        """The processes by what they do, told by the files that only one of them has open."""
        roles = {"supervisor": self._process.pid}
        for pid in children(self._process.pid):
            names = open_files(pid)
            if "state.sqlite" in names:
                roles["core"] = pid
            elif "events.lock" in names:
                roles["ingest"] = pid
            else:
                roles["receive"] = pid
        return roles
