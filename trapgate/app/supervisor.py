"""The supervisor: opens what the processes share, starts them, and starts again what dies.

It holds the sockets, so that a port in use is found before anything runs, and datagrams wait in the
kernel while the receive process is gone. It has one thread and no loop: it may fork at any time.
Stopping follows the flow: receive, then ingest, then core.
"""

import ctypes
import errno
import fcntl
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from trapgate.app.accept import read_again
from trapgate.app.build import Configuration
from trapgate.app.files import SCRATCH_SUFFIX
from trapgate.app.layout import Layout
from trapgate.app.problems import one_line
from trapgate.app.processes import Inherited, Process, ingest_process, receive_process
from trapgate.app.published import Published
from trapgate.app.trouble import Trouble
from trapgate.config import Address
from trapgate.listen import BindFailed, bind
from trapgate.observe import Metrics, configure_logs, logger
from trapgate.spool import Doorbell

EX_CONFIG = 78
"""Exit code of sysexits.h for "configuration error"."""

PROCESSES = ("receive", "ingest", "core")
"""In the order of the flow, which is the order of stopping."""

STOP_S: Mapping[str, float] = {"receive": 5.0, "ingest": 20.0, "core": 15.0}
"""How long each may take to stop before it is killed: everything is durable, so that nothing is
lost by it."""

RESTART_FIRST_S = 0.1
RESTART_MAX_S = 30.0
STEADY_S = 10.0
"""A process that dies is started again at once; if it dies within `STEADY_S`, after doubling
pauses."""

READY_S = 30.0
"""How long the first start may take."""

HTTP_BACKLOG = 512

OPEN_FILES = 65_536
"""Open files asked for: the bound of stream connections, and what the stores need."""

_PR_SET_PDEATHSIG = 1


class StartFailed(Exception):
    """trapgate cannot start; the message says what to do."""


