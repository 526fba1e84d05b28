"""trapgate as its users run it: a folder of files, a process with its children, and its answers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
from prometheus_client.parser import text_string_to_metric_families

from ports import free_port
from trapgate.app.kernel import kernel_name
from trapgate.app.layout import Layout
from trapgate.model import Event
from trapgate.model.query import Everything
from trapgate.store import SqliteEventStore

COMMUNITY = "l4b-c0mmunity"
"""Accepted besides `public`; a text that turns up nowhere by chance."""

WITHIN_S = 30.0
"""Longest wait for anything: two busy cores need a fraction of it."""

POLL_S = 0.02

FOR_EVER_NS = 1 << 62

ENVIRONMENT: Mapping[str, str] = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
}
"""With the virtual environment active."""

T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, within_s: float = WITHIN_S) -> T:
    """The first true answer of `look`; it may fail to connect while a process restarts."""
    until = time.monotonic() + within_s
    found: T | None = None
    while time.monotonic() < until:
        try:
            found = look()
        except httpx.TransportError as error:
            found = None
            problem: object = error
        else:
            problem = found
        if found:
            return found
        time.sleep(POLL_S)
    raise AssertionError(f"not within {within_s:.0f} s: {what}; at last: {problem!r}")


def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of trapgate's to its end."""
    return subprocess.run(
        arguments, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=WITHIN_S
    )


_MAIN = """\
data: ./data
listen:
- {{name: snmp, protocol: snmp, address: "*:{snmp}"}}
- {{name: snmp-closed, protocol: snmp, address: "*:{closed}", allow: [192.0.2.0/24]}}
- {{name: syslog-udp, protocol: syslog, address: "*:{syslog}"}}
- {{name: syslog-tcp, protocol: syslog, transport: tcp, address: "*:{syslog}"}}
decode:
  snmp:
    communities:
    - {{name: default, community: public, sources: [private]}}
    - {{name: lab, community: {community}, sources: [private]}}
rules: {{bundled: true, files: ["rules/*.yml"]}}
alerting: {{config: alertmanager.yml}}
notify: {{log: []}}
web: {{listen: "127.0.0.1:{http}"}}
"""

_ALERTMANAGER = """\
route:
  receiver: hook
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
- name: hook
  webhook_configs:
  - url: {url}
    timeout: 5s
"""


class Kill(NamedTuple):
    """A kill lies between these two instants (monotonic)."""

    before: float
    after: float


