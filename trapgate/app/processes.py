"""What each of the three processes is made of. Each runs in a fork of the supervisor."""

import gc
import os
import signal
from collections.abc import Callable

import msgspec

from trapgate.app.build import Configuration, build
from trapgate.app.clock import now
from trapgate.app.files import bundle_stamp, published_bundle
from trapgate.app.layout import CORE_READER, RULES_READER, STORE_READER, Layout
from trapgate.listen import BoundListener, RecordReader
from trapgate.listen.reply import Replier
from trapgate.model import NS_PER_S
from trapgate.observe import Follower, Metrics, logger
from trapgate.pipeline.ingest import Ingest, Leg, Sinks, run_ingest
from trapgate.pipeline.receive import Receive
from trapgate.pipeline.sinks import MatchesSink, StoreSink
from trapgate.rules import Matcher
from trapgate.spool import Doorbell, SpoolReader, SpoolWriter
from trapgate.store import SqliteEventStore, StoreUnavailable

CHORES_S = 10
"""How often ingest deletes what it need not keep: read segments, old days of events."""

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
    stamp: tuple[int, int]
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
    layout, metrics = process.layout, Metrics()
    bugs = metrics.counter("trapgate_ingest_failures_total").labels("internal-error")
    store = SqliteEventStore.open(layout.events)
    spool = SpoolWriter.open(layout.matches_spool, size_max_bytes=MATCHES_BYTES_MAX)
    bell = process.inherited.matches_bell
    matches = MatchesSink(spool, bell, lambda: spool.trim((CORE_READER,)))
    replier = Replier(process.inherited.listeners)
    decode = RecordReader().decode
    store_reader = SpoolReader.open(layout.raw_spool, STORE_READER)
    ingest = Ingest(
        store_leg=Leg(store_reader, decode),
        rules_leg=Leg(SpoolReader.open(layout.raw_spool, RULES_READER), decode),
        translator=process.configuration.translator(bugs.inc),
        matcher=Matcher(process.configuration.rules),
        sinks=Sinks(StoreSink(store), matches, replier.send),
        metrics=metrics,
        now=now,
    )
    corrupt = metrics.counter("trapgate_spool_corrupt_total").labels("raw")
    damage = Follower(corrupt, lambda: store_reader.damaged)
    chores = _IngestChores(process, ingest, store, matches, bugs.inc, damage)
    gc.freeze()  # what is here now stays: it need not be walked again
    gc.set_threshold(COLLECT_EVERY)
    process.ready()
    run_ingest(
        ingest,
        bell=process.inherited.raw_bell.wait,
        between=chores,
        publish=lambda: metrics.publish(layout.metrics(process.name)),
        stopping=lambda: bool(stopping),
        now=now,
    )
    store.close()


class _IngestChores:
    """What ingest does between batches: take over a new configuration, delete what is old."""

    def __init__(
        self,
        process: Process,
        ingest: Ingest,
        store: SqliteEventStore,
        matches: MatchesSink,
        on_bug: Callable[[], None],
        count_damage: Callable[[], None],
    ) -> None:
        self._count_damage = count_damage
        self._process = process
        self._ingest = ingest
        self._store = store
        self._matches = matches
        self._on_bug = on_bug
        self._stamp = process.stamp
        self._chores_at = 0

    def __call__(self) -> None:
        stamp = bundle_stamp(self._process.layout.bundle)
        if stamp != self._stamp:
            self._stamp = stamp
            self._reload()
        moment = now()
        if moment.elapsed_ns >= self._chores_at:
            self._chores_at = moment.elapsed_ns + CHORES_S * NS_PER_S
            self._count_damage()
            self._matches.trim()
            self._retain()

    def _reload(self) -> None:
        configuration, _ = build(published_bundle(self._process.layout.bundle))
        if configuration is not None:
            self._ingest.translator = configuration.translator(self._on_bug)
            self._ingest.matcher = Matcher(configuration.rules)
            logger().info("reloaded")

    def _retain(self) -> None:
        settings = self._process.configuration.settings.store
        try:
            gone = self._store.retain(
                now(), days=settings.retention_days, bytes_max=settings.size_max
            )
        except StoreUnavailable as error:
            logger().error("store.retention", reason=error.reason)
            return
        for name in gone:
            logger().info("store.deleted", file=name)
