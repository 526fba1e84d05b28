"""The two lanes of the raw spool: a flood waits, others do not, and nothing changes its order."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from trapgate.listen import RecordReader, encode, origin, peer_address
from trapgate.model import DATAGRAM_BYTES_MAX, NS_PER_S, Endpoint, Now, Position
from trapgate.observe import Metrics
from trapgate.pipeline.diversion import BACKLOG_CALM
from trapgate.pipeline.intake import HELD_RETRY_NS, PRESSED_SHARE, ROOM_BYTES_MIN, Intake
from trapgate.pipeline.lanes import BarrierReader, Lanes
from trapgate.spool import Doorbell, SpoolReader, SpoolWriter
from trapgate.spool.writer import KEEP_S

ORIGIN = origin("traps", Endpoint("::", 162))
FLOOD = "10.0.0.1"
NOW = Now(0, NS_PER_S)


class Pair:
    """Receive's end of two lanes and ingest's, each of which may start again at any time."""

    def __init__(self, folder: Path, size_max_bytes: int = 1 << 30) -> None:
        self.folders = [folder / "raw", folder / "raw-bulk"]
        self.size_max_bytes = size_max_bytes
        self.sent: dict[str, int] = defaultdict(int)
        self.got: dict[str, list[int]] = defaultdict(list)
        self.metrics = Metrics()
        self.bell = Doorbell()
        self.writers: list[SpoolWriter] = []
        self.readers: list[SpoolReader] = []
        self.start_receive()
        self.start_ingest()

    def start_receive(self) -> None:
        for writer in self.writers:
            writer.close()
        self.writers = [
            SpoolWriter.open(
                folder,
                size_max_bytes=self.size_max_bytes,
                sync=lambda fd: None,
                clock=count(
                    2**62, (KEEP_S + 1) * NS_PER_S
                ).__next__,  # what it wrote is old when it looks
            )
            for folder in self.folders
        ]
        raw, bulk = self.writers
        self.intake = Intake(
            raw,
            bulk,
            self.bell,
            self.metrics,
            pacer="rules",
            size_max_bytes=self.size_max_bytes,
        )

    def start_ingest(self) -> None:
        for reader in self.readers:
            reader.close()
        self.readers = [SpoolReader.open(folder, "rules") for folder in self.folders]
        raw, bulk = self.readers
        place = lambda: Position(raw.stream, raw.acked()[0])  # noqa: E731
        held = BarrierReader(bulk, place)
        self.turns = [lambda: self.turn(raw), lambda: self.turn(held)]
        self.lanes = Lanes(self.turns[:1], self.turns[1:])

    def turn(self, reader: SpoolReader | BarrierReader) -> bool:
        records = reader.read(reader.acked()[0], 1)
        for _, record in records:
            datagram = RecordReader().decode(record)
            self.got[datagram.peer.address].append(int(datagram.data))
        if records:
            reader.ack(records[-1][0])
        return bool(records)

    def send(self, **counts: int) -> None:
        """One batch; `a=5` is five datagrams of peer a, which it counts."""
        batch = [record for peer, count in counts.items() for record in self.make(peer, count)]
        self.intake.put(batch, [], NOW)

    def make(self, peer: str, count: int, size_bytes: int = 0) -> list[bytes]:
        """The next datagrams of a peer, of this size at least."""
        first = self.sent[peer] + 1
        self.sent[peer] += count
        numbers = range(first, first + count)
        return [
            encode(ORIGIN, 0, peer, 1, (b"%d" % number).ljust(size_bytes)) for number in numbers
        ]

    def measured(self, name: str, spool: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, {"spool": spool})

    def settle(self) -> None:
        """Let ingest acknowledge everything, again and again, as long as streams are held."""
        for seconds in range(2, 50):
            while self.lanes.turn():
                continue
            for writer in self.writers:
                writer.trim(("rules",))
            if not self.intake.holds:
                return
            self.intake.retry(Now(0, NOW.elapsed_ns * seconds))

    def close(self) -> None:
        for writer in self.writers:
            writer.close()
        for reader in self.readers:
            reader.close()
        self.bell.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path)
    yield pair
    pair.close()


STEPS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"a": st.integers(0, 1500), "b": st.integers(0, 1500), "c": st.integers(0, 3)}
        ),
        st.tuples(st.integers(0, 1), st.integers(1, 3)),
        st.sampled_from(["receive", "ingest"]),
    ),
    max_size=30,
)
"""Batches, turns of one lane or of the other in any order, and new starts."""


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_each_peers_records_stay_in_order(
    steps: list[dict[str, int] | tuple[int, int] | str],
) -> None:
    """However lanes fill, empty and fill again, and whoever starts again in between."""
    with TemporaryDirectory() as folder:
        pair = Pair(Path(folder))
        for step in steps:
            if isinstance(step, dict):
                pair.send(**step)
            elif isinstance(step, tuple):
                for _ in range(step[1]):
                    pair.turns[step[0]]()
            elif step == "receive":
                pair.start_receive()
            else:
                pair.start_ingest()
        while pair.lanes.turn():
            continue
        assert pair.got == {p: list(range(1, n + 1)) for p, n in pair.sent.items() if n}
        assert pair.intake.raw.backlog() == pair.intake.bulk.backlog() == 0
        pair.close()


def test_the_quiet_one_is_read_before_the_flood_is_through(pair: Pair) -> None:
    for _ in range(10):
        pair.send(flood=4_000)
    pair.send(flood=4_000, quiet=1)
    turns = 0
    while not pair.got["quiet"]:
        pair.lanes.turn()
        turns += 1
    assert turns <= 12
    assert len(pair.got["flood"]) <= BACKLOG_CALM + 4_000


def test_the_flood_is_read_too_while_others_go_on(pair: Pair) -> None:
    """The bulk lane has its turns although there is always something in the first one."""
    pair.send(flood=4_000)
    others = {f"device-{number}": 10 for number in range(100)}
    turns = 0
    while len(pair.got["flood"]) < 4_000:
        pair.send(**others)
        pair.lanes.turn()
        turns += 1
        assert turns <= 160


def test_in_the_calm_case_there_is_one_lane(pair: Pair) -> None:
    for _ in range(20):
        pair.send(flood=500, quiet=5)
        while pair.lanes.turn():
            continue
    assert pair.writers[1].last_sequence == 0


def test_the_lanes_share_the_room_and_a_part_is_not_for_the_flood(tmp_path: Path) -> None:
    most = 400_000
    pair = Pair(tmp_path, most)
    with capture_logs() as logs:
        for _ in range(5):
            pair.send(flood=4_000)
        sizes = [writer.size_bytes for writer in pair.writers]
        assert most * PRESSED_SHARE * 0.9 < sizes[1] <= most * PRESSED_SHARE
        pair.send(flood=10, quiet=10)
        while pair.lanes.turn():
            continue
    assert len(pair.got["flood"]) < pair.sent["flood"]
    assert pair.got["quiet"] == list(range(1, 11))
    dropped = pair.metrics.registry.get_sample_value(
        "trapgate_listen_dropped_total", {"listener": "traps", "reason": "spool-full"}
    )
    assert dropped == pair.sent["flood"] - len(pair.got["flood"])
    assert [line["event"] for line in logs] == ["spool.pressed"]
    pair.close()


def test_a_stream_that_floods_is_held_in_its_lane(tmp_path: Path) -> None:
    pair = Pair(tmp_path, 400_000)
    lines = [encode(ORIGIN, 0, FLOOD, 1, b"%d" % number) for number in range(4_000)]
    with capture_logs():
        for _ in range(3):
            pair.intake.put([], lines, NOW)
            assert peer_address(lines[0]) in pair.intake.bulk.unread_peers()
        assert pair.intake.holds
        assert not pair.intake.raw.held
        held, peers = "trapgate_spool_held_records", "trapgate_spool_diverted_peers"
        assert pair.measured(held, "raw-bulk") == len(pair.intake.bulk.held) > 0
        assert pair.measured(held, "raw") == 0
        assert pair.measured(peers, "raw-bulk") == 1
        while pair.lanes.turn():
            continue
        pair.intake.bulk.writer.trim(())
        assert not pair.intake.retry(NOW)
        assert pair.intake.bulk.backlog() == len(pair.intake.bulk.held)
        pair.size_max_bytes = pair.intake.size_max_bytes = 1 << 30
        assert pair.intake.retry(Now(0, NOW.elapsed_ns + HELD_RETRY_NS))
        while pair.lanes.turn():
            continue
    assert pair.measured(held, "raw-bulk") == 0
    pair.send(quiet=1)
    assert pair.measured(peers, "raw-bulk") == 0
    assert pair.got[FLOOD] == list(range(4_000)) * 3
    pair.close()


BURSTS = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from([(3, 0), (5_000, 0), (500, 16_000), (100, DATAGRAM_BYTES_MAX)]),
        st.integers(0, 2),
    ),
    max_size=5,
)
"""Bursts of a stream or of datagrams: of whom, how many, how large, and turns of ingest then."""


@settings(max_examples=25, deadline=None)
@given(earlier=BURSTS, bursts=BURSTS)
def test_what_is_held_gets_through_when_all_is_acknowledged(
    earlier: list[tuple[bool, str, tuple[int, int], int]],
    bursts: list[tuple[bool, str, tuple[int, int], int]],
) -> None:
    """Whatever has come, in the least room that there may be; also when a run before this one had
    more room and has left segments that are larger than all of it."""
    with TemporaryDirectory() as folder, capture_logs():
        pair = Pair(Path(folder), 32 * ROOM_BYTES_MIN)
        for _, peer, (count, size_bytes), _ in earlier:
            pair.intake.put(pair.make(peer, count, size_bytes), [], NOW)
        pair.size_max_bytes = ROOM_BYTES_MIN
        pair.start_receive()
        for paced, peer, (count, size_bytes), turns in bursts:
            if paced and not pair.intake.holds:
                pair.intake.put([], pair.make(f"stream-{peer}", count, size_bytes), NOW)
            else:
                pair.intake.put(pair.make(peer, count, size_bytes), [], NOW)
            for _ in range(turns):
                pair.lanes.turn()
        pair.settle()
        assert not pair.intake.holds
        pair.intake.put([], pair.make("stream-last", 500, 16_000), NOW)
        pair.settle()
        for peer, count in pair.sent.items():
            assert pair.got[peer] == sorted(set(pair.got[peer]))
            if peer.startswith("stream"):
                assert pair.got[peer] == list(range(1, count + 1))
        pair.close()


def test_what_is_held_goes_before_what_comes(tmp_path: Path) -> None:
    """At a reload and at the end streams give what they have, also while frames are held."""
    pair = Pair(tmp_path, 400_000)
    with capture_logs():
        pair.intake.put([], pair.make("lines", 40, 16_000), NOW)
        assert pair.intake.holds
        pair.settle()
        pair.intake.put([], pair.make("lines", 40, 16_000), NOW)
        assert pair.intake.holds
        while pair.lanes.turn():
            continue
        for _ in range(2):
            pair.writers[0].trim(("rules",))
        pair.intake.put([], pair.make("lines", 1), NOW)
        pair.settle()
    assert pair.got["lines"] == list(range(1, 82))
    pair.close()
