"""The writer: whole batches, bounds, deletion, failing disks, kill -9."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate.model import NS_PER_S
from trapgate.spool import FRAME_RECORDS_MAX, SpoolFull, SpoolReader, SpoolUnusable, SpoolWriter
from trapgate.spool.held import LOOK_BACK_S
from trapgate.spool.segment import SEGMENT_HEADER_BYTES, segment_name, segment_sequences
from trapgate.spool.synced import SYNCED_FILE
from trapgate.spool.writer import KEEP_S, SEGMENT_S

Batches = list[list[bytes]]

BATCHES = st.lists(st.lists(st.binary(max_size=20), min_size=1, max_size=4), min_size=1, max_size=3)


class Clock:
    """Wall time of the test, ahead of the files' times by what the test says."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> int:
        newest = max((path.stat().st_mtime_ns for path in self.files()), default=0)
        return newest + int(self.ahead_s * NS_PER_S)

    def files(self) -> list[Path]:
        return list(self.folder.glob("*.seg"))

    folder: Path


def everything(folder: Path, name: str = "test") -> list[tuple[int, bytes]]:
    reader = SpoolReader.open(folder, name)
    records: list[tuple[int, bytes]] = []
    while more := reader.read(records[-1][0] if records else 0, 100):
        records += more
    reader.close()
    return records