class Trapgate:
    """One installation in a folder. It may be started, stopped and killed again and again; its
    ports and its data stay."""

    def __init__(self, folder: Path, webhook_url: str) -> None:
        self.folder = folder
        self.snmp, self.closed = free_port(), free_port()
        self.syslog, self.http = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http}"
        self.layout = Layout(folder / "data")
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=WITHIN_S)
        (folder / "rules").mkdir()
        self.write("alertmanager.yml", _ALERTMANAGER.format(url=webhook_url))
        self.write(
            "trapgate.yml",
            _MAIN.format(
                snmp=self.snmp,
                closed=self.closed,
                syslog=self.syslog,
                http=self.http,
                community=COMMUNITY,
            ),
        )

    def write(self, name: str, text: str) -> None:
        """One of its configuration files."""
        (self.folder / name).write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that is in the file."""
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    # -- its life ----------------------------------------------------------------------------

    def start(self) -> float:
        """Start it and wait for "ready"; returns the seconds that it took."""
        assert self._process is None
        begun = time.monotonic()
        output = self.folder / "stdout"
        before = len(self.text_of("stdout"))
        with output.open("ab") as out, (self.folder / "stderr").open("ab") as err:
            process = subprocess.Popen(
                self.command(), cwd=self.folder, env=ENVIRONMENT, stdout=out, stderr=err
            )
        self._process = process

        def is_ready() -> bool:
            assert process.poll() is None, self.text_of("stderr")
            return "trapgate is ready" in self.text_of("stdout")[before:]

        eventually(is_ready, "ready")
        return time.monotonic() - begun

    def command(self) -> Sequence[str]:
        """What a user would type."""
        return ("trapgate", "run", "--config", "trapgate.yml")

    def run_to_its_end(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Start one that is expected not to get ready."""
        return command(*self.command(), *more, cwd=self.folder)

    def signal(self, number: signal.Signals) -> None:
        """Signal the supervisor."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> int:
        """End it as systemd would; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self._wait()

    def kill(self) -> None:
        """Kill -9 of the supervisor; returns when all of its processes are gone."""
        children = self.children()
        self.signal(signal.SIGKILL)
        self._wait()
        try:
            eventually(lambda: not any(map(_alive, children)), "children die with their supervisor")
        finally:
            for pid in filter(_alive, children):  # they would outlive the tests
                os.kill(pid, signal.SIGKILL)

    def _wait(self) -> int:
        assert self._process is not None
        code = self._process.wait(WITHIN_S)
        self._process = None
        return code

    def close(self) -> None:
        """End whatever is left."""
        self._client.close()
        if self._process is not None:
            self.kill()

    # -- its processes -----------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The supervisor."""
        assert self._process is not None
        return self._process.pid

    def children(self) -> list[int]:
        """The processes that the supervisor has started and that live."""
        try:
            listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        except OSError:
            return []
        return [pid for pid in map(int, listed.split()) if _alive(pid)]

    def process(self, name: str) -> int:
        """The pid of `receive`, `ingest` or `core`, known by the file that only it keeps open, or
        of `decode` or `index`, which have none, by its name."""
        if name in ("decode", "index"):
            return eventually(
                lambda: next(
                    (pid for pid in self.children() if _name(pid) == kernel_name(name)), 0
                ),
                f"{name} runs",
            )
        own = {
            "receive": self.layout.raw_spool / "stream",
            "receive-2": self.layout.raw_lane(2) / "stream",
            "ingest": self.layout.matches_spool / "stream",
            "core": self.layout.state,
        }[name]
        return eventually(
            lambda: next((pid for pid in self.children() if own in _open_files(pid)), 0),
            f"{name} runs",
        )

    def kill_process(self, name: str) -> Kill:
        """Kill -9 of one process; returns when it is gone (the next one may be there already)."""
        pid = self.process(name)
        before = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not _alive(pid), f"{name} dies")
        return Kill(before, time.monotonic())

    # -- its answers -------------------------------------------------------------------------

    def get(self, path: str, **parameters: str | int) -> Any:
        """The JSON answer of a GET."""
        answer = self._client.get(path, params=parameters)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def text(self, path: str) -> str:
        """The answer of a GET, as it is."""
        return self._client.get(path).raise_for_status().text

    def post(self, path: str, body: object = None) -> httpx.Response:
        return self._client.post(path, json=body)

    def reload(self) -> httpx.Response:
        return self._client.post("/-/reload")

    def event(self, query: str) -> Mapping[str, Any]:
        """The newest stored event that meets a query, once there is one."""
        found: list[Mapping[str, Any]]
        found = eventually(
            lambda: self.get("/api/v1/events", query=query)["events"], f"event {query}"
        )
        return found[0]

    def alerts(self, *matchers: str) -> list[Mapping[str, Any]]:
        """The alerts that fire and meet the matchers."""
        answer = self._client.get("/api/v2/alerts", params={"filter": list(matchers)})
        found: list[Mapping[str, Any]] = answer.raise_for_status().json()
        return found

    def decisions(self, subject: str) -> list[Mapping[str, Any]]:
        """What was decided about a subject, newest first."""
        found: list[Mapping[str, Any]] = self.get("/api/v1/decisions", subject=subject, limit=1000)
        return found

    def counted(self, name: str, **labels: str) -> int:
        """The sum of a metric's samples that have these labels; 0 without any."""
        return sum(
            int(sample.value)
            for family in text_string_to_metric_families(self.text("/metrics"))
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def accounted(self) -> int:
        """Datagrams that have ended in a counter."""
        return self.counted("trapgate_listen_dropped_total") + self.counted(
            "trapgate_ingest_datagrams_total"
        )

    def await_accounted(self, count: int) -> None:
        """Wait until so many datagrams have ended in a counter; more would be wrong too."""
        reached = 0

        def enough() -> bool:
            nonlocal reached
            reached = self.accounted()
            return reached >= count

        eventually(enough, f"{count} datagrams are accounted")
        assert reached == count

    def kept(self) -> int:
        """Datagrams that were counted as kept in the store, decoded or not."""
        name = "trapgate_ingest_datagrams_total"
        return self.counted(name, outcome="stored") + self.counted(name, outcome="malformed")

    def stored_events(self) -> list[Event]:
        """Every event of the store, read as any other process may read it."""
        store = SqliteEventStore.open(self.layout.events, read_only=True)
        return list(store.search(Everything(), start=0, end=FOR_EVER_NS, limit=1_000_000))

    def text_of(self, name: str) -> str:
        """What it has written to `stdout` or `stderr`."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def data_files(self) -> Iterator[Path]:
        """Every file below its data folder."""
        return (path for path in self.layout.data.rglob("*") if path.is_file())


def _alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _name(pid: int) -> str:
    """What the kernel calls a process; "" if it has just ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _open_files(pid: int) -> set[Path]:
    found = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            found.add(link.readlink())
    except OSError:
        pass  # it has ended, or closed a file, while we looked
    return found
