"""What each kind of process is made of. Each runs in a fork of the supervisor."""

import gc
import os
import select
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from trapgate.app.build import Configuration
from trapgate.app.chores import Chores, TendedSpool
from trapgate.app.clock import now
from trapgate.app.engine import Engines, RevokedEngines
from trapgate.app.files import Stamp
from trapgate.app.flow import worker_of
from trapgate.app.layout import CORE_READER, RULES_READER, STORE_READER, Layout
from trapgate.app.published import Published
from trapgate.app.trouble import Trouble
from trapgate.decode.snmp import OwnEngine
from trapgate.listen import BoundListener, RecordReader
from trapgate.listen.handover import taken_over
from trapgate.listen.reply import Replier
from trapgate.model import Position
from trapgate.observe import Follower, Metrics, logger
from trapgate.pipeline.ingest import Ingest, Sinks, run_ingest
from trapgate.pipeline.intake import Intake
from trapgate.pipeline.lanes import BarrierReader, Lanes
from trapgate.pipeline.leg import Leg
from trapgate.pipeline.receive import Changes, Receive
from trapgate.pipeline.recollection import Memories, Recollection
from trapgate.pipeline.refused import Refused
from trapgate.pipeline.sinks import MatchesSink, StoreSink
from trapgate.pipeline.translate import Translator
from trapgate.spool import Doorbell, SnapshotFile, SpoolReader, SpoolWriter
from trapgate.store import SqliteEventStore

MATCHES_BYTES_MAX = 1 << 30
"""Bound of the matches spool: some four million matches that the core has not read."""

COLLECT_EVERY = 100_000
"""Objects made between two looks for cycles in ingest: several batches of events, which have no
cycles and go when their batch is done."""


class Inherited(msgspec.Struct, frozen=True):
    """What the supervisor opened before it forked, for all processes; a process's own has those
    listeners only that are its own."""

    listeners: tuple[BoundListener, ...]
    own_engine: OwnEngine
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
    line: socket.socket | None = None
    """To the supervisor: other listeners come over it, and core asks for reloads."""


def receive_process(process: Process) -> None:
    """Sockets → raw spool: both lanes of this process's own, with its part of their room."""
    stop = os.eventfd(0, os.EFD_NONBLOCK)
    signal.signal(signal.SIGTERM, lambda *_: os.eventfd_write(stop, 1))
    layout, worker = process.layout, worker_of(process.name)
    spool = process.configuration.settings.spool
    size_max_bytes = spool.size_max // spool.workers
    metrics = Metrics()
    raw, bulk = (
        SpoolWriter.open(folder, size_max_bytes=size_max_bytes)
        for folder in (layout.raw_lane(worker), layout.bulk_lane(worker))
    )
    intake = Intake(
        raw,
        bulk,
        process.inherited.raw_bell,
        metrics,
        pacer=RULES_READER,
        size_max_bytes=size_max_bytes,
    )
    receive = Receive(
        process.inherited.listeners,
        intake,
        metrics,
        layout.metrics(process.name),
        readers=(STORE_READER, RULES_READER),
        stop=stop,
        changes=_changes(process.line),
        clock=now,
    )
    process.ready()
    receive.run()
    raw.close()
    bulk.close()


