"""The processes of a run: forked, started again when they die or hang, stopped in the order of
the flow.

It has one thread and no loop of its own, so that it may fork at any time.
"""

import faulthandler
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from trapgate.app.asking import ASKED
from trapgate.app.failing import Failing
from trapgate.app.flow import STOP_S, Census, stage_of
from trapgate.app.heartbeat import Heartbeats
from trapgate.app.kernel import die_with, kernel_name, take_name
from trapgate.observe import Metrics, logger

RESTART_FIRST_S = 0.1
RESTART_MAX_S = 30.0
STEADY_S = 10.0
"""A process that dies is started again at once; if it dies within `STEADY_S`, after doubling
pauses."""

READY_S = 30.0
"""How long the first start may take."""

STDERR = 2

LINE_S = 5.0
"""How long a process may take to read what it is told; one that hangs is started again."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, ASKED)
"""Blocked in the supervisor, which waits for them."""

Life = Callable[[str, socket.socket, Callable[[], None]], int]
"""What a process does in its fork: given its name, its end of the line to the supervisor and how to
say that it is ready; returns its exit code."""


class Children:
    """The processes of a census. `before` is called before each fork, in the supervisor;
    `heartbeats` tell who hangs."""

    def __init__(
        self,
        census: Census,
        metrics: Metrics,
        life: Life,
        before: Callable[[], None],
        heartbeats: Heartbeats,
    ) -> None:
        self._stages = census.stages()
        self._names = census.names()
        self._life = life
        self._before = before
        self._heartbeats = heartbeats
        self._pids: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._lines: dict[str, socket.socket] = {}
        self._failing = Failing(metrics, self._names)
        self._restarts = metrics.counter("trapgate_pipeline_restarts_total")
        self._ready_read, self._ready_write = os.pipe()
        os.set_blocking(self._ready_write, False)

    def start(self) -> int:
        """Start all and wait until each has said that it is ready; 0, or the exit code."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        for name in self._names:
            self._start(name)
        waiting, until = set(self._names), time.monotonic() + READY_S
        while waiting:
            if select.select([self._ready_read], [], [], 0.01)[0]:
                waiting -= set(os.read(self._ready_read, 4096).decode().split())
            code = self.tend(stop_on_failure=True)
            if code is not None:
                return code
            if time.monotonic() > until:
                logger().error("start.slow", waiting=sorted(waiting))
                return 1
        return 0

    def tend(self, *, stop_on_failure: bool = False) -> int | None:
        """Take note of who died, end who hangs, start again who is due; an exit code ends the run.
        To be called each second."""
        for name, status in self._reap():
            if stop_on_failure:
                return os.waitstatus_to_exitcode(status) or 1
            pause = self._again(name)
            self._restarts.labels(name).inc()
            code = os.waitstatus_to_exitcode(status)
            logger().error("process.died", name=name, code=code, again_in_s=round(pause, 1))
            self._failing.died(name, time.monotonic())
        self._failing.watch(time.monotonic())
        pids = {name: pid for pid, name in self._pids.items()}
        for name, sent in self._heartbeats.due(pids, time.monotonic()):
            os.kill(pids[name], sent)
        for name in [name for name, at in self._due.items() if at <= time.monotonic()]:
            self._start(name)
        return None

    def due_in_s(self, most: float) -> float:
        """Seconds until somebody is to be started again, `most` at the most."""
        return max(0.0, min([most, *(at - time.monotonic() for at in self._due.values())]))

    def line(self, name: str) -> socket.socket:
        """The line to the process of this name, as long as there has been one."""
        return self._lines[name]

    def pid(self, name: str) -> int | None:
        """The process of this name, if it runs."""
        return next((pid for pid, known in self._pids.items() if known == name), None)

    def stop(self) -> None:
        """Stop all, stage by stage; safe twice."""
        for stage in self._stages:
            own = {pid: name for pid, name in self._pids.items() if name in stage}
            for pid in own:
                os.kill(pid, signal.SIGTERM)
            within_s = STOP_S[stage_of(stage[0])]
            until = time.monotonic() + within_s
            for pid, name in own.items():
                if not _gone(pid, until):
                    logger().error("stop.killed", name=name, after_s=within_s)
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                del self._pids[pid]
        while self._lines:
            self._lines.popitem()[1].close()

    def _start(self, name: str) -> None:
        self._before()
        self._started[name] = time.monotonic()
        self._heartbeats.started(name)
        self._due.pop(name, None)
        _flush()
        supervisor = os.getpid()
        line, theirs = _line()
        try:
            pid = os.fork()
        except OSError as error:  # no memory, no process id: later there may be
            line.close()
            theirs.close()
            logger().error("process.not-started", name=name, reason=str(error))
            self._again(name)
            self._failing.died(name, time.monotonic())
            return
        if pid == 0:
            code = 1
            try:
                _settle(name, supervisor)
                code = self._life(name, theirs, lambda: self._say_ready(name))
                _flush()
            finally:
                os._exit(code)  # whatever is raised: what called this is the supervisor's
        self._pids[pid] = name
        theirs.close()
        if name in self._lines:
            self._lines[name].close()
        self._lines[name] = line

    def _say_ready(self, name: str) -> None:
        """Only the first start is waited for: later ones fill the pipe in the end, and go on."""
        with suppress(BlockingIOError):
            os.write(self._ready_write, name.encode() + b"\n")

    def _again(self, name: str) -> float:
        """Set when a process is started again; returns the pause until then in seconds."""
        lived = time.monotonic() - self._started[name]
        pause = self._pauses.get(name, 0.0) if lived < STEADY_S else 0.0
        self._due[name] = time.monotonic() + pause
        self._pauses[name] = min(max(pause * 2, RESTART_FIRST_S), RESTART_MAX_S)
        return pause

    def _reap(self) -> list[tuple[str, int]]:
        found = []
        while self._pids:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            name = self._pids.pop(pid, None)
            if name is not None:
                found.append((name, status))
        return found


def _flush() -> None:
    """Write out what was printed, if it can be: a fork would print it again."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


def _settle(name: str, supervisor: int) -> None:
    """What is the same for all processes, in the fork of each. A signal that is a fault has it say
    where it was, and leave no more: its memory holds communities and keys, and may fill a disk."""
    faulthandler.enable(STDERR)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    die_with(supervisor)
    take_name(kernel_name(name))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _gone(pid: int, until: float) -> bool:
    """Whether a process has ended by then; it is looked for once at least."""
    while not os.waitpid(pid, os.WNOHANG)[0]:
        if time.monotonic() >= until:
            return False
        signal.sigtimedwait({signal.SIGCHLD}, 0.05)
    return True


def _line() -> tuple[socket.socket, socket.socket]:
    """The supervisor's end of a line to a process, and the process's."""
    ours, theirs = socket.socketpair()
    ours.settimeout(LINE_S)
    return ours, theirs
