"""The ingest process: raw spool → event store and matches spool."""

import select
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from prometheus_client import Counter

from trapgate.app.bounds import SpoolBounds
from trapgate.app.build import Configuration
from trapgate.app.chores import Chores, TendedSpool
from trapgate.app.clock import now
from trapgate.app.collecting import collect_seldom
from trapgate.app.damage import DamageTold
from trapgate.app.engine import Engines, RevokedEngines
from trapgate.app.layout import CORE_READER, RULES_READER, STORE_READER
from trapgate.app.processes import Process, changes_over
from trapgate.app.published import Published
from trapgate.app.stores import store_to_write
from trapgate.app.trouble import Trouble
from trapgate.listen import RecordReader
from trapgate.listen.reply import Replier
from trapgate.model import Datagram, Position
from trapgate.observe import Metrics, logger
from trapgate.pipeline.ahead import Ahead
from trapgate.pipeline.behind import WriteBehind
from trapgate.pipeline.ingest import Ingest, Sinks, always, run_ingest
from trapgate.pipeline.lanes import BarrierReader, Lanes, OldestFirst
from trapgate.pipeline.leg import Leg
from trapgate.pipeline.recollection import Memories, Recollection
from trapgate.pipeline.refused import Refused
from trapgate.pipeline.sinks import MatchesSink, StoreSink
from trapgate.pipeline.translate import Translator
from trapgate.spool import Damages, SnapshotFile, SpoolReader, SpoolWriter
from trapgate.store.quarantine import Quarantine

MATCHES_BYTES_MAX = 1 << 30
"""Bound of the matches spool: some four million matches that the core has not read."""

