"""The supervisor: opens what the processes share, has them run (`children`), and reloads.

It holds the sockets, so that a port in use is found before anything runs, and datagrams wait in the
kernel while the receive process is gone.
"""

import os
import resource
import signal
import socket
from collections.abc import Callable

import msgspec

from trapgate import state
from trapgate.app.accept import read_again
from trapgate.app.asking import ASKED, answer
from trapgate.app.build import Configuration
from trapgate.app.children import SIGNALS, Children
from trapgate.app.claims import StartFailed, listen_http, lock, port_advice, usable
from trapgate.app.clock import now
from trapgate.app.decode_process import decode_process
from trapgate.app.engine import EngineError, forgotten_engines, load_engine, revoked_engines
from trapgate.app.flow import (
    Census,
    names,
    own_listeners,
    stage_of,
)
from trapgate.app.heartbeat import Heartbeats
from trapgate.app.index_process import index_process
from trapgate.app.ingest_process import ingest_process
from trapgate.app.kernel import kernel_name, take_name
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
from trapgate.spool import SCRATCH_SUFFIX, Doorbell, SharedNumber
from trapgate.store import NewerSchema

EX_CONFIG = 78
"""Exit code of sysexits.h for "configuration error"."""

STOPPING = frozenset({signal.SIGTERM, signal.SIGINT})

LOOK_S = 1.0
"""Longest pause between two looks at the processes, and at what was published."""

OPEN_FILES = 65_536
"""Open files asked for: the bound of stream connections, and what the stores need."""


class StopAsked(Exception):
    """trapgate is to stop, in the middle of what takes long."""


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
        self.metrics = Metrics()
        self.inherited: Inherited
        self.http: Address
        self._published = Published(self.layout.bundle)
        self._publishing = Trouble("configuration.unpublished")
        self._counting = Trouble("metrics.unpublished")
        self._heartbeats = Heartbeats(census.names(), self.metrics)
        self._children = Children(
            census, self.metrics, self._life, self._republish, self._heartbeats
        )

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
            code = self._children.start()
            if code == 0:
                on_ready(self)
                code = self._watch()
            self._children.stop()
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
            backlog=SharedNumber(),
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

    def _life(self, name: str, line: socket.socket, ready: Callable[[], None]) -> int:
        """The life of a process, in its fork; returns its exit code."""
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
            ready=ready,
            beat=self._heartbeats.of(name).beat,
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
        return 0

    def _watch(self) -> int:
        while True:
            self._children.tend()
            self._republish()
            self._publish_metrics()
            received = signal.sigtimedwait(SIGNALS, self._children.due_in_s(LOOK_S))
            if received is None:
                continue
            if received.si_signo in STOPPING:
                logger().info("stopping", signal=signal.Signals(received.si_signo).name)
                return 0
            if received.si_signo == signal.SIGHUP:
                refusal = self._reload()
                if refusal:
                    logger().error("reload.refused", problems=refusal)
            if received.si_signo == ASKED:
                answer(self._children.line("core"), self._reload)

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
        try:
            configuration, problems = read_again(
                self.config_path, self.configuration, lambda *_: self._meanwhile()
            )
        except StopAsked:
            return "trapgate is to stop"
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
        """Start again who dies while MIBs are compiled for a reload. Raises `StopAsked`."""
        self._children.tend()
        if not signal.sigpending().isdisjoint(STOPPING):
            raise StopAsked

    def _hand_over(self) -> None:
        """Tell the running processes the listeners; who does not listen is started again with them.
        Ingest is first: what comes in at a new listener it can answer."""
        for name in ("ingest", *names("receive", self.workers)):
            own = own_listeners(name, self.inherited.listeners)
            pid = self._children.pid(name)
            if pid is None:
                continue
            try:
                hand_over(self._children.line(name), own)
            except HandoverFailed as error:
                logger().error("listeners.not-told", name=name, reason=str(error))
                os.kill(pid, signal.SIGKILL)

    def _republish(self) -> None:
        """If `run` was lost, publish anew what is in use."""
        with self._publishing.contained():
            if self._published.lost():
                self._published.publish(self.configuration.bundle)


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


def _raise_open_files() -> None:
    """As many open files as the system lets us have: each stream connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(most, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