@contextmanager
def files_end_at(size_bytes: int) -> Iterator[None]:
    """A disk that takes a part of a write and refuses the rest: the limit on file sizes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_positions_count_from_one(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path / "raw", entropy=lambda count: b"\x01" * count)
    assert writer.stream == "01" * 8
    assert writer.append([]).sequence == 0
    assert writer.append([b"a", b"b"]).sequence == 2
    position = writer.append([b"c"])
    assert (position.stream, position.sequence) == (writer.stream, 3)
    assert everything(tmp_path / "raw") == [(1, b"a"), (2, b"b"), (3, b"c")]
    writer.close()
    writer.close()


def test_files_are_private(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path / "raw")
    writer.append([b"community public"])
    assert (tmp_path / "raw").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "raw").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
    writer.close()


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path)
    with pytest.raises(SpoolUnusable, match="another process appends to it"):
        SpoolWriter.open(tmp_path)
    writer.close()
    SpoolWriter.open(tmp_path).close()


def test_the_stream_keeps_its_name_and_never_repeats_a_sequence(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path)
    stream = writer.stream
    writer.append([b"a"])
    writer.close()
    again = SpoolWriter.open(tmp_path)
    assert again.stream == stream
    assert again.last_sequence == 1
    assert again.append([b"b"]).sequence == 2 + FRAME_RECORDS_MAX
    again.close()
    assert everything(tmp_path) == [(1, b"a"), (2 + FRAME_RECORDS_MAX, b"b")]


def test_segments_follow_each_other(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path, segment_bytes=200)
    for index in range(20):
        writer.append([b"%02d" % index * 20])
    assert len(segment_sequences(tmp_path)) == 10
    assert [payload[:2] for _, payload in everything(tmp_path)] == [b"%02d" % i for i in range(20)]
    assert writer.size_bytes == sum(path.stat().st_size for path in tmp_path.glob("*.seg"))
    size_bytes = writer.size_bytes
    writer.close()
    again = SpoolWriter.open(tmp_path, segment_bytes=200)
    assert again.size_bytes == size_bytes
    again.close()


@settings(max_examples=10, deadline=None)
@given(batches=BATCHES)
def test_a_tail_cut_at_every_byte(
    tmp_path_factory: pytest.TempPathFactory, batches: Batches
) -> None:
    """What is whole stays, what is not is gone, and the next batch comes behind."""
    folder = tmp_path_factory.mktemp("spool")
    writer = SpoolWriter.open(folder)
    ends = [SEGMENT_HEADER_BYTES]
    for batch in batches:
        writer.append(batch)
        ends.append(writer.size_bytes)
    writer.close()
    path = folder / segment_name(1)
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        count = sum(end <= cut for end in ends[1:])
        kept = [payload for batch in batches[:count] for payload in batch]
        assert [payload for _, payload in everything(folder)] == kept
        writer = SpoolWriter.open(folder)
        assert path.stat().st_size == ends[count] or cut < ends[0]
        sequence = writer.append([b"next"]).sequence
        assert sequence > FRAME_RECORDS_MAX
        writer.close()
        assert [payload for _, payload in everything(folder)] == [*kept, b"next"]
        (folder / segment_name(sequence)).unlink()


@settings(max_examples=5, deadline=None)
@given(batches=BATCHES)
def test_any_bit_of_the_tail_flipped(
    tmp_path_factory: pytest.TempPathFactory, batches: Batches
) -> None:
    """The last batch is not believed; what comes next is read all the same, with new sequences."""
    folder = tmp_path_factory.mktemp("spool")
    writer = SpoolWriter.open(folder)
    writer.append([b"first"])
    kept = [b"first"]
    for batch in batches[:-1]:
        writer.append(batch)
        kept += batch
    start = writer.size_bytes
    last_sequence = writer.append(batches[-1]).sequence
    writer.close()
    path = folder / segment_name(1)
    whole = path.read_bytes()
    for at in range(start, len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        assert [payload for _, payload in everything(folder)] == kept
        writer = SpoolWriter.open(folder)
        sequence = writer.append([b"next"]).sequence
        assert sequence > last_sequence
        writer.close()
        assert [payload for _, payload in everything(folder)] == [*kept, b"next"]
        (folder / segment_name(sequence)).unlink()


def test_torn_tails_of_several_segments(tmp_path: Path) -> None:
    """Each costs its own batch; the newest is cut, in the others a reader counts it."""
    writer = SpoolWriter.open(tmp_path, segment_bytes=130)
    for index in range(4):
        writer.append([b"%d" % index, bytes(30)])
        writer.append([b"%d+" % index])
    writer.close()
    for sequence in segment_sequences(tmp_path):
        with (tmp_path / segment_name(sequence)).open("r+b") as file:
            file.truncate(file.seek(0, os.SEEK_END) - 1)
    writer = SpoolWriter.open(tmp_path)
    writer.append([b"next"])
    reader = SpoolReader.open(tmp_path, "test")
    found: list[tuple[int, bytes]] = []
    while more := reader.read(found[-1][0] if found else 0, 1):
        found += more
    payloads = [payload for _, payload in found if len(payload) < 30]
    assert payloads == [b"0", b"1", b"2", b"3", b"next"]
    assert reader.damaged == 3
    reader.close()
    writer.close()


def test_damage_in_the_middle_costs_one_batch(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path)
    ends = [writer.size_bytes]
    for batch in ([b"a", b"b"], [b"c"], [b"d", b"e"]):
        writer.append(batch)
        ends.append(writer.size_bytes)
    writer.close()
    path = tmp_path / segment_name(1)
    whole = path.read_bytes()
    for index in range(ends[1], ends[2]):
        damaged = bytearray(whole)
        damaged[index] ^= 0xFF
        path.write_bytes(damaged)
        SpoolWriter.open(tmp_path).close()  # must not take damage for the end
        assert path.stat().st_size == len(whole)
        assert everything(tmp_path) == [(1, b"a"), (2, b"b"), (4, b"d"), (5, b"e")], index


def test_full_keeps_nothing_of_the_batch(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path, size_max_bytes=4_000)
    while writer.size_bytes < 3_500:
        writer.append([bytes(100)])
    before = (writer.size_bytes, writer.last_sequence)
    with pytest.raises(SpoolFull) as full:
        writer.append([b"small", bytes(1_000)])
    assert full.value.size_max_bytes == 4_000
    assert full.value.size_bytes == before[0]
    assert (writer.size_bytes, writer.last_sequence) == before
    assert writer.append([b"small"]).sequence == before[1] + 1
    assert len(everything(tmp_path)) == before[1] + 1
    writer.close()


def test_a_spool_that_was_full_takes_again_when_all_is_acknowledged(tmp_path: Path) -> None:
    """The segment that is never deleted is a small part of the room, however small that is."""
    clock = Clock()
    clock.folder = tmp_path
    writer = SpoolWriter.open(tmp_path, size_max_bytes=4_000, clock=clock)
    reader = SpoolReader.open(tmp_path, "store")
    while writer.size_bytes < 3_500:
        writer.append([bytes(100)])
    with pytest.raises(SpoolFull):
        writer.append([bytes(2_000)])
    reader.ack(writer.last_sequence)
    clock.ahead_s = KEEP_S + 1
    writer.trim(("store",))
    assert writer.size_bytes < 1_000
    writer.append([bytes(2_000)])
    reader.close()
    writer.close()


def test_a_write_that_the_disk_refuses_keeps_nothing(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path)
    writer.append([b"a"])
    size_bytes = writer.size_bytes
    with files_end_at(size_bytes + 50), pytest.raises(OSError, match="File too large"):
        writer.append([b"lost" * 100])
    assert (tmp_path / segment_name(1)).stat().st_size == writer.size_bytes == size_bytes
    assert writer.append([b"b"]).sequence == 2
    assert everything(tmp_path) == [(1, b"a"), (2, b"b")]
    writer.close()


def test_a_segment_that_cannot_be_started_keeps_nothing(tmp_path: Path) -> None:
    writer = SpoolWriter.open(tmp_path, segment_bytes=100)
    writer.append([bytes(100)])
    with files_end_at(10), pytest.raises(OSError, match="File too large"):
        writer.append([b"lost"])
    assert segment_sequences(tmp_path) == [1]
    writer.append([b"kept"])
    assert [payload for _, payload in everything(tmp_path)] == [bytes(100), b"kept"]
    writer.close()


def test_a_failed_sync_spends_its_sequences(tmp_path: Path) -> None:
    """A reader without a number to keep to may have seen the batch, and stands behind it: what
    comes next must neither have its sequences nor its place."""
    reader = SpoolReader.open(tmp_path, "store")
    seen: list[tuple[int, bytes]] = []
    failures = [False, True, True, False]

    def sync(fd: int) -> None:
        if failures.pop(0):
            seen.extend(reader.read(1, 100))
            raise OSError(errno.EIO, "the disk is gone")
        os.fdatasync(fd)

    writer = SpoolWriter.open(tmp_path, sync=sync)
    (tmp_path / SYNCED_FILE).unlink()
    writer.append([b"a"])
    for _ in range(2):
        with pytest.raises(OSError, match="the disk is gone"):
            writer.append([b"lost", b"too"])
    assert seen[:2] == [(2, b"lost"), (3, b"too")]
    assert writer.last_sequence == 1
    assert writer.append([b"b"]).sequence == 6
    assert reader.read(3, 100) == [(6, b"b")]
    assert everything(tmp_path) == [(1, b"a"), (6, b"b")]
    assert reader.damaged == 0
    reader.close()
    writer.close()


class TestTrim:
    """Deletion needs every reader's word, and time."""

    def open(self, folder: Path, every_s: float = 0) -> tuple[SpoolWriter, Clock]:
        """Four segments of a record each, written one in so many seconds; all are old by now."""
        clock = Clock()
        clock.folder = folder
        writer = SpoolWriter.open(folder, segment_bytes=100, clock=clock)
        for number in range(4):
            clock.ahead_s = number * every_s
            writer.append([bytes(100)])
        assert segment_sequences(folder) == [1, 2, 3, 4]
        clock.ahead_s += KEEP_S + 1
        return writer, clock

    def test_the_slowest_reader_decides(self, tmp_path: Path) -> None:
        writer, _ = self.open(tmp_path, every_s=LOOK_BACK_S + 1)
        fast, slow = (SpoolReader.open(tmp_path, name) for name in ("fast", "slow"))
        fast.ack(4)
        writer.trim(("fast", "slow"))
        assert segment_sequences(tmp_path) == [1, 2, 3, 4]
        slow.ack(2)
        writer.trim(("fast", "slow"))
        assert segment_sequences(tmp_path) == [2, 3, 4]
        assert (writer.backlog("fast"), writer.backlog("slow")) == (0, 2)
        assert slow.read(2, 100)[0][0] == 3
        fast.close()
        slow.close()
        writer.close()

    def test_cursors_and_their_names_are_on_disk_before(self, tmp_path: Path) -> None:
        """What is deleted on the word of a cursor that a power cut takes is lost."""
        done: list[tuple[str, list[int]]] = []

        def fsync(fd: int) -> None:
            path = Path(f"/proc/self/fd/{fd}").readlink()
            done.append((path.name, segment_sequences(tmp_path)))

        moment = [10**18]
        writer = SpoolWriter.open(tmp_path, segment_bytes=100, clock=lambda: moment[0], fsync=fsync)
        readers = [SpoolReader.open(tmp_path, name) for name in ("store", "rules")]
        for _ in range(3):
            writer.append([bytes(100)])
        moment[0] += (KEEP_S + 1) * NS_PER_S
        for reader in readers:
            reader.ack(3)
        done.clear()
        writer.trim(("store", "rules"))
        assert segment_sequences(tmp_path) == [3]
        before = [1, 2, 3]
        assert done == [
            ("store.cursor", before),
            ("rules.cursor", before),
            (tmp_path.name, before),
        ]
        done.clear()
        writer.trim(("store", "rules"))
        assert done == []  # nothing to delete
        for reader in readers:
            reader.close()
        writer.close()

    @pytest.mark.parametrize("refused", ["store.cursor", ""])
    def test_where_they_cannot_be_nothing_is_deleted(self, tmp_path: Path, refused: str) -> None:
        writer, _ = self.open(tmp_path)
        writer.close()
        name = refused or tmp_path.name

        def fsync(fd: int) -> None:
            if Path(f"/proc/self/fd/{fd}").readlink().name == name:
                raise OSError(errno.EIO, "the disk is gone")

        writer = SpoolWriter.open(tmp_path, clock=lambda: 2**62, fsync=fsync)
        reader = SpoolReader.open(tmp_path, "store")
        reader.ack(4)
        for _ in range(2):
            with pytest.raises(OSError, match="the disk is gone"):
                writer.trim(("store",))
            assert segment_sequences(tmp_path) == [1, 2, 3, 4]
        reader.close()
        writer.close()

    @pytest.mark.parametrize("opened_again", [False, True])
    def test_what_a_late_reader_looks_back_to_stays(
        self, tmp_path: Path, opened_again: bool
    ) -> None:
        """However long ago it came: by the reader's time it is seconds."""
        every_s = LOOK_BACK_S / 2 - 1
        writer, clock = self.open(tmp_path, every_s)
        if opened_again:  # the files say when they were written
            writer.close()
            for number, path in enumerate(sorted(clock.files())):
                os.utime(path, (number * every_s, number * every_s))
            writer = SpoolWriter.open(tmp_path, clock=clock)
        reader = SpoolReader.open(tmp_path, "store")
        clock.ahead_s = 86_400
        reader.ack(3)
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [1, 2, 3, 4]
        reader.ack(4)
        writer.trim(("store",))
        assert segment_sequences(tmp_path)[0] == 4
        reader.close()
        writer.close()

    def test_a_segment_is_as_old_as_its_last_batch(self, tmp_path: Path) -> None:
        moment = [10**18]
        writer = SpoolWriter.open(tmp_path, segment_bytes=200, clock=lambda: moment[0])
        for _ in range(3):  # the third makes a segment of its own
            moment[0] += KEEP_S * NS_PER_S
            writer.append([bytes(60)])
        assert segment_sequences(tmp_path) == [1, 3]
        reader = SpoolReader.open(tmp_path, "store")
        reader.ack(3)
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [1, 3]
        moment[0] += NS_PER_S
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [3]
        reader.close()
        writer.close()

    def test_a_torn_tail_does_not_make_a_segment_younger(self, tmp_path: Path) -> None:
        """What is cut at a start is cut then, but what is before it came long ago."""
        writer, clock = self.open(tmp_path)
        writer.close()
        for path in clock.files():
            with path.open("ab") as file:
                file.write(b"torn")
            os.utime(path, (0, 0))
        clock.ahead_s = 0
        writer = SpoolWriter.open(tmp_path, clock=clock)
        assert clock() > KEEP_S * NS_PER_S
        reader = SpoolReader.open(tmp_path, "store")
        reader.ack(4)
        writer.append([b"next"])
        reader.ack(writer.last_sequence)
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [writer.last_sequence]
        reader.close()
        writer.close()

    def test_without_readers_all_stays(self, tmp_path: Path) -> None:
        writer, _ = self.open(tmp_path)
        writer.trim(())
        writer.trim(("never-came",))
        assert segment_sequences(tmp_path) == [1, 2, 3, 4]
        writer.close()

    def test_what_is_young_stays(self, tmp_path: Path) -> None:
        writer, clock = self.open(tmp_path)
        reader = SpoolReader.open(tmp_path, "store")
        reader.ack(4)
        clock.ahead_s = KEEP_S - 1
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [1, 2, 3, 4]
        clock.ahead_s = KEEP_S + 1
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [4]  # the one that is written to
        reader.close()
        writer.close()

    def test_when_half_full_young_is_younger(self, tmp_path: Path) -> None:
        clock = Clock()
        clock.folder = tmp_path
        writer = SpoolWriter.open(tmp_path, size_max_bytes=4_000, clock=clock)
        while writer.size_bytes < 3_000:
            writer.append([bytes(100)])
        reader = SpoolReader.open(tmp_path, "store")
        reader.ack(writer.last_sequence)
        clock.ahead_s = LOOK_BACK_S + 1
        writer.trim(("store",))
        assert 0 < writer.size_bytes <= 2_000
        reader.close()
        writer.close()

    def test_on_a_quiet_network_what_was_read_goes_all_the_same(self, tmp_path: Path) -> None:
        """Its segment would take weeks to fill."""
        moment = [10**18]
        writer = SpoolWriter.open(tmp_path, clock=lambda: moment[0])
        writer.append([b"community public"])
        reader = SpoolReader.open(tmp_path, "store")
        moment[0] += (SEGMENT_S + 1) * NS_PER_S
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [1]  # it is not read yet
        reader.ack(1)
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [1, 2]
        for _ in range(3):
            writer.trim(("store",))
            assert segment_sequences(tmp_path) == [2]
        assert writer.append([b"next"]).sequence == 2
        reader.close()
        writer.close()

    def full(self, folder: Path) -> tuple[SpoolWriter, SpoolReader]:
        """One that is full of a single segment, which is acknowledged and old enough to go."""
        clock = Clock()
        clock.folder = folder
        writer = SpoolWriter.open(folder, size_max_bytes=4_000, clock=clock)
        writer.append([bytes(3_800)])
        clock.ahead_s = KEEP_S + 1
        with pytest.raises(SpoolFull):
            writer.append([bytes(200)])
        reader = SpoolReader.open(folder, "store")
        assert len(reader.read(0, 100)) == 1
        return writer, reader

    def test_the_newest_segment_goes_when_there_is_no_room_beside_it(self, tmp_path: Path) -> None:
        writer, reader = self.full(tmp_path)
        for _ in range(3):
            writer.trim(("store",))
        assert segment_sequences(tmp_path) == [1]  # its record is not acknowledged
        reader.ack(1)
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [1, 2]
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [2]
        assert writer.append([bytes(3_000)]).sequence == 2
        assert reader.read(1, 100) == [(2, bytes(3_000))]
        assert reader.damaged == 0
        reader.close()
        writer.close()

    def test_so_it_does_after_a_new_start(self, tmp_path: Path) -> None:
        """Sequences jump then, and yet what is acknowledged is known to be so."""
        writer, reader = self.full(tmp_path)
        writer.close()
        clock = Clock()
        clock.folder = tmp_path
        reader.ack(1)
        for _ in range(2):  # opened once more, with nothing written between
            writer = SpoolWriter.open(tmp_path, size_max_bytes=4_000, clock=clock)
            writer.trim(("store",))
            assert segment_sequences(tmp_path) == [1, 2]
            assert writer.backlog("store") == 0
            writer.close()
        clock.ahead_s = KEEP_S + 1
        writer = SpoolWriter.open(tmp_path, size_max_bytes=4_000, clock=clock)
        writer.trim(("store",))
        assert segment_sequences(tmp_path) == [2]
        assert writer.append([bytes(3_000)]).sequence == 2 + FRAME_RECORDS_MAX
        assert reader.read(1, 100) == [(2 + FRAME_RECORDS_MAX, bytes(3_000))]
        reader.close()
        writer.close()

    def test_a_segment_that_cannot_be_started_is_tried_under_another_name(
        self, tmp_path: Path
    ) -> None:
        writer, reader = self.full(tmp_path)
        reader.ack(1)
        with files_end_at(10), pytest.raises(OSError, match="File too large"):
            writer.trim(("store",))
        assert segment_sequences(tmp_path) == [1]
        for _ in range(2):
            writer.trim(("store",))
        assert segment_sequences(tmp_path) == [3]
        assert writer.append([b"next"]).sequence == 3
        reader.close()
        writer.close()

    def test_with_room_enough_the_newest_segment_stays(self, tmp_path: Path) -> None:
        writer, _ = self.open(tmp_path)
        reader = SpoolReader.open(tmp_path, "store")
        reader.ack(4)
        for _ in range(3):
            writer.trim(("store",))
        assert segment_sequences(tmp_path) == [4]
        reader.close()
        writer.close()