FLUSH_S = 10.0
"""Longest wait at a stop for a remote store to take what was handed to it: half of what ingest may
take to stop. What it does not take is read again at the next start."""


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
        bugs = metrics.counter("trapgate_ingest_failures_total").labels("internal-error")
        quarantine = Quarantine(layout.quarantine, metrics, now)
        spool = SpoolWriter.open(
            layout.matches_spool,
            size_max_bytes=MATCHES_BYTES_MAX,
            tell=DamageTold(metrics, layout.matches_spool.name),
        )
        matches = TendedSpool(spool, metrics, (CORE_READER,))
        self.process = process
        self.metrics = metrics
        self.unpublished = Trouble("metrics.unpublished")
        self.store = store_to_write(configuration.settings.store, layout, metrics)
        revoked = RevokedEngines(layout.revoked_engines)
        revoked.refresh()
        self.engines = Engines(inherited.own_engine, revoked, revoked.forgotten)
        self.on_bug = partial(_on_bug, bugs, quarantine)
        self.translator = self.translator_of(configuration)
        self.replier = Replier(inherited.listeners)
        self.sink = StoreSink(
            self.store, configuration.settings.store.kind, quarantine, metrics, now
        )
        self.behind = self.writer_behind() if configuration.settings.store.remote else None
        to_core = MatchesSink(spool, inherited.matches_bell, matches.trim)
        self.sinks = self.its_sinks(to_core, quarantine)
        self.memories = self.its_memories()
        lines = [ends.ingest for ends in inherited.ends]
        self.ahead = Ahead(lines, lambda: self.chores.stamp, metrics)
        workers = configuration.settings.spool.workers
        gone = layout.left_over(workers)
        lanes = {worker: self.both_lanes(worker) for worker in (*range(1, workers + 1), *gone)}
        self.ingests = list(chain.from_iterable(lanes.values()))
        self.lanes = oldest_first([lanes[worker] for worker in gone], list(lanes.values()))
        self.bounds = SpoolBounds(layout, configuration.settings.spool, lanes, metrics, now)
        left_over = [lane for worker in gone for lane in self.tended(worker)]
        self.chores = self.its_chores([matches, *left_over], revoked)

    def its_memories(self) -> Memories:
        """What the legs of each kind remember; to build it again may take minutes, and beats."""
        files = [
            SnapshotFile(self.process.layout.memory(name)) for name in (RULES_READER, STORE_READER)
        ]
        return Memories(*(Recollection(file, self.process.beat) for file in files))

    def its_sinks(self, matches: MatchesSink, quarantine: Quarantine) -> Sinks:
        """A remote store is written behind, one on this machine directly."""
        take, room = (self.behind.take, self.behind.room) if self.behind else (self.sink, always)
        refused = Refused(logger(), now).note
        return Sinks(take, matches, self.replier.send, refused, room, quarantine.unmatched)

    def its_chores(self, spools: Sequence[TendedSpool], revoked: RevokedEngines) -> Chores:
        process = self.process
        return Chores(
            ingests=self.ingests,
            memories=self.memories,
            published=Published(process.layout.bundle, process.stamp),
            settings=process.configuration.settings.store,
            store=self.store,
            spools=spools,
            translator_of=self.translator_of,
            revoked=revoked,
            now=now,
        )

    def writer_behind(self) -> WriteBehind:
        """What stands before a store that answers over the network: it may be slow or away."""
        return WriteBehind(
            self.sink,
            self.metrics,
            on_written=self.process.inherited.raw_bell.ring,
            elapsed_ns=lambda: now().elapsed_ns,
            idle=lambda: self.sink.look(self.store.probe),
        )

    def translator_of(self, configuration: Configuration) -> Translator:
        return configuration.translator(self.on_bug, self.engines)

    def tended(self, worker: int) -> Iterator[TendedSpool]:
        """The lanes of a receive process that is no more: nobody else deletes what was read."""
        for folder in (self.process.layout.raw_lane(worker), self.process.layout.bulk_lane(worker)):
            writer = SpoolWriter.open(folder, tell=DamageTold(self.metrics, folder.name))
            yield TendedSpool(writer, self.metrics, (STORE_READER, RULES_READER))

    def both_lanes(self, worker: int) -> tuple[Ingest, Ingest]:
        """The lanes of one receive process, the first one and the bulk lane."""
        raw = self.ingest(self.process.layout.raw_lane(worker), None)
        return raw, self.ingest(self.process.layout.bulk_lane(worker), raw.place)

    def ingest(self, folder: Path, place: Callable[[], Position] | None) -> Ingest:
        """One lane. `place` is where the lane stands that this one must not overtake.

        Every lane but the first marks the ids of its lines, see `normalize.identity`.
        """
        damages = Damages(DamageTold(self.metrics, folder.name))
        mark = "" if folder == self.process.layout.raw_spool else folder.name
        decode = RecordReader().decode
        readers = {n: SpoolReader.open(folder, n, damages) for n in (STORE_READER, RULES_READER)}
        legs = {
            name: Leg(
                reader if place is None else BarrierReader(reader, place),
                decode,
                mark,
            )
            for name, reader in readers.items()
        }
        return Ingest(
            store_leg=legs[STORE_READER],
            rules_leg=legs[RULES_READER],
            translator=self.translator,
            memories=self.memories,
            sinks=self.sinks,
            metrics=self.metrics,
            now=now,
            ahead=self.ahead,
        )

    def run(self, stopping: Callable[[], bool]) -> None:
        collect_seldom()
        self.process.ready()
        run_ingest(
            self.lanes.turn,
            idle=self.ingests[0].tell_when_idle,
            bell=self.process.inherited.raw_bell.wait,
            between=self.between,
            publish=self.publish,
            stopping=stopping,
            now=now,
        )
        self.end()

    def end(self) -> None:
        """What was handed to a remote store is written, if it takes it now."""
        flushed = self.behind is None or self.behind.close(FLUSH_S)
        for ingest in self.ingests:
            ingest.collect()
        self.chores.end()
        if flushed:  # else its thread may be in the middle of a request
            self.store.close()
        self.publish()

    def between(self) -> None:
        """Between two batches: answer for other listeners if there are some, and the chores."""
        self.process.beat()
        changes = changes_over(self.process.line)
        if changes and select.select([changes[0]], [], [], 0)[0]:
            self.replier.replace(changes[1]())
        self.process.inherited.backlog.set(any(ingest.has_backlog for ingest in self.ingests))
        self.chores()
        self.bounds()

    def publish(self) -> None:
        if self.behind is not None:
            self.behind.measure()  # its thread looks at the store while nothing comes
        else:
            self.sink.tend()
        with self.unpublished.contained():
            self.metrics.publish(self.process.layout.metrics(self.process.name))


def oldest_first(
    left_over: Sequence[tuple[Ingest, Ingest]], workers: Sequence[tuple[Ingest, Ingest]]
) -> OldestFirst:
    """The order in which lanes have their turns; each is a receive process's first lane and its
    bulk lane, and those that are `left_over` are among `workers`."""
    ingests = list(chain.from_iterable(left_over))
    return OldestFirst(
        _in_turns(left_over), _in_turns(workers), lambda: all(each.matched() for each in ingests)
    )


def _in_turns(workers: Sequence[tuple[Ingest, Ingest]]) -> Lanes:
    return Lanes([raw.turn for raw, _ in workers], [bulk.turn for _, bulk in workers])


def _on_bug(count: Counter, quarantine: Quarantine, datagram: Datagram, bug: Exception) -> None:
    """A datagram has raised: it is an event all the same, and its bytes are kept for a person."""
    count.inc()
    quarantine.datagram(datagram, f"{type(bug).__name__}: {bug}")