class Supervisor:
    """One run of trapgate. `inherited` and `http` (where the API is, with the port that the system
    chose if it was 0) are there once it is ready."""

    def __init__(self, configuration: Configuration, config_path: str | None) -> None:
        self.configuration = configuration
        self.config_path = config_path
        self.layout = Layout(configuration.data)
        self.metrics = Metrics()
        self.inherited: Inherited
        self.http: Address
        self._published = Published(self.layout.bundle)
        self._publishing = Trouble("configuration.unpublished")
        self._counting = Trouble("metrics.unpublished")
        self._pids: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._ready_read, self._ready_write = os.pipe()

    def run(self, on_ready: Callable[["Supervisor"], None]) -> int:
        """Start everything, call `on_ready`, go on until SIGTERM or SIGINT; returns the exit code.

        Raises `StartFailed` if the data folder or a port cannot be had.
        """
        _raise_open_files()
        with _usable(self.layout.data):
            self.layout.create()
            lock = _lock(self.layout.lock)
        try:
            self.inherited = self._open()
            with _usable(self.layout.data):
                self._clear()
                self._published.publish(self.configuration.bundle)
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            for name in PROCESSES:
                self._start(name)
            code = self._await_ready()
            if code == 0:
                on_ready(self)
                code = self._watch()
            self._stop_all()
            logger().info("stopped", code=code)
            return code
        finally:
            os.close(lock)

    def _open(self) -> Inherited:
        settings = self.configuration.settings
        try:
            listeners = tuple(bind(entry) for entry in settings.listen)
        except BindFailed as error:
            raise StartFailed(f"{error}; {_advice(error.errno, str(error.address.port))}") from None
        http = _listen_http(settings.web.listen)
        self.http = Address(settings.web.listen.host, http.getsockname()[1])
        return Inherited(listeners, http.detach(), Doorbell(), Doorbell())

    def _clear(self) -> None:
        """Delete what an earlier run has left: its metrics would be added to this one's."""
        for name in (*PROCESSES, "supervisor"):
            self.layout.metrics(name).unlink(missing_ok=True)
        for scratch in self.layout.run.glob(f"*{SCRATCH_SUFFIX}"):
            scratch.unlink(missing_ok=True)

    # -- life of the processes ---------------------------------------------------------------

    def _start(self, name: str) -> None:
        self._take_over()
        self._started[name] = time.monotonic()
        self._due.pop(name, None)
        _flush()
        supervisor = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:  # no memory, no process id: later there may be
            logger().error("process.not-started", name=name, reason=str(error))
            self._again(name)
            return
        if pid == 0:
            code = 1
            try:
                code = self._child(name, supervisor)
            finally:
                os._exit(code)  # whatever is raised: what called this is the supervisor's
        self._pids[pid] = name

    def _child(self, name: str, supervisor: int) -> int:
        """The life of a process, in its fork; returns its exit code."""
        _die_with(supervisor)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        observe = self.configuration.settings.observe
        configure_logs(name, observe.log_level, observe.log_format)
        process = Process(
            name=name,
            config_path=self.config_path,
            configuration=self.configuration,
            stamp=self._published.stamp,
            layout=self.layout,
            inherited=self.inherited,
            ready=lambda: self._say_ready(name),
        )
        try:
            _main_of(name)(process)
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
        waiting, until = set(PROCESSES), time.monotonic() + READY_S
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
            self._take_over()
            with self._counting.contained():
                self.metrics.publish(self.layout.metrics("supervisor"))
            wait = min([1.0, *(at - time.monotonic() for at in self._due.values())])
            received = signal.sigtimedwait(_SIGNALS, max(0.0, wait))
            if received is None:
                continue
            if received.si_signo in (signal.SIGTERM, signal.SIGINT):
                logger().info("stopping", signal=signal.Signals(received.si_signo).name)
                return 0
            if received.si_signo == signal.SIGHUP:
                self._reload()

    def _tend(self, *, stop_on_failure: bool) -> int | None:
        """Take note of who died, start again who is due; an exit code ends the run."""
        for name, status in self._reap():
            if stop_on_failure:
                return os.waitstatus_to_exitcode(status) or 1
            pause = self._again(name)
            self.metrics.counter("trapgate_pipeline_restarts_total").labels(name).inc()
            code = os.waitstatus_to_exitcode(status)
            logger().error("process.died", name=name, code=code, again_in_s=round(pause, 1))
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
        for name in PROCESSES:
            for pid in [pid for pid, known in self._pids.items() if known == name]:
                os.kill(pid, signal.SIGTERM)
                if not self._gone(pid, STOP_S[name]):
                    logger().error("stop.killed", name=name, after_s=STOP_S[name])
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    def _gone(self, pid: int, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            found, _ = os.waitpid(pid, os.WNOHANG)
            if found:
                return True
            signal.sigtimedwait({signal.SIGCHLD}, 0.05)
        return False

    def _reload(self) -> None:
        """SIGHUP: publish the files anew, if all is well with them and with the disk; the processes
        see it."""
        configuration, errors = read_again(self.config_path, self.configuration)
        if configuration is None:
            logger().error("reload.refused", problems="; ".join(map(one_line, errors)))
            return
        try:
            self._published.publish(configuration.bundle)
        except OSError as error:
            logger().error("reload.refused", problems=f"it cannot be published: {error}")
            return
        self.configuration = configuration

    def _take_over(self) -> None:
        """Use what core has published, if it was told to reload: else a process that starts again
        would go on with the files of long ago. If `run` was lost, publish anew what is in use."""
        with self._publishing.contained():
            if self._published.lost():
                self._published.publish(self.configuration.bundle)
        configuration = self._published.newer()
        if configuration is not None:
            self.configuration = configuration


_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


def _main_of(name: str) -> Callable[[Process], None]:
    if name == "receive":
        return receive_process
    if name == "ingest":
        return ingest_process
    from trapgate.app.core_process import core_process

    return core_process


def _raise_open_files() -> None:
    """As many open files as the system lets us have: each stream connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(most, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _die_with(supervisor: int) -> None:
    """Let the kernel kill this process when the supervisor dies (Linux): a new start then finds
    the ports free."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(1)


def _flush() -> None:
    """Write out what was printed, if it can be: a fork would print it again."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


@contextmanager
def _usable(data: Path) -> Iterator[None]:
    """What the disk refuses in the data folder is a `StartFailed` with advice."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        place = f" ({error.filename})" if error.filename not in (None, str(data)) else ""
        raise StartFailed(
            f"the data folder {data} cannot be used: {reason}{place}; {_data_advice(error.errno)}"
        ) from None


def _data_advice(number: int | None) -> str:
    if number in (errno.EACCES, errno.EPERM):
        return "let this user write there, or set another `data`"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "make room on its disk, or set another `data`"
    return "set `data` to a folder that this user can write to"


def _lock(path: Path) -> int:
    """Hold the data folder; forks hold it too, so that it is free when all of them are gone."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        folder = path.parent
        raise StartFailed(
            f"another trapgate uses the data folder {folder}; stop it, or set another `data`"
        ) from None
    return fd


def _listen_http(address: Address) -> socket.socket:
    host = "::" if address.host == "*" else address.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if host == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, address.port))
        sock.listen(HTTP_BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        reason = os.strerror(error.errno or 0)
        advice = _advice(error.errno or 0, str(address.port))
        raise StartFailed(f"web cannot listen on {address}: {reason}; {advice}") from None
    return sock


def _advice(number: int, port: str) -> str:
    if number == errno.EADDRINUSE:
        return f"see who has it with `ss -lnptu 'sport = :{port}'`, or set another address"
    if number == errno.EACCES:
        return "ports below 1024 need CAP_NET_BIND_SERVICE: use one above, or grant it"
    if number == errno.EADDRNOTAVAIL:
        return "the address is not one of this machine's"
    return "set another address"
