"""What gives way when a reader of the raw spool is too far behind, and that it is counted."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipeline.datagrams import T0, decode_record, record, translator
from trapgate.model import NS_PER_S, Event, EventMatches, Now, Position, decode_matches
from trapgate.observe import Alarm, Metrics, sounding
from trapgate.pipeline.giving_up import (
    AGE_EVERY_NS,
    CALM_NS,
    LOOK_EVERY_NS,
    YIELD_SHARE,
    BoundedLane,
    Bounds,
    FullPolicy,
    GivingUp,
)
from trapgate.pipeline.ingest import Ingest, Sinks
from trapgate.pipeline.intake import PRESSED_SHARE
from trapgate.pipeline.lanes import BarrierReader, encode_barrier
from trapgate.pipeline.leg import DURABLE, Blocked, Leg, Receipt
from trapgate.pipeline.recollection import Memories, Recollection
from trapgate.spool import SnapshotFile, SpoolReader, SpoolWriter, held
from trapgate.spool.writer import KEEP_S

SIZE_MAX_BYTES = 80_000
SEGMENT_BYTES = SIZE_MAX_BYTES // 8
READERS = ("store", "rules")


class Site:
    """Two lanes with their ingest; the store and the matches spool may be away."""

    def __init__(self, folder: Path, policy: FullPolicy = "store-yields", days: int = 7) -> None:
        self.folder = folder
        self.policy: FullPolicy = policy
        self.days = days
        self.free_bytes = 1 << 40
        self.store_away = self.rules_away = self.hangs = False
        self.receipts: list[Receipt] = []
        self.moment = Now(T0, NS_PER_S)
        self.sent = 0
        self.clock_ns = T0
        self.stored: list[Event] = []
        self.matched: list[EventMatches] = []
        self.writers = [
            SpoolWriter.open(
                folder / name,
                segment_bytes=SEGMENT_BYTES,
                size_max_bytes=SIZE_MAX_BYTES,
                clock=lambda: self.clock_ns,
                sync=lambda _: None,
            )
            for name in ("raw", "raw-bulk")
        ]
        self.start()

    def start(self) -> None:
        """The ingest process starts, again."""
        self.metrics = Metrics()
        self.memories = Memories(
            *(Recollection(SnapshotFile(self.folder / f"{name}.snapshot")) for name in READERS)
        )
        raw = self.ingest("raw")
        self.lanes = [raw, self.ingest("raw-bulk", raw)]
        self.giving_up = GivingUp(
            [
                BoundedLane(lane, lambda after, writer=writer: held(writer.folder, after))  # type: ignore[misc]
                for lane, writer in zip(self.lanes, self.writers, strict=True)
            ],
            Bounds(SIZE_MAX_BYTES, self.days * 86_400 * NS_PER_S, self.policy, self.free),
            self.metrics,
            {name: Alarm(self.metrics, f"spool.{name}-gave-up", "raw") for name in READERS},
            lambda: self.moment,
        )

    def ingest(self, name: str, first: Ingest | None = None) -> Ingest:
        legs = []
        for reader_name in READERS:
            reader = SpoolReader.open(self.folder / name, reader_name)
            bounded = reader if first is None else BarrierReader(reader, first.place)
            legs.append(Leg(bounded, decode_record, name))
        return Ingest(
            store_leg=legs[0],
            rules_leg=legs[1],
            translator=translator(),
            memories=self.memories,
            sinks=Sinks(self.store, self.match, lambda _: None, lambda *_: None, self.room),
            metrics=self.metrics,
            now=lambda: self.moment,
        )

    def free(self) -> int:
        return self.free_bytes

    def store(self, events: Sequence[Event]) -> Receipt:
        if self.store_away:
            raise Blocked("the store is away")
        self.stored += events
        if not self.hangs:
            return DURABLE
        self.receipts.append(Receipt())
        return self.receipts[-1]

    def room(self) -> bool:
        return len(self.receipts) < 3

    def match(self, payloads: Sequence[bytes]) -> None:
        if self.rules_away:
            raise Blocked("the matches spool is full")
        self.matched += [matches for matches in map(decode_matches, payloads) if matches]

    def send(self, count: int, lane: int = 0, second: float = 0.0, every_s: float = KEEP_S) -> None:
        """Datagrams of 100 bytes, in batches of ten, one in so many seconds; each raises an
        alert."""
        for _ in range(count // 10):
            numbers = range(self.sent, self.sent + 10)
            batch = [record(b"down %d" % n + b" " * 90, second) for n in numbers]
            self.clock_ns += int(every_s * NS_PER_S)
            self.writers[lane].append(batch)
            newest = max(self.writers[lane].folder.glob("*.seg"))
            os.utime(newest, ns=(self.clock_ns, self.clock_ns))
            self.sent += 10

    def run(self, seconds: int = 1) -> None:
        """Ingest goes on as long as there is work, and the receive process deletes."""
        for _ in range(seconds):
            self.moment = Now(self.moment.wall_ns, self.moment.elapsed_ns + LOOK_EVERY_NS)
            for _ in range(60):
                self.giving_up()
                for lane in self.lanes:
                    lane.turn()
            for writer in self.writers:
                writer.trim(READERS)

    def given_up(self, reader: str, reason: str = "full") -> int:
        labels = {"reader": reader, "reason": reason}
        name = "trapgate_spool_given_up_records_total"
        return int(self.metrics.registry.get_sample_value(name, labels) or 0)

    def outcome(self, outcome: str, reason: str = "") -> int:
        labels = {"outcome": outcome, "reason": reason}
        name = "trapgate_ingest_datagrams_total"
        return int(self.metrics.registry.get_sample_value(name, labels) or 0)

    def size_bytes(self) -> int:
        return sum(writer.size_bytes for writer in self.writers)


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    sites: list[Site] = []
    yield sites
    for site in sites:
        for writer in site.writers:
            writer.close()


def test_the_store_yields_and_paging_goes_on(tmp_path: Path, sites: list[Site]) -> None:
    """It is away for several times what the spool holds: nothing is refused, all of it pages, and
    each datagram is in one counter, over a restart and when the store is back."""
    sites.append(site := Site(tmp_path))
    site.store_away = True
    with capture_logs() as logs:
        for _ in range(40):
            site.send(50)
            site.run()
    assert len(site.matched) == site.sent == 2_000
    assert 0 < site.given_up("store") == site.outcome("given-up", "full") < 2_000
    assert site.given_up("rules") == 0
    assert site.size_bytes() > SIZE_MAX_BYTES / 2  # no more than needed
    assert [str(line["event"]) for line in logs].count("spool.store-gave-up") == 1
    site.start()
    assert site.given_up("store") == site.outcome("given-up", "full") > 0
    site.store_away = False
    site.run(3)
    assert len(site.stored) + site.outcome("given-up", "full") == 2_000
    assert site.outcome("stored") == len(site.stored)
    assert len({event.id for event in site.stored}) == len(site.stored)
    assert len(site.matched) == 2_000


@pytest.mark.parametrize("every_s", [2.0, 5.0, 60.0])
def test_there_is_room_for_new_ones_beside_what_is_kept_to_look_back(
    tmp_path: Path, sites: list[Site], every_s: float
) -> None:
    """However fast they come, nobody is held to a fair share."""
    sites.append(site := Site(tmp_path))
    site.store_away = True
    site.send(400, every_s=every_s)
    for _ in range(60):
        site.send(10, every_s=every_s)
        assert site.size_bytes() < PRESSED_SHARE * SIZE_MAX_BYTES
        site.run()
    assert site.given_up("store") > 0


def test_what_is_kept_to_look_back_does_not_take_the_room_of_the_store(
    tmp_path: Path, sites: list[Site]
) -> None:
    """So much comes in at once that 20 s of it would fill the room several times."""
    sites.append(site := Site(tmp_path))
    site.store_away = True
    for writer in site.writers:
        writer.size_max_bytes *= 2
    site.send(900, every_s=0)
    site.run(20)
    (place, _) = site.lanes[0].legs()[1].reader.acked()
    assert place == site.given_up("store") > 0
    assert held(site.writers[0].folder, place).size_bytes > 0.4 * SIZE_MAX_BYTES


def test_what_a_store_has_taken_and_not_confirmed_is_given_up_too(
    tmp_path: Path, sites: list[Site]
) -> None:
    """It hangs with its window full: else nothing behind that could be deleted."""
    sites.append(site := Site(tmp_path))
    site.hangs = True
    for _ in range(40):
        site.send(50)
        site.run()
    assert len(site.matched) == 2_000
    assert site.outcome("stored") == 0 < site.outcome("given-up", "full")
    for receipt in site.receipts:
        receipt.durable = True
    site.hangs, site.receipts = False, []
    site.run(3)
    assert site.outcome("stored") + site.outcome("given-up", "full") == 2_000


def test_what_the_rules_have_not_read_is_refused_a_place(tmp_path: Path, sites: list[Site]) -> None:
    """Neither reader goes on: nothing is given up, the spool is full."""
    sites.append(site := Site(tmp_path))
    site.store_away = site.rules_away = True
    site.send(500)
    site.run(10)
    assert site.given_up("store") == site.given_up("rules") == 0
    assert site.size_bytes() > SIZE_MAX_BYTES * YIELD_SHARE
    site.rules_away = False
    site.run(10)
    assert len(site.matched) == 500
    assert site.given_up("rules") == 0 < site.given_up("store")


def test_refuse_new_gives_nothing_up(tmp_path: Path, sites: list[Site]) -> None:
    sites.append(site := Site(tmp_path, "refuse-new"))
    site.store_away = True
    site.send(500)
    site.run(10)
    assert site.given_up("store") == 0
    site.store_away = False
    site.run(10)
    assert len(site.stored) == len(site.matched) == 500


def test_drop_oldest_lets_the_rules_go_past_and_says_so(tmp_path: Path, sites: list[Site]) -> None:
    sites.append(site := Site(tmp_path, "drop-oldest"))
    site.rules_away = True
    for _ in range(40):
        site.send(50)
        site.run()
    assert 0 < site.given_up("rules") < 2_000
    alarms = [alarm.name for alarm in sounding(site.metrics, ())]
    assert alarms == ["rules.blocked", "spool.rules-gave-up"]
    site.rules_away = False
    site.run(3)
    assert [alarm.name for alarm in sounding(site.metrics, ())] == ["spool.rules-gave-up"]
    assert len(site.matched) + site.given_up("rules") == 2_000
    assert len(site.stored) + site.given_up("store") == 2_000
    assert site.given_up("store") == 0
    site.start()
    assert site.given_up("rules") > 0


def test_the_disk_is_the_bound_if_it_is_smaller(tmp_path: Path, sites: list[Site]) -> None:
    sites.append(site := Site(tmp_path))
    site.store_away = True
    site.send(300)
    site.run(5)
    assert site.given_up("store") == 0
    site.free_bytes = 0
    site.run(5)
    assert site.given_up("store") > 0
    assert len(site.matched) == 300


def test_what_is_given_up_and_not_yet_deleted_is_room(tmp_path: Path, sites: list[Site]) -> None:
    """Others have filled the disk. Receive deletes some seconds later: more is not given up
    meanwhile."""
    sites.append(site := Site(tmp_path))
    site.store_away = True
    site.send(400)
    site.run(3)
    assert site.given_up("store") == 0
    site.free_bytes = site.size_bytes() // 10
    for _ in range(10):
        site.moment = Now(site.moment.wall_ns, site.moment.elapsed_ns + LOOK_EVERY_NS)
        site.giving_up()
    assert 0 < site.given_up("store") < site.sent * 0.6


def test_the_flood_gives_way_first(tmp_path: Path, sites: list[Site]) -> None:
    """Barriers are no datagrams: they are not counted."""
    sites.append(site := Site(tmp_path))
    site.store_away = True
    site.send(100)
    raw, bulk = site.writers
    for _ in range(6):
        bulk.append([encode_barrier(Position(raw.stream, raw.last_sequence))])
        site.send(80, lane=1)
    site.run(10)
    assert len(site.matched) == site.sent
    assert site.given_up("store") > 0
    raw_store, bulk_store = (lane.legs()[1].reader.acked()[0] for lane in site.lanes)
    assert raw_store == 0 < bulk_store
    site.store_away = False
    site.run(5)
    assert len(site.stored) + site.given_up("store") == site.sent


class TestAge:
    """What is older than the bound is given up, wherever it is."""

    def aged(self, site: Site, days: float) -> None:
        wall_ns = T0 + int(days * 86_400 * NS_PER_S)
        site.moment = Now(wall_ns, site.moment.elapsed_ns + AGE_EVERY_NS)

    def test_the_store_gives_up_what_is_too_old(self, tmp_path: Path, sites: list[Site]) -> None:
        sites.append(site := Site(tmp_path))
        site.store_away = True
        site.send(50)
        site.send(50, second=86_400)
        site.run()
        self.aged(site, 6.9)
        site.run()
        assert site.given_up("store", "age") == 0
        self.aged(site, 7.1)
        site.run()
        assert site.given_up("store", "age") == site.outcome("given-up", "age") == 50
        site.store_away = False
        site.run(5)
        assert len(site.stored) == 50
        assert len(site.matched) == 100

    def test_the_rules_give_nothing_up_for_its_age(self, tmp_path: Path, sites: list[Site]) -> None:
        sites.append(site := Site(tmp_path))
        site.rules_away = True
        site.send(50)
        site.run()
        self.aged(site, 30)
        site.run()
        site.rules_away = False
        site.run(5)
        assert len(site.matched) == 50

    def test_but_with_drop_oldest_they_do(self, tmp_path: Path, sites: list[Site]) -> None:
        sites.append(site := Site(tmp_path, "drop-oldest"))
        site.rules_away = True
        site.send(50)
        site.run()
        self.aged(site, 30)
        site.run()
        site.rules_away = False
        site.run(5)
        assert site.matched == []
        assert site.given_up("rules", "age") == 50


class TestAlarm:
    """It is one line in the log, not one each time that something is given up."""

    CALM = CALM_NS // NS_PER_S + 2

    def sounds(self, site: Site) -> list[str]:
        return [alarm.name for alarm in sounding(site.metrics, ())]

    def test_it_ends_when_the_store_has_caught_up(self, tmp_path: Path, sites: list[Site]) -> None:
        sites.append(site := Site(tmp_path))
        site.store_away = True
        for _ in range(20):
            site.send(50)
            site.run()
        assert self.sounds(site) == ["spool.store-gave-up"]
        site.store_away = False
        site.run(self.CALM)
        assert self.sounds(site) == []

    def test_it_lasts_while_the_store_is_away(self, tmp_path: Path, sites: list[Site]) -> None:
        """On a quiet network a segment fills, and another is given up, in an hour or two."""
        sites.append(site := Site(tmp_path))
        site.store_away = True
        with capture_logs() as logs:
            site.send(450)
            for _ in range(3):
                before = site.given_up("store")
                site.send(80)
                site.run(self.CALM)
                assert site.given_up("store") > before
                assert self.sounds(site) == ["spool.store-gave-up"]
        assert [line["event"] for line in logs].count("spool.store-gave-up") == 1

    def test_also_if_it_is_for_their_age(self, tmp_path: Path, sites: list[Site]) -> None:
        """Of what is little they are few at a time that become too old."""
        sites.append(site := Site(tmp_path))
        site.store_away = True
        site.send(50)
        site.send(50, second=86_400)
        week_later = T0 + int(7.1 * 86_400 * NS_PER_S)
        site.moment = Now(week_later, site.moment.elapsed_ns + AGE_EVERY_NS)
        site.run(self.CALM)
        assert site.given_up("store", "age") == 50
        assert self.sounds(site) == ["spool.store-gave-up"]
        site.store_away = False
        site.run(self.CALM)
        assert self.sounds(site) == []
