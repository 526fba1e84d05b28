"""What each of the three processes is made of. Each runs in a fork of the supervisor."""

import gc
import os
import signal
from collections.abc import Callable

import msgspec

from trapgate.app.build import Configuration
from trapgate.app.chores import Chores, MatchesSpool
from trapgate.app.clock import now
from trapgate.app.files import Stamp
from trapgate.app.layout import RULES_READER, STORE_READER, Layout
from trapgate.app.published import Published
from trapgate.app.trouble import Trouble
from trapgate.listen import BoundListener, RecordReader
from trapgate.listen.reply import Replier
from trapgate.observe import Follower, Metrics
from trapgate.pipeline.ingest import Ingest, Sinks, run_ingest
from trapgate.pipeline.leg import Leg
from trapgate.pipeline.receive import Receive
from trapgate.pipeline.sinks import MatchesSink, StoreSink
from trapgate.rules import Matcher
from trapgate.spool import Doorbell, SnapshotFile, SpoolReader, SpoolWriter
from trapgate.store import SqliteEventStore

MATCHES_BYTES_MAX = 1 << 30
"""Bound of the matches spool: some four million matches that the core has not read."""

COLLECT_EVERY = 100_000
"""Objects made between two looks for cycles in ingest: several batches of events, which have no
cycles and go when their batch is done."""


class Inherited(msgspec.Struct, frozen=True):
    """What the supervisor opened before it forked, for all processes."""

    listeners: tuple[BoundListener, ...]
    http_fd: int
    raw_bell: Doorbell
    matches_bell: Doorbell


class Process(msgspec.Struct, frozen=True):
    """The surroundings of one process: its configuration, its place, and how to say "ready".

    `stamp` tells the configuration from those that are published after it.
    """

    name: str
    config_path: str | None
    configuration: Configuration
    stamp: Stamp
    layout: Layout
    inherited: Inherited
    ready: Callable[[], None]


def receive_process(process: Process) -> None:
    """Sockets → raw spool."""
    stop = os.eventfd(0, os.EFD_NONBLOCK)
    signal.signal(signal.SIGTERM, lambda *_: os.eventfd_write(stop, 1))
    settings = process.configuration.settings
    writer = SpoolWriter.open(process.layout.raw_spool, size_max_bytes=settings.spool.size_max)
    receive = Receive(
        process.inherited.listeners,
        writer,
        process.inherited.raw_bell,
        Metrics(),
        process.layout.metrics(process.name),
        readers=(STORE_READER, RULES_READER),
        stop=stop,
        clock=now,
    )
    process.ready()
    receive.run()
    writer.close()


def ingest_process(process: Process) -> None:
    """Raw spool → event store and matches spool."""
    stopping: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    _IngestProcess(process).run(lambda: bool(stopping))


class _IngestProcess:
    """The parts of ingest, put together."""

    def __init__(self, process: Process) -> None:
        layout, metrics = process.layout, Metrics()
        configuration, inherited = process.configuration, process.inherited
        failures = metrics.counter("trapgate_ingest_failures_total")
        bugs, lost = failures.labels("internal-error"), failures.labels("unstorable")
        spool = SpoolWriter.open(layout.matches_spool, size_max_bytes=MATCHES_BYTES_MAX)
        matches = MatchesSpool(spool, metrics)
        store_reader = SpoolReader.open(layout.raw_spool, STORE_READER)
        rules_reader = SpoolReader.open(layout.raw_spool, RULES_READER)
        decode = RecordReader().decode
        self.process = process
        self.metrics = metrics
        self.unpublished = Trouble("metrics.unpublished")
        self.store = SqliteEventStore.open(layout.events)
        self.ingest = Ingest(
            store_leg=Leg(store_reader, decode, SnapshotFile(layout.memory(STORE_READER))),
            rules_leg=Leg(rules_reader, decode, SnapshotFile(layout.memory(RULES_READER))),
            translator=configuration.translator(bugs.inc),
            matcher=Matcher(configuration.rules),
            sinks=Sinks(
                StoreSink(self.store, lost.inc),
                MatchesSink(spool, inherited.matches_bell, matches.trim),
                Replier(inherited.listeners).send,
            ),
            metrics=metrics,
            now=now,
        )
        corrupt = metrics.counter("trapgate_spool_corrupt_total").labels("raw")
        self.chores = Chores(
            ingest=self.ingest,
            published=Published(layout.bundle, process.stamp),
            settings=configuration.settings.store,
            store=self.store,
            matches=matches,
            on_bug=bugs.inc,
            count_damage=Follower(corrupt, lambda: store_reader.damaged),
            now=now,
        )

    def run(self, stopping: Callable[[], bool]) -> None:
        gc.freeze()  # what is here now stays: it need not be walked again
        gc.set_threshold(COLLECT_EVERY)
        self.process.ready()
        run_ingest(
            self.ingest,
            bell=self.process.inherited.raw_bell.wait,
            between=self.chores,
            publish=self.publish,
            stopping=stopping,
            now=now,
        )
        self.chores.end()
        self.store.close()

    def publish(self) -> None:
        with self.unpublished.contained():
            self.metrics.publish(self.process.layout.metrics(self.process.name))
