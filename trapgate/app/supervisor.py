"""The supervisor: opens what the processes share, starts them, and starts again what dies.

It holds the sockets, so that a port in use is found before anything runs, and datagrams wait in the
kernel while the receive process is gone. It has one thread and no loop: it may fork at any time.
Stopping follows the flow: receive, then ingest, then index, then core.
"""

import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec

from trapgate import state
from trapgate.app.accept import read_again
from trapgate.app.asking import ASKED, answer
from trapgate.app.build import Configuration
from trapgate.app.claims import StartFailed, listen_http, lock, port_advice, usable
from trapgate.app.clock import now
from trapgate.app.decode_process import decode_process
from trapgate.app.engine import EngineError, forgotten_engines, load_engine, revoked_engines
from trapgate.app.failing import Failing
from trapgate.app.flow import (
    STOP_S,
    Census,
    names,
    own_listeners,
    stage_of,
)
from trapgate.app.index_process import index_process
from trapgate.app.ingest_process import ingest_process
from trapgate.app.kernel import die_with, kernel_name, take_name
from trapgate.app.layout import Layout
from trapgate.app.problems import one_line
from trapgate.app.processes import Ends, Inherited, Process
from trapgate.app.published import Published
from trapgate.app.receive_process import receive_process
from trapgate.app.stores import check_schema
from trapgate.app.trouble import Trouble
from trapgate.config import Address
from trapgate.decode.snmp import OwnEngine, engine_id_of
from trapgate.listen import BindFailed
from trapgate.listen.handover import HandoverFailed, hand_over
from trapgate.listen.rebind import rebind, removed
from trapgate.model import NS_PER_S
from trapgate.observe import Metrics, configure_logs, logger
from trapgate.spool import SCRATCH_SUFFIX, Doorbell
from trapgate.store import NewerSchema

EX_CONFIG = 78
"""Exit code of sysexits.h for "configuration error"."""

RESTART_FIRST_S = 0.1
RESTART_MAX_S = 30.0
STEADY_S = 10.0
"""A process that dies is started again at once; if it dies within `STEADY_S`, after doubling
pauses."""

READY_S = 30.0
"""How long the first start may take."""

LINE_S = 5.0
"""How long a process may take to read what it is told; one that hangs is started again."""

OPEN_FILES = 65_536
"""Open files asked for: the bound of stream connections, and what the stores need."""


