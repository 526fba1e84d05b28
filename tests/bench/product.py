"""trapgate as a user runs it: `python -m trapgate run` with a configuration in an empty folder."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path
from urllib.request import urlopen

from ports import free_port
from trapgate.app.kernel import kernel_name
from trapgate.model.query import Everything
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.folder import part_path, stored_parts
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX, open_to_read

from .processes import (
    Running,
    children,
    cpu_us,
    open_files,
    private_bytes,
)

READY_S = 30.0
"""Longest time from start to "ready"."""

FOREVER_NS = 2**63 - 1

ROLES = ("receive", "decode", "index")
"""Processes that are told by their names."""

MAIN_YML = """\
data: ./data
normalize: {{rate_limit: {{events_per_second: 0}}}}
listen:
- {{name: snmp, protocol: snmp, transport: udp, address: "127.0.0.1:{snmp}"}}
{listeners}alerting: {{config: alertmanager.yml}}
notify: {{log: []}}
web: {{listen: "127.0.0.1:{web}"}}
observe: {{log_level: warning}}
"""
"""The limit of events a second of one source is off: all of the load comes from one address."""

LAST_OF_DATAGRAMS = """
    SELECT text, max(last) FROM buckets JOIN streams ON number = stream
    WHERE instr(text, '/') = 0 GROUP BY text"""
COUNT_OF_DATAGRAMS = f"""
    SELECT count(*) FROM events JOIN streams ON streams.number = events.seq >> {SEQUENCE_BITS}
    WHERE instr(streams.text, '/') = 0"""
"""Events that are nobody's datagram lie in streams of their own, with a stroke in the name."""

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


class Product(Running):
    """One run of trapgate in `folder`, with the bundled rules; alerts go to `webhook` if given.

    A context manager: it is ready inside, and has drained and ended behind it.
    """

    def __init__(
        self,
        folder: Path,
        webhook: str | None = None,
        settings: str = "",
        listeners: str = "",
    ) -> None:
        """`settings` are further lines of its configuration, `listeners` of its `listen`."""
        super().__init__("trapgate", READY_S)
        self.port = free_port()
        self.folder = folder
        self._web = free_port()
        self._webhook = webhook
        self._settings = settings
        self._listeners = listeners

    def _started(self) -> "subprocess.Popen[bytes]":
        self.folder.mkdir(parents=True)
        config = self.folder / "trapgate.yml"
        config.write_text(self._main_yml() + self._settings)
        receiver = WEBHOOK_YML.format(url=self._webhook) if self._webhook else ""
        (self.folder / "alertmanager.yml").write_text(ALERTMANAGER_YML + receiver)
        with (self.folder / "output").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "trapgate", "run", "--config", str(config)],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _main_yml(self) -> str:
        return MAIN_YML.format(snmp=self.port, web=self._web, listeners=self._listeners)

    def output(self) -> str:
        """What it has printed."""
        return (self.folder / "output").read_text()

    def cpu(self) -> Mapping[str, float]:
        """CPU microseconds so far, by process."""
        return {role: cpu_us(pid) for role, pid in self._roles.items()}

    def resident_bytes(self) -> Mapping[str, int]:
        """Memory that each process has, without what it shares with the others."""
        return {role: private_bytes(pid) for role, pid in self._roles.items()}

    def counted(self, metric: str) -> float:
        """The sum of a counter over its labels, as its metrics page shows it."""
        with urlopen(f"http://127.0.0.1:{self._web}/metrics", timeout=READY_S) as page:
            lines = page.read().decode().splitlines()
        names = (f"{metric} ", f"{metric}{{")
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(names))

    def has_stored(self, count: int) -> bool:
        """Whether the events of so many records of the raw spools can be read: a look at where the
        store stands in each of them, which costs no more however many there are."""
        return sum(self._reached().values()) >= count

    def stored(self) -> int:
        """How many events the store finds when asked for all of them."""
        store = SqliteEventStore.open(self._events, read_only=True)
        counts = store.aggregate(Everything(), ("event.dataset",), start=0, end=FOREVER_NS)
        return sum(counts.values())

    def stored_datagrams(self) -> int:
        """How many events the store has that are of datagrams; the others tell of gaps in the
        sequence numbers that a device gives its lines."""
        return sum(
            connection.execute(COUNT_OF_DATAGRAMS).fetchone()[0] for connection in self._parts()
        )

    @property
    def _events(self) -> Path:
        return self.folder / "data" / "events"

    def _reached(self) -> Mapping[str, int]:
        """The last stored sequence of each stream; sequences count from 1 without gaps, and are
        stored in their order."""
        reached: dict[str, int] = {}
        for connection in self._parts():
            for stream, seq in connection.execute(LAST_OF_DATAGRAMS).fetchall():
                reached[stream] = max(seq & SEQUENCE_MAX, reached.get(stream, 0))
        return reached

    def _parts(self) -> Iterator[sqlite3.Connection]:
        """The files of the store, each open while it is looked at."""
        for part in stored_parts(self._events):
            connection = open_to_read(part_path(self._events, part))
            if connection is not None:
                with closing(connection):
                    yield connection

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"trapgate ended: {self.output()}")
        return "trapgate is ready" in self.output()

    @cached_property
    def _roles(self) -> dict[str, int]:
        """The processes by what they do, told by the files that only one of them has open."""
        roles = {"supervisor": self._process.pid}
        for pid in children(self._process.pid):
            names = open_files(pid)
            if "state.sqlite" in names:
                roles["core"] = pid
            elif "events.lock" in names:
                roles["ingest"] = pid
            else:
                comm = Path(f"/proc/{pid}/comm").read_text().strip()
                roles[next(role for role in ROLES if kernel_name(role) == comm)] = pid
        return roles
