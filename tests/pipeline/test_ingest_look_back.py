"""What was read long ago is deleted, and a start in the middle of a backlog makes no other ids."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pipeline.datagrams import LINES, T0, decode_record, record, translator
from trapgate.model import NS_PER_S, Event, Now
from trapgate.observe import Metrics
from trapgate.pipeline.ingest import Ingest, Sinks
from trapgate.pipeline.leg import BATCH_RECORDS, DURABLE, Leg, Receipt
from trapgate.pipeline.recollection import Memories, Recollection
from trapgate.spool import SnapshotFile, SpoolReader, SpoolWriter
from trapgate.spool.segment import segment_sequences

READERS = ("store", "rules")
TWINS = 10
"""Identical datagrams on each side of the place where ingest starts again."""


class Site:
    """A backlog of a day ago in two segments, and a store that knows events by their ids."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stored: dict[str, Event] = {}
        self.clock_ns = T0
        self.writer = SpoolWriter.open(
            folder / "raw",
            segment_bytes=60_000,
            clock=lambda: self.clock_ns,
            sync=lambda _: None,
        )

    def backlog(self, twin: bytes) -> None:
        """A segment that ends with twins, and one that begins with them, a second later."""
        others = [record(b"other %04d" % number, 1.0) for number in range(BATCH_RECORDS - TWINS)]
        more = [record(b"more %04d" % number, 1.0) for number in range(BATCH_RECORDS - TWINS)]
        self.writer.append([*others, *[twin] * TWINS])
        self.clock_ns += NS_PER_S
        self.writer.append([*[twin] * TWINS, *more])
        assert segment_sequences(self.folder / "raw") == [1, BATCH_RECORDS + 1]
        self.clock_ns += 86_400 * NS_PER_S

    def store(self, events: Sequence[Event]) -> Receipt:
        for event in events:
            self.stored.setdefault(event.id, event)
        return DURABLE

    def live(self, turns: int) -> int:
        """The life of an ingest process, so many turns long; how many events it says are stored,
        with those before it."""
        metrics = Metrics()
        memories = Memories(
            *(Recollection(SnapshotFile(self.folder / f"{name}.snapshot")) for name in READERS)
        )
        readers = [SpoolReader.open(self.folder / "raw", name) for name in READERS]
        store, rules = (Leg(reader, decode_record) for reader in readers)
        ingest = Ingest(
            store_leg=store,
            rules_leg=rules,
            translator=translator(),
            memories=memories,
            sinks=Sinks(self.store, lambda _: None, lambda _: None, lambda *_: None),
            metrics=metrics,
            now=lambda: Now(self.clock_ns, NS_PER_S),
        )
        for _ in range(turns):
            ingest.turn()
        for reader in readers:
            reader.close()
        labels = {"outcome": "stored", "reason": ""}
        name = "trapgate_ingest_datagrams_total"
        return int(metrics.registry.get_sample_value(name, labels) or 0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.writer.close()


@pytest.mark.parametrize(
    ("twin", "count"),
    [
        (record(b"up", 1.0, listener=LINES), 2 * BATCH_RECORDS),  # each line is an event
        (record(b"down 1", 1.0), 2 * BATCH_RECORDS - 2 * TWINS + 1),  # a trap that came again
    ],
    ids=["syslog", "snmp"],
)
def test_a_start_in_the_middle_of_a_backlog(site: Site, twin: bytes, count: int) -> None:
    """What is counted as stored is in the store, and none of it twice."""
    site.backlog(twin)
    site.live(1)
    site.writer.trim(READERS)
    assert site.live(3) == count
    assert len(site.stored) == count
    site.writer.trim(READERS)
    assert segment_sequences(site.folder / "raw")[0] > BATCH_RECORDS  # now it is
