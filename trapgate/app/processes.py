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
from trapgate.pipeline.ingest import Ingest, Leg, Sinks, run_ingest
from trapgate.pipeline.receive import Receive
from trapgate.pipeline.sinks import MatchesSink, StoreSink
from trapgate.rules import Matcher
from trapgate.spool import Doorbell, SpoolReader, SpoolWriter
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
    layout, metrics = process.layout, Metrics()
    failures = metrics.counter("trapgate_ingest_failures_total")
    bugs, lost = failures.labels("internal-error"), failures.labels("unstorable")
    store = SqliteEventStore.open(layout.events)
    spool = SpoolWriter.open(layout.matches_spool, size_max_bytes=MATCHES_BYTES_MAX)
    bell = process.inherited.matches_bell
    kept = MatchesSpool(spool, metrics)
    replier = Replier(process.inherited.listeners)
    decode = RecordReader().decode
    store_reader = SpoolReader.open(layout.raw_spool, STORE_READER)
    ingest = Ingest(
        store_leg=Leg(store_reader, decode),
        rules_leg=Leg(SpoolReader.open(layout.raw_spool, RULES_READER), decode),
        translator=process.configuration.translator(bugs.inc),
        matcher=Matcher(process.configuration.rules),
        sinks=Sinks(StoreSink(store, lost.inc), MatchesSink(spool, bell, kept.trim), replier.send),
        metrics=metrics,
        now=now,
    )
    corrupt = metrics.counter("trapgate_spool_corrupt_total").labels("raw")
    chores = Chores(
        ingest=ingest,
        published=Published(layout.bundle, process.stamp),
        settings=process.configuration.settings.store,
        store=store,
        matches=kept,
        on_bug=bugs.inc,
        count_damage=Follower(corrupt, lambda: store_reader.damaged),
        now=now,
    )
    counting = Trouble("metrics.unpublished")

    def publish() -> None:
        with counting.contained():
            metrics.publish(layout.metrics(process.name))

    gc.freeze()  # what is here now stays: it need not be walked again
    gc.set_threshold(COLLECT_EVERY)
    process.ready()
    run_ingest(
        ingest,
        bell=process.inherited.raw_bell.wait,
        between=chores,
        publish=publish,
        stopping=lambda: bool(stopping),
        now=now,
    )
    store.close()