class Supervisor:
    """One run of trapgate. `workers` is how many receive processes it has; `inherited` and `http`
    (where the API is, with the port that the system chose if it was 0) are there once it is ready.
    """

    def __init__(self, configuration: Configuration, config_path: str | None) -> None:
        self.configuration = configuration
        self.config_path = config_path
        self.layout = Layout(configuration.data)
        census = Census.of(configuration.settings)
        self.workers = census.receive
        self._stages = census.stages()
        self._names = census.names()
        self.metrics = Metrics()
        self.inherited: Inherited
        self.http: Address
        self._published = Published(self.layout.bundle)
        self._publishing = Trouble("configuration.unpublished")
        self._counting = Trouble("metrics.unpublished")
        self._pids: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._failing = Failing(self.metrics, self._names)
        self._due: dict[str, float] = {}
        self._lines: dict[str, socket.socket] = {}
        self._ready_read, self._ready_write = os.pipe()

    def run(self, on_ready: Callable[["Supervisor"], None]) -> int:
        """Start everything, call `on_ready`, go on until SIGTERM or SIGINT; returns the exit code.

        Raises `StartFailed` if the data folder or a port cannot be had.
        """
        take_name(kernel_name("supervisor"))
        _raise_open_files()
        with usable(self.layout.data):
            self.layout.create()
            lock_fd = lock(self.layout.lock)
        try:
            self.inherited = self._open()
            with usable(self.layout.data):
                self._clear()
                self._published.publish(self.configuration.bundle)
            self._check_schema()
            self._count_reload(successful=True)
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            for name in self._names:
                self._start(name)
            code = self._await_ready()
            if code == 0:
                on_ready(self)
                code = self._watch()
            self._stop_all()
            logger().info("stopped", code=code)
            return code
        finally:
            os.close(lock_fd)

    def _open(self) -> Inherited:
        settings = self.configuration.settings
        try:
            listeners = rebind((), settings.listen, self.workers)
        except BindFailed as error:
            raise StartFailed(
                f"{error}; {port_advice(error.errno, str(error.address.port))}"
            ) from None
        http = listen_http(settings.web.listen)
        self.http = Address(settings.web.listen.host, http.getsockname()[1])
        return Inherited(
            listeners,
            self._own_engine(),
            http.detach(),
            raw_bell=Doorbell(),
            matches_bell=Doorbell(),
            ends=tuple(Ends.new() for _ in range(settings.decode.workers)),
        )

    def _own_engine(self) -> OwnEngine:
        """Our SNMPv3 engine, with this start counted."""
        configured = self.configuration.settings.decode.snmp.engine_id
        engine_id = engine_id_of(configured) if configured else None
        try:
            revoked_engines(self.layout.revoked_engines)
            forgotten_engines(self.layout.forgotten_engines)
            with usable(self.layout.data):
                return load_engine(self.layout.engine, engine_id, now().wall_ns)
        except EngineError as error:
            raise StartFailed(str(error)) from None

    def _check_schema(self) -> None:
        """A process that found files of a newer trapgate could only die of it."""
        try:
            with usable(self.layout.data):
                check_schema(self.configuration.settings.store, self.layout)
        except NewerSchema as error:
            raise StartFailed(str(error)) from None

    def _clear(self) -> None:
        """Delete what an earlier run has left: its metrics would be added to this one's."""
        for pattern in (self.layout.metrics("*").name, f"*{SCRATCH_SUFFIX}"):
            for path in self.layout.run.glob(pattern):
                path.unlink(missing_ok=True)

    # -- life of the processes ---------------------------------------------------------------

    def _start(self, name: str) -> None:
        self._republish()
        self._started[name] = time.monotonic()
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
                code = self._child(name, supervisor, theirs)
            finally:
                os._exit(code)  # whatever is raised: what called this is the supervisor's
        self._pids[pid] = name
        theirs.close()
        if name in self._lines:
            self._lines[name].close()
        self._lines[name] = line

    def _child(self, name: str, supervisor: int, line: socket.socket) -> int:
        """The life of a process, in its fork; returns its exit code."""
        die_with(supervisor)
        take_name(kernel_name(name))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        observe = self.configuration.settings.observe
        configure_logs(name, observe.log_level, observe.log_format)
        own = own_listeners(name, self.inherited.listeners)
        for bound in self.inherited.listeners:
            if bound not in own:  # this process would keep ports that a reload gives up
                bound.close()
        process = Process(
            name=name,
            config_path=self.config_path,
            configuration=self.configuration,
            stamp=self._published.stamp,
            layout=self.layout,
            inherited=msgspec.structs.replace(self.inherited, listeners=own),
            ready=lambda: self._say_ready(name),
            line=line,
        )
        try:
            _main_of(name)(process)
        except (NewerSchema, state.NewerSchema) as error:
            logger().error("start.refused", reason=str(error))
            return EX_CONFIG
        except Exception:  # noqa: BLE001 - the last word of a process: its supervisor goes on
            logger().exception("process.failed")
            return 1
        finally:
            _flush()
        return 0

    def _say_ready(self, name: str) -> None:
        os.write(self._ready_write, name.encode() + b"\n")

    def _await_ready(self) -> int:
        """Wait until every process has said that it is ready; 0, or the exit code."""
        waiting, until = set(self._names), time.monotonic() + READY_S
        while waiting:
            if select.select([self._ready_read], [], [], 0.01)[0]:
                waiting -= set(os.read(self._ready_read, 4096).decode().split())
            code = self._tend(stop_on_failure=True)
            if code is not None:
                return code
            if time.monotonic() > until:
                logger().error("start.slow", waiting=sorted(waiting))
                return 1
        return 0

    def _watch(self) -> int:
        while True:
            code = self._tend(stop_on_failure=False)
            if code is not None:
                return code
            self._republish()
            self._publish_metrics()
            wait = min([1.0, *(at - time.monotonic() for at in self._due.values())])
            received = signal.sigtimedwait(_SIGNALS, max(0.0, wait))
            if received is None:
                continue
            if received.si_signo in (signal.SIGTERM, signal.SIGINT):
                logger().info("stopping", signal=signal.Signals(received.si_signo).name)
                return 0
            if received.si_signo == signal.SIGHUP:
                refusal = self._reload()
                if refusal:
                    logger().error("reload.refused", problems=refusal)
            if received.si_signo == ASKED:
                answer(self._lines["core"], self._reload)

    def _tend(self, *, stop_on_failure: bool) -> int | None:
        """Take note of who died, start again who is due; an exit code ends the run."""
        for name, status in self._reap():
            if stop_on_failure:
                return os.waitstatus_to_exitcode(status) or 1
            pause = self._again(name)
            self.metrics.counter("trapgate_pipeline_restarts_total").labels(name).inc()
            code = os.waitstatus_to_exitcode(status)
            logger().error("process.died", name=name, code=code, again_in_s=round(pause, 1))
            self._failing.died(name, time.monotonic())
        self._failing.watch(time.monotonic())
        for name in [name for name, at in self._due.items() if at <= time.monotonic()]:
            self._start(name)
        return None

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

    def _stop_all(self) -> None:
        for stage in self._stages:
            own = {pid: name for pid, name in self._pids.items() if name in stage}
            for pid in own:
                os.kill(pid, signal.SIGTERM)
            within_s = STOP_S[stage_of(stage[0])]
            until = time.monotonic() + within_s
            for pid, name in own.items():
                if not self._gone(pid, until):
                    logger().error("stop.killed", name=name, after_s=within_s)
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    def _gone(self, pid: int, until: float) -> bool:
        """Whether a process has ended by then; it is looked for once at least."""
        while not os.waitpid(pid, os.WNOHANG)[0]:
            if time.monotonic() >= until:
                return False
            signal.sigtimedwait({signal.SIGCHLD}, 0.05)
        return True

    def _reload(self) -> str:
        """Reload, and show in the metrics how it went before anybody is told."""
        refusal = self._take_anew()
        self._count_reload(successful=not refusal)
        return refusal

    def _count_reload(self, *, successful: bool) -> None:
        """The start is the first one. It is counted here alone: all processes' metrics add up."""
        for prefix in ("trapgate", "alertmanager"):
            self.metrics.gauge(f"{prefix}_config_last_reload_successful").set(successful)
        if successful:
            at = self.metrics.gauge("alertmanager_config_last_reload_success_timestamp_seconds")
            at.set(now().wall_ns / NS_PER_S)
        self._publish_metrics()

    def _publish_metrics(self) -> None:
        with self._counting.contained():
            self.metrics.publish(self.layout.metrics("supervisor"))

    def _take_anew(self) -> str:
        """Read the files anew, open what is new of the listeners, publish: the processes see it.
        Returns why not, if so; nothing has changed then."""
        configuration, problems = read_again(
            self.config_path, self.configuration, lambda *_: self._meanwhile()
        )
        if configuration is None:
            return "; ".join(map(one_line, problems))
        for problem in problems:
            logger().warning("configuration", problem=one_line(problem))
        held = self.inherited.listeners
        try:
            listeners = rebind(held, configuration.settings.listen, self.workers)
        except BindFailed as error:
            return f"{error}; {port_advice(error.errno, str(error.address.port))}"
        gone = removed(held, listeners)
        try:
            self._published.publish(configuration.bundle)
        except OSError as error:
            for bound in removed(listeners, held):
                bound.close()
            return f"it cannot be published: {error}"
        changed = configuration.settings.listen != self.configuration.settings.listen
        self.configuration = configuration
        self.inherited = msgspec.structs.replace(self.inherited, listeners=listeners)
        if changed:
            self._hand_over()
        for bound in gone:
            bound.close()
        return ""

    def _meanwhile(self) -> None:
        """Start again who dies while MIBs are compiled for a reload."""
        self._tend(stop_on_failure=False)

    def _hand_over(self) -> None:
        """Tell the running processes the listeners; who does not listen is started again with them.
        Ingest is first: what comes in at a new listener it can answer."""
        for name in ("ingest", *names("receive", self.workers)):
            own = own_listeners(name, self.inherited.listeners)
            for pid in [pid for pid, known in self._pids.items() if known == name]:
                try:
                    hand_over(self._lines[name], own)
                except HandoverFailed as error:
                    logger().error("listeners.not-told", name=name, reason=str(error))
                    os.kill(pid, signal.SIGKILL)

    def _republish(self) -> None:
        """If `run` was lost, publish anew what is in use."""
        with self._publishing.contained():
            if self._published.lost():
                self._published.publish(self.configuration.bundle)


_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, ASKED)


def _main_of(name: str) -> Callable[[Process], None]:
    stage = stage_of(name)
    if stage == "receive":
        return receive_process
    if stage == "ingest":
        return ingest_process
    if stage == "decode":
        return decode_process
    if stage == "index":
        return index_process
    from trapgate.app.core_process import core_process

    return core_process


def _line() -> tuple[socket.socket, socket.socket]:
    """The supervisor's end of a line to a process, and the process's."""
    ours, theirs = socket.socketpair()
    ours.settimeout(LINE_S)
    return ours, theirs


def _raise_open_files() -> None:
    """As many open files as the system lets us have: each stream connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(most, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _flush() -> None:
    """Write out what was printed, if it can be: a fork would print it again."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
