"""Processes are started, started again when they die, and stopped in the order of the flow."""

import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from trapgate.app.children import Children
from trapgate.app.flow import Census
from trapgate.app.heartbeat import Heartbeats, Patience
from trapgate.observe import Metrics

ALL = Census(receive=2, decode=1, index=True)
ENOUGH_S = 20.0

WAITS = Patience(alarm=1, end=3, end_max=60, stack=2)
"""Longer than a busy machine keeps one of them waiting, who beats all the time or writes a stack.
"""

PIPE_BYTES = 1 << 16


class Run:
    """Children that write what happens to them into a pipe, and those that refuse to start."""

    def __init__(self, refuses: str = "", hangs: str = "") -> None:
        self.told, self._tell = os.pipe()
        self.refuses, self.hangs = refuses, hangs
        self.says_ready = 1
        self.begun: list[str] = []
        self.metrics = Metrics()
        self.heartbeats = Heartbeats(ALL.names(), self.metrics, WAITS)
        self.children = Children(
            ALL, self.metrics, self._life, lambda: self.begun.append(""), self.heartbeats
        )

    def _life(self, name: str, line: socket.socket, ready: Callable[[], None]) -> int:
        if name == self.refuses:
            return 3
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        for _ in range(self.says_ready):
            ready()
        while not signal.sigtimedwait({signal.SIGTERM}, 0.01):
            if name != self.hangs:
                self.heartbeats.of(name).beat()
        os.write(self._tell, f"{name} ".encode())
        return 0

    def pids(self) -> dict[str, int | None]:
        return {name: self.children.pid(name) for name in ALL.names()}

    def tend_until_another(self, name: str, pid: int) -> None:
        """Until another process has this name."""
        until = time.monotonic() + ENOUGH_S
        while self.children.pid(name) in (pid, None) and time.monotonic() < until:
            signal.sigtimedwait({signal.SIGCHLD}, self.children.due_in_s(0.1))
            self.children.tend()

    def close(self) -> None:
        self.children.stop()
        os.close(self.told)
        os.close(self._tell)


@pytest.fixture
def run() -> Iterator[Run]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with capture_logs():
        made = Run()
        yield made
        made.close()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_all_of_them_run_and_end_in_the_order_of_the_flow(run: Run) -> None:
    assert run.children.start() == 0
    assert all(run.pids().values())
    run.children.stop()
    stopped = os.read(run.told, 4096).decode().split()
    assert set(stopped[:2]) == {"receive", "receive-2"}
    assert stopped[2:] == ["ingest", "decode", "index", "core"]


def test_who_dies_is_started_again(run: Run) -> None:
    assert run.children.start() == 0
    before = run.pids()
    pid = before["ingest"]
    assert pid is not None
    forks = len(run.begun)
    os.kill(pid, signal.SIGKILL)
    run.tend_until_another("ingest", pid)
    after = run.pids()
    assert after["ingest"] not in (pid, None)
    assert {name for name in ALL.names() if after[name] != before[name]} == {"ingest"}
    assert len(run.begun) == forks + 1
    name = "trapgate_pipeline_restarts_total"
    assert run.metrics.registry.get_sample_value(name, {"process": "ingest"}) == 1


def test_who_hangs_is_ended_and_started_again(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    run.hangs = "ingest"
    assert run.children.start() == 0
    before = run.pids()
    pid = before["ingest"]
    assert pid is not None
    run.tend_until_another("ingest", pid)
    after = run.pids()
    assert after["ingest"] not in (pid, None)
    assert {name for name in ALL.names() if after[name] != before[name]} == {"ingest"}
    told = capfd.readouterr().err
    assert "Fatal Python error: Aborted" in told
    assert "in _life" in told  # where it hung


def test_who_hangs_and_cannot_be_asked_is_killed(run: Run) -> None:
    assert run.children.start() == 0
    pid = run.children.pid("core")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # SIGABRT waits for SIGCONT
    run.tend_until_another("core", pid)
    assert run.children.pid("core") not in (pid, None)


def test_who_is_asked_for_its_stack_leaves_no_image_of_its_memory(run: Run) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if not before[1]:
        pytest.skip("nobody here may leave one: the hard limit of core files is 0")
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        assert run.children.start() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    for pid in run.pids().values():
        assert pid is not None
        assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, before[1])


def test_nobody_reads_who_is_ready_after_the_start(run: Run) -> None:
    assert run.children.start() == 0
    run.says_ready = PIPE_BYTES  # as often as in days of restarts
    pid = run.children.pid("index")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    run.tend_until_another("index", pid)
    before = run.heartbeats.of("index").count
    until = time.monotonic() + ENOUGH_S
    while run.heartbeats.of("index").count == before and time.monotonic() < until:
        signal.sigtimedwait({signal.SIGCHLD}, 0.01)
    assert run.heartbeats.of("index").count > before


def test_a_first_start_that_fails_ends_the_run(run: Run) -> None:
    run.refuses = "index"
    assert run.children.start() == 3
