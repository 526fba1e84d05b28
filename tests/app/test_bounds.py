"""The bounds of the raw spool, as they are configured."""

from pathlib import Path

import pytest

from app.folders import built, written
from pipeline.datagrams import T0, decode_record, record
from trapgate.app.bounds import SEGMENT_BYTES_MIN, SpoolBounds, segment_bytes
from trapgate.app.layout import RULES_READER, STORE_READER, Layout
from trapgate.app.settings import SpoolSettings
from trapgate.config import ByteSize
from trapgate.model import NS_PER_S, Now
from trapgate.observe import Metrics
from trapgate.pipeline.ingest import Ingest, Sinks
from trapgate.pipeline.leg import DURABLE, Leg
from trapgate.pipeline.recollection import Memories, Recollection
from trapgate.spool import SnapshotFile, SpoolReader, SpoolWriter
from trapgate.spool.writer import SEGMENT_BYTES
from trapgate.store.sqlite.room import Disk

SIZE_MAX_BYTES = 40_000
WEEK_S = 7 * 86_400


def ingest(folder: Path, layout: Layout, metrics: Metrics, lane: Path) -> Ingest:
    """A lane of which the rules have read everything and the store nothing."""
    writer = SpoolWriter.open(lane, segment_bytes=5_000)
    for number in range(300):
        last = writer.append([record(b"down %d" % number + bytes(50))]).sequence
    writer.close()
    legs = [
        Leg(SpoolReader.open(lane, name), decode_record) for name in (STORE_READER, RULES_READER)
    ]
    legs[1].reader.ack(last)
    legs[1].position = last
    memories = Memories(*(Recollection(SnapshotFile(folder / name)) for name in ("r", "s")))
    return Ingest(
        store_leg=legs[0],
        rules_leg=legs[1],
        translator=built(written(folder)).translator(lambda *_: None),
        memories=memories,
        sinks=Sinks(lambda _: DURABLE, lambda _: None, lambda _: None, lambda *_: None),
        metrics=metrics,
        now=lambda: Now(T0, NS_PER_S),
    )


def given_up(folder: Path, settings: SpoolSettings, second: float, worker: int = 1) -> float:
    """How many records the bounds let the store leg of one worker give up."""
    layout, metrics = Layout(folder / "data"), Metrics()
    layout.create()
    lanes = {
        worker: (
            ingest(folder, layout, metrics, layout.raw_lane(worker)),
            ingest(folder, layout, metrics, layout.bulk_lane(worker)),
        )
    }
    wall_ns = T0 + round(second * NS_PER_S)
    moment = [Now(wall_ns, NS_PER_S)]
    bounds = SpoolBounds(layout, settings, lanes, metrics, lambda: moment[0])
    for _ in range(50):
        moment[0] = Now(wall_ns, moment[0].elapsed_ns + 10 * NS_PER_S)
        bounds()
    samples = [
        sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "trapgate_spool_given_up_records_total"
    ]
    return sum(samples)


def test_the_room_is_each_workers_part(tmp_path: Path) -> None:
    size_max = ByteSize(SIZE_MAX_BYTES)
    alone = given_up(tmp_path / "1", SpoolSettings(size_max=size_max), 0)
    one_of_two = given_up(tmp_path / "2", SpoolSettings(size_max=size_max, workers=2), 0)
    assert 0 < alone < one_of_two < 600
    assert given_up(tmp_path / "3", SpoolSettings(), 0) == 0


def test_what_an_earlier_run_has_left_has_no_bound_but_age(tmp_path: Path) -> None:
    settings = SpoolSettings(size_max=ByteSize(SIZE_MAX_BYTES))
    assert given_up(tmp_path / "1", settings, 0, worker=2) == 0
    assert given_up(tmp_path / "2", settings, WEEK_S + 1, worker=2) == 600
    assert given_up(tmp_path / "3", SpoolSettings(age_max=None), WEEK_S + 1) == 0


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_segments_in_hand_are_half_of_what_the_store_leaves_free(
    workers: int, tmp_path: Path
) -> None:
    """They cannot be given up for what comes in; and no disk makes them larger than they were."""
    for exponent in range(26, 42):
        disk = Disk(1 << exponent, 0)
        in_hand = 2 * workers * segment_bytes(tmp_path, workers, {tmp_path: disk}.__getitem__)
        assert in_hand <= max(disk.reserve_bytes // 2, 2 * workers * SEGMENT_BYTES_MIN)
    assert segment_bytes(tmp_path, 1, lambda _: Disk(1 << 40, 0)) == SEGMENT_BYTES
