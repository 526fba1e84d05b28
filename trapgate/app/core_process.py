"""The core process: matches → rules → alerting → notify, and HTTP. One asyncio loop."""

import asyncio
import logging
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from trapgate import __version__
from trapgate.alerting.core import Core
from trapgate.app.asking import ask
from trapgate.app.build import Configuration
from trapgate.app.clock import now
from trapgate.app.collecting import collect_seldom
from trapgate.app.damage import DamageTold
from trapgate.app.flow import Census
from trapgate.app.layout import CORE_READER
from trapgate.app.processes import Process
from trapgate.app.published import Published
from trapgate.app.stores import COUNTED_MAX, store_to_read
from trapgate.model import Alert, IntegrationId, Notification
from trapgate.model.exchange import Ending, Retry
from trapgate.notify import Carrier
from trapgate.observe import (
    Metrics,
    Sounding,
    logger,
    merged_exposition,
    sounding,
)
from trapgate.pipeline.conductor import Conductor, NotAccepted
from trapgate.pipeline.rules import RulesLoop
from trapgate.spool import Damages, Doorbell, SpoolReader
from trapgate.state import SqliteHistory, SqliteStateStore
from trapgate.web import Backend, build_app
from trapgate.web.status import ALERTMANAGER_VERSION

RELOAD_POLL_S = 0.25
"""How often it is looked whether the supervisor has published another configuration."""

BEAT_S = 0.5
"""How often it is looked whether all goes on: a commit takes a tenth of it."""

RELOAD_S = 120.0
"""Longest wait for the supervisor to reload: many vendor MIBs may have to be compiled."""

GRACE_S = 8.0
"""How long sends that are under way may go on at shutdown; they are claimed, so that none is lost
even if this is too short."""


def core_process(process: Process) -> None:
    """Run until SIGTERM."""
    asyncio.run(_CoreProcess(process).run())