APPENDER = """
import sys
from pathlib import Path
from trapgate.spool import SpoolWriter
writer = SpoolWriter.open(Path(sys.argv[1]), segment_bytes=20_000)
for batch in range(1_000_000):
    payloads = [b"%d.%d." % (batch, index) + bytes(50) for index in range(20)]
    print(writer.append(payloads).sequence, flush=True)
"""


def test_kill_nine(tmp_path: Path) -> None:
    """What `append` said is there, whole batches only, and no sequence comes twice."""
    acknowledged = 0
    for kill_after in (3, 40, 17):
        child = subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for _ in range(kill_after):
            sequence = int(child.stdout.readline())
            assert sequence > acknowledged
            acknowledged = sequence
        child.send_signal(signal.SIGKILL)
        child.stdout.close()
        child.wait()
        records = everything(tmp_path)
        assert records[-1][0] >= acknowledged
        acknowledged = records[-1][0]
    sequences = [sequence for sequence, _ in records]
    assert sequences == sorted(set(sequences))
    assert len(records) % 20 == 0
    assert len(records) >= 20 * (3 + 40 + 17)


def test_a_backlog_is_exact_over_a_new_start(tmp_path: Path) -> None:
    """Sequences jump then; what nobody has used is no backlog."""
    reader = SpoolReader.open(tmp_path, "test")
    writer = SpoolWriter.open(tmp_path)
    writer.append([b"a", b"b", b"c"])
    reader.ack(2)
    writer.close()
    writer = SpoolWriter.open(tmp_path)
    assert writer.backlog("test") == 1
    writer.append([b"d", b"e"])
    assert writer.backlog("test") == 3
    reader.ack(3)
    assert writer.backlog("test") == 2
    reader.ack(writer.last_sequence - 1)
    assert writer.backlog("test") == 1
    reader.ack(writer.last_sequence)
    assert writer.backlog("test") == 0
    writer.close()
    reader.close()