def _changes(line: socket.socket | None) -> Changes | None:
    return None if line is None else (line.fileno(), partial(taken_over, line))


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
        matches = TendedSpool(spool, metrics, (CORE_READER,))
        self.process = process
        self.metrics = metrics
        self.unpublished = Trouble("metrics.unpublished")
        self.store = SqliteEventStore.open(layout.events)
        revoked = RevokedEngines(layout.revoked_engines)
        revoked.refresh()
        self.engines = Engines(inherited.own_engine, revoked, revoked.forgotten)
        self.on_bug = bugs.inc
        self.translator = self.translator_of(configuration)
        self.replier = Replier(inherited.listeners)
        self.sinks = Sinks(
            StoreSink(self.store, lost.inc),
            MatchesSink(spool, inherited.matches_bell, matches.trim),
            self.replier.send,
            Refused(logger(), now).note,
        )
        self.memories = Memories(
            *(Recollection(SnapshotFile(layout.memory(n))) for n in (RULES_READER, STORE_READER))
        )
        self.damage: list[Follower] = []
        workers = configuration.settings.spool.workers
        gone = layout.left_over(workers)
        self.ingests = [self.both_lanes(worker) for worker in (*range(1, workers + 1), *gone)]
        self.lanes = Lanes(
            [raw.turn for raw, _ in self.ingests], [bulk.turn for _, bulk in self.ingests]
        )
        left_over = [lane for worker in gone for lane in self.tended(worker)]
        self.chores = self.its_chores([matches, *left_over], revoked)

    def its_chores(self, spools: Sequence[TendedSpool], revoked: RevokedEngines) -> Chores:
        process = self.process
        return Chores(
            ingests=[lane for both in self.ingests for lane in both],
            memories=self.memories,
            published=Published(process.layout.bundle, process.stamp),
            settings=process.configuration.settings.store,
            store=self.store,
            spools=spools,
            translator_of=self.translator_of,
            revoked=revoked,
            count_damage=self.count_damage,
            now=now,
        )

    def translator_of(self, configuration: Configuration) -> Translator:
        return configuration.translator(self.on_bug, self.engines)

    def tended(self, worker: int) -> Iterator[TendedSpool]:
        """The lanes of a receive process that is no more: nobody else deletes what was read."""
        for folder in (self.process.layout.raw_lane(worker), self.process.layout.bulk_lane(worker)):
            yield TendedSpool(SpoolWriter.open(folder), self.metrics, (STORE_READER, RULES_READER))

    def both_lanes(self, worker: int) -> tuple[Ingest, Ingest]:
        """The lanes of one receive process, the first one and the bulk lane."""
        raw = self.ingest(self.process.layout.raw_lane(worker), None)
        return raw, self.ingest(self.process.layout.bulk_lane(worker), raw.place)

    def ingest(self, folder: Path, place: Callable[[], Position] | None) -> Ingest:
        """One lane. `place` is where the lane stands that this one must not overtake.

        All lanes have one memory in common, but for which datagrams are identical: a peer's are in
        one lane at a time, so that a copy is found unless its peer changes lanes just then.
        """
        metrics = self.metrics
        decode = RecordReader().decode
        readers = {n: SpoolReader.open(folder, n) for n in (STORE_READER, RULES_READER)}
        legs = {
            name: Leg(
                reader if place is None else BarrierReader(reader, place),
                decode,
            )
            for name, reader in readers.items()
        }
        corrupt = metrics.counter("trapgate_spool_corrupt_total").labels(folder.name)
        self.damage.append(Follower(corrupt, lambda: readers[STORE_READER].damaged))
        return Ingest(
            store_leg=legs[STORE_READER],
            rules_leg=legs[RULES_READER],
            translator=self.translator,
            memories=self.memories,
            sinks=self.sinks,
            metrics=metrics,
            now=now,
        )

    def count_damage(self) -> None:
        for count in self.damage:
            count()

    def run(self, stopping: Callable[[], bool]) -> None:
        gc.freeze()  # what is here now stays: it need not be walked again
        gc.set_threshold(COLLECT_EVERY)
        self.process.ready()
        run_ingest(
            self.lanes.turn,
            idle=self.ingests[0][0].tell_when_idle,
            bell=self.process.inherited.raw_bell.wait,
            between=self.between,
            publish=self.publish,
            stopping=stopping,
            now=now,
        )
        self.chores.end()
        self.store.close()

    def between(self) -> None:
        """Between two batches: answer for other listeners if there are some, and the chores."""
        changes = _changes(self.process.line)
        if changes and select.select([changes[0]], [], [], 0)[0]:
            self.replier.replace(changes[1]())
        self.chores()

    def publish(self) -> None:
        with self.unpublished.contained():
            self.metrics.publish(self.process.layout.metrics(self.process.name))