class _CoreProcess:
    def __init__(self, process: Process) -> None:
        layout = process.layout
        self.process = process
        self.configuration = process.configuration
        self.metrics = Metrics()
        self.carrier = Carrier()
        self.started_at = now().wall_ns
        self.published = Published(layout.bundle, process.stamp)
        self.state = SqliteStateStore.open(layout.state)
        self.history = SqliteHistory.open(layout.history)
        self.events = store_to_read(
            self.configuration.settings.store, layout, self.metrics, COUNTED_MAX
        )
        self.loaded = False
        self.reloading, self.adopting = asyncio.Lock(), asyncio.Lock()
        self.conductor = Conductor(
            core=Core(self.configuration.routing),
            state=self.state,
            history=self.history,
            deliver=self.deliver,
            metrics=self.metrics,
            now=now,
        )
        damages = Damages(DamageTold(self.metrics, layout.matches_spool.name))
        matches = SpoolReader.open(layout.matches_spool, CORE_READER, damages)
        self.rules = RulesLoop(
            rules=self.configuration.rules,
            reader=matches,
            conductor=self.conductor,
            refresh=self.take_over,
            metrics=self.metrics,
        )

    async def run(self) -> None:
        """Load, be ready, go on until told to stop; stop the sources before the sinks."""
        loop = asyncio.get_running_loop()
        bell, stop, no_more = asyncio.Event(), asyncio.Event(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        matches_bell = self.process.inherited.matches_bell
        loop.add_reader(matches_bell.fileno(), _ring_on, matches_bell, bell)
        self.note_build()
        self.note_configuration()
        entries, _ = self.state.load()
        self.rules.restore(entries)
        server = _Server(self.app())
        async with asyncio.TaskGroup() as tasks:
            conducting = tasks.create_task(self.conductor.run(no_more, GRACE_S), name="conductor")
            await asyncio.sleep(0)
            self.conductor.perform(self.conductor.core.restore(entries, now()))
            self.loaded = True
            del entries  # the state is in memory twice until here
            collect_seldom()
            http = tasks.create_task(
                server.serve(sockets=[socket.socket(fileno=self.process.inherited.http_fd)]),
                name="http",
            )
            reading = tasks.create_task(self.rules.run(bell, stop), name="rules")
            reloading = tasks.create_task(self.watch_bundle(), name="reload")
            beating = tasks.create_task(self.beat(), name="beat")
            await server.started_event.wait()
            self.process.ready()
            await stop.wait()
            bell.set()
            await reading
            server.should_exit = True
            await http
            no_more.set()
            await conducting
            reloading.cancel()
            beating.cancel()
        await self.carrier.close()
        self.state.close()
        self.history.close()
        self.events.close()

    def app(self) -> Starlette:
        backend = Backend(
            board=self.conductor.core.board,
            receive=self.receive,
            reload=self.reload,
            ready=self.ready,
            alarms=self.alarms,
            metrics=self.exposition,
            config_text=self.config_text,
            resolve_timeout_ns=self.resolve_timeout_ns,
            now=now,
            started_at=self.started_at,
            events=self.events,
            history=self.history,
            count_received=self.count_received,
            count_invalid=self.count_invalid,
        )
        return build_app(backend)

    # -- what the loops ask for --------------------------------------------------------------

    async def deliver(self, integration: IntegrationId, notification: Notification) -> Ending:
        make = self.configuration.integrations.get(integration)
        if make is None:
            return Retry(f"{integration} is not configured", uncertain=False)
        return await self.carrier.deliver(make(), notification)

    def ready(self) -> str | None:
        """Why this trapgate should get no alerts now, if so: state is not loaded yet, or the last
        write of it failed."""
        if not self.loaded:
            return "loading state"
        trouble = self.conductor.trouble
        return None if trouble is None else f"state cannot be written: {trouble}"

    async def receive(self, alerts: Sequence[Alert]) -> str | None:
        try:
            await self.conductor.receive(alerts)
        except NotAccepted as refused:
            return refused.reason
        return None

    def resolve_timeout_ns(self) -> int:
        return self.configuration.alertmanager.global_.resolve_timeout

    def config_text(self) -> str:
        return self.configuration.alertmanager_text()

    def count_received(self, status: str, count: int) -> None:
        self.metrics.counter("alertmanager_alerts_received_total").labels(status, "v2").inc(count)

    def count_invalid(self, count: int) -> None:
        self.metrics.counter("alertmanager_alerts_invalid_total").labels("v2").inc(count)

    def exposition(self) -> bytes:
        """All processes' metrics, with what is counted only when asked for."""
        board, wall_ns = self.conductor.core.board, now().wall_ns
        active = sum(alert.ends_at > wall_ns for alert in board.alerts.values())
        self.metrics.gauge("alertmanager_alerts").labels("active").set(active)
        self.metrics.gauge("alertmanager_alerts").labels("suppressed").set(0)
        for receiver, count in board.owed_resolves().items():
            self.metrics.gauge("trapgate_alerting_owed_resolves").labels(receiver).set(count)
        return merged_exposition(self.metrics, self.others())

    def alarms(self) -> Sequence[Sounding]:
        """What is wrong, in whichever process."""
        return sounding(self.metrics, self.others())

    def others(self) -> Iterator[Path]:
        """The files in which the other processes publish."""
        others = Census.of(self.process.configuration.settings).names()
        names = {"supervisor", *others} - {self.process.name}
        return map(self.process.layout.metrics, sorted(names))

    # -- reload ------------------------------------------------------------------------------

    async def reload(self) -> str | None:
        """Let the supervisor read the files anew, which has the sockets; take over what it has
        accepted, or say what is wrong."""
        line = self.process.line
        if line is None:
            return refused("there is no supervisor")
        async with self.reloading:
            try:
                refusal = await asyncio.to_thread(ask, line, RELOAD_S)
            except OSError as error:
                refusal = f"the supervisor does not answer: {error}"
        if refusal:
            return refused(refusal)
        await self.take_over()
        return None

    async def watch_bundle(self) -> None:
        while True:
            await asyncio.sleep(RELOAD_POLL_S)
            await self.take_over()

    async def beat(self) -> None:
        """Say that this process goes on: its loop turns, and its state is written. A commit that
        the disk refuses comes back, and is no hang."""
        while True:
            if self.conductor.goes_on():
                self.process.beat()
            await asyncio.sleep(BEAT_S)

    async def take_over(self) -> None:
        """Use what the supervisor has published, if it has."""
        async with self.adopting:  # who asks while another adopts returns when it is done
            configuration = self.published.newer()
            if configuration is not None:
                await self.adopt(configuration)

    async def adopt(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.conductor.reconfigure(configuration.routing)
        await self.rules.replace(configuration.rules)
        self.note_configuration()
        logger().info("reloaded", rules=len(configuration.rules))

    def note_build(self) -> None:
        """Show which trapgate this is, and which Alertmanager it stands for."""
        self.metrics.gauge("trapgate_build_info").labels(__version__).set(1)
        self.metrics.gauge("alertmanager_build_info").labels(ALERTMANAGER_VERSION).set(1)

    def note_configuration(self) -> None:
        """Show which configuration this is. How reloads went is the supervisor's to count."""
        config_hash = self.configuration.alertmanager_hash()
        self.metrics.gauge("alertmanager_config_hash").set(config_hash)


def refused(text: str) -> str:
    """Log why there was no reload."""
    logger().error("reload.refused", problems=text)
    return text


def _ring_on(bell: Doorbell, event: asyncio.Event) -> None:
    bell.clear()
    event.set()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, and with an event for "listening"."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=3
            )
        )
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self.started_event = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.started_event.set()
