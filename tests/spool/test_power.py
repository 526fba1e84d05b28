"""Power cuts and kills at the worst moments: what was promised is there, and no sequence is ever
given to two records."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trapgate.model import NS_PER_S
from trapgate.spool import FRAME_RECORDS_MAX, SpoolReader, SpoolWriter
from trapgate.spool.cursor import cursor_path, cursor_sequence
from trapgate.spool.segment import (
    SEGMENT_HEADER_BYTES,
    encode_segment_header,
    segment_name,
    segment_sequences,
)
from trapgate.spool.synced import SYNCED_FILE
from trapgate.spool.writer import KEEP_S


class PowerCut(BaseException):
    """The machine is off before a sync returns."""


class Disk:
    """A folder on a machine that may lose its power: what was not synced is gone then. All the
    while a reader follows as fast as it can, and says where it is: an `eager` one finds no number
    to keep to, and sees batches that are not synced."""

    def __init__(self, folder: Path, *, eager: bool = True) -> None:
        self.folder = folder
        self.eager = eager
        self.synced: dict[Path, int] = {}
        self.names: set[str] = set()
        self.cursor: bytes | None = None
        self.mark = b""
        self.seen: dict[int, bytes] = {}
        self.promised: list[bytes] = []
        self.sequences: list[int] = []
        self.at_sync: Callable[[], None] = lambda: None
        self.count = 0
        self.clock = count(2**61, (KEEP_S + 1) * NS_PER_S)
        self.writer = self.open()

    def open(self) -> SpoolWriter:
        writer = SpoolWriter.open(
            self.folder,
            segment_bytes=300,
            sync=self.sync,
            fsync=self.fsync,
            clock=self.clock.__next__,
        )
        if self.eager:
            (self.folder / SYNCED_FILE).unlink(missing_ok=True)
        else:
            self.mark = (self.folder / SYNCED_FILE).read_bytes()
        return writer

    def sync(self, fd: int) -> None:
        self.read()
        self.at_sync()
        self.fsync(fd)

    def fsync(self, fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}").readlink()
        if path == self.folder:
            self.names = set(os.listdir(path))
        elif path == cursor_path(self.folder, "store"):
            self.cursor = path.read_bytes()
        else:
            self.synced[path] = os.fstat(fd).st_size

    def read(self) -> None:
        """What a reader sees now; a sequence that it has seen with another record is an error."""
        reader = SpoolReader.open(self.folder, "store")
        while more := reader.read(reader.acked()[0], 100):
            for sequence, payload in more:
                assert self.seen.setdefault(sequence, payload) == payload
            reader.ack(more[-1][0])
        reader.close()

    def batch(self, size: int) -> list[bytes]:
        """Payloads that never come again."""
        self.count += size
        return [b"%d" % number for number in range(self.count - size, self.count)]

    def append(self, size: int) -> None:
        batch = self.batch(size)
        last = self.writer.append(batch).sequence
        self.promised += batch
        self.sequences += range(last - size + 1, last + 1)

    def fail(self, size: int) -> None:
        """A batch whose sync the disk refuses."""
        with (
            self.syncing(OSError(errno.EIO, "the disk is gone")),
            pytest.raises(OSError, match="go"),
        ):
            self.writer.append(self.batch(size))

    def kill(self, size: int) -> None:
        """The process dies while a batch is synced; then it starts again, and finds it."""
        with self.syncing(PowerCut()), pytest.raises(PowerCut):
            self.writer.append(self.batch(size))
        self.start()

    def cut(self, size: int) -> None:
        """The power goes while a batch is synced; then the machine starts again."""
        with self.syncing(PowerCut()), pytest.raises(PowerCut):
            self.writer.append(self.batch(size))
        self.lose()
        self.start()

    def trim(self) -> None:
        """Delete what was read: all of it is old."""
        self.read()
        self.writer.trim(("store",))

    def lose(self) -> None:
        cursor = cursor_path(self.folder, "store")
        cursor.unlink(missing_ok=True)
        if self.cursor is not None and cursor.name in self.names:
            cursor.write_bytes(self.cursor)
        for path in self.folder.glob("*.seg"):
            os.truncate(path, self.synced.get(path, SEGMENT_HEADER_BYTES))
        if not self.eager:
            (self.folder / SYNCED_FILE).write_bytes(self.mark)
        # what is deleted was read, by the word of what is on disk
        unread = [sequence for sequence in self.sequences if sequence > cursor_sequence(cursor)]
        assert not unread or min(segment_sequences(self.folder)) <= unread[0]

    def start(self) -> None:
        """The process is killed, and starts again."""
        self.writer.close()
        self.writer = self.open()

    @contextmanager
    def syncing(self, error: BaseException) -> Iterator[None]:
        def refuse() -> None:
            raise error

        self.at_sync = refuse
        yield
        self.at_sync = lambda: None

    def owed(self) -> list[bytes]:
        """What was promised and is not deleted."""
        oldest = min(segment_sequences(self.folder), default=0)
        numbered = zip(self.sequences, self.promised, strict=True)
        return [payload for sequence, payload in numbered if sequence >= oldest]

    def kept(self) -> list[bytes]:
        reader = SpoolReader.open(self.folder, "another")
        found: list[tuple[int, bytes]] = []
        while more := reader.read(found[-1][0] if found else 0, 100):
            found += more
        reader.close()
        assert [sequence for sequence, _ in found] == sorted({sequence for sequence, _ in found})
        return [payload for _, payload in found]


def test_two_power_cuts_in_a_row_use_different_sequences(tmp_path: Path) -> None:
    """Both took a batch that the reader had seen."""
    disk = Disk(tmp_path)
    disk.append(3)
    for _ in range(3):
        disk.cut(2)
    disk.append(2)
    disk.read()
    assert len(disk.seen) == 3 + 3 * 2 + 2
    assert disk.kept() == disk.promised
    disk.writer.close()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["append", "fail", "cut", "kill", "start", "trim"]), st.integers(1, 5)
    ),
    max_size=15,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, eager=st.booleans())
def test_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], eager: bool
) -> None:
    disk = Disk(tmp_path_factory.mktemp("spool"), eager=eager)
    for step, size in steps:
        if step == "append":
            disk.append(size)
        elif step == "fail":
            disk.fail(size)
        elif step == "cut":
            disk.cut(size)
        elif step == "kill":
            disk.kill(size)
        elif step == "start":
            disk.start()
        else:
            disk.trim()
    disk.read()
    kept = disk.kept()
    assert [payload for payload in kept if payload in set(disk.promised)] == disk.owed()
    assert set(disk.promised) <= set(disk.seen.values())
    if not eager:  # nothing was seen that is not there
        oldest = min(segment_sequences(disk.folder), default=0)
        seen = [payload for sequence, payload in disk.seen.items() if sequence >= oldest]
        assert seen == kept
    disk.writer.close()


def test_no_power_cut_takes_what_was_read(tmp_path: Path) -> None:
    """Nor does a disk that refuses the sync: a batch is read when it is safe."""
    disk = Disk(tmp_path, eager=False)
    disk.append(3)
    disk.cut(2)
    disk.fail(2)
    disk.append(2)
    disk.kill(2)
    disk.cut(1)
    disk.append(1)
    disk.read()
    assert list(disk.seen.values()) == disk.kept()
    assert len(disk.seen) == 3 + 2 + 2 + 1
    disk.writer.close()


def test_nor_when_nothing_is_left_but_an_empty_segment(tmp_path: Path) -> None:
    """Which is named after the last record, and not after what is used."""
    disk = Disk(tmp_path)
    disk.append(3)
    disk.start()
    disk.trim()
    for _ in range(3):
        disk.cut(2)
        disk.trim()
    disk.append(2)
    disk.read()
    assert len(disk.seen) == 3 + 3 * 2 + 2
    disk.writer.close()


def test_a_batch_of_a_frames_size_is_no_exception(tmp_path: Path) -> None:
    """The jump is as far as the largest batch: the next one lies behind it."""
    disk = Disk(tmp_path)
    disk.append(1)
    for _ in range(2):
        disk.cut(FRAME_RECORDS_MAX)
    disk.append(1)
    disk.read()
    assert len(disk.seen) == 2 + 2 * FRAME_RECORDS_MAX
    disk.writer.close()


def test_a_cursor_ahead_of_everything_is_believed(tmp_path: Path) -> None:
    """Segments are gone (a file system was repaired) which a reader has read."""
    writer = SpoolWriter.open(tmp_path)
    writer.append([b"a"] * 9)
    reader = SpoolReader.open(tmp_path, "store")
    reader.ack(9)
    writer.close()
    (tmp_path / segment_name(1)).unlink()
    writer = SpoolWriter.open(tmp_path)
    last = writer.append([b"b"]).sequence
    assert last > 9
    assert reader.read(9, 10) == [(last, b"b")]
    assert writer.backlog("store") == 1
    reader.close()
    writer.close()


def test_killed_before_the_first_batch_of_a_segment(tmp_path: Path) -> None:
    """What is before it is acknowledged, and can be deleted although sequences have jumped."""
    writer = SpoolWriter.open(tmp_path)
    writer.append([b"a"])
    reader = SpoolReader.open(tmp_path, "store")
    reader.ack(1)
    writer.close()
    empty = 2 + FRAME_RECORDS_MAX
    (tmp_path / segment_name(empty)).write_bytes(encode_segment_header(b"mark", empty))
    writer = SpoolWriter.open(tmp_path, clock=lambda: 2**62)
    assert writer.last_sequence == 1
    assert writer.backlog("store") == 0
    writer.trim(("store",))
    assert segment_sequences(tmp_path) == [empty]
    last = writer.append([b"b"]).sequence
    assert last > empty
    assert reader.read(1, 10) == [(last, b"b")]
    reader.close()
    writer.close()


def test_killed_while_it_starts_a_segment(tmp_path: Path) -> None:
    """Half a header under another name, or a whole one with nothing behind it."""
    original = tmp_path / "original"
    writer = SpoolWriter.open(original)
    last = writer.append([b"a", b"b"]).sequence
    writer.close()
    header = encode_segment_header(b"mark", last + 1)
    for size in range(len(header) + 1):
        for suffix in (".new", ""):
            if size < len(header) and not suffix:
                continue  # it gets its name when its header is on disk
            folder = tmp_path / f"{size}{suffix}"
            shutil.copytree(original, folder)
            (folder / (segment_name(last + 1) + suffix)).write_bytes(header[:size])
            disk = Disk(folder)
            disk.append(2)
            assert disk.kept() == [b"a", b"b", *disk.promised]
            assert disk.writer.last_sequence > last + FRAME_RECORDS_MAX
            assert not list(folder.glob("*.new"))
            disk.writer.close()


def test_killed_while_it_deletes(tmp_path: Path) -> None:
    """Some of what was to go is gone, the oldest first."""
    original = tmp_path / "original"
    writer = SpoolWriter.open(original, segment_bytes=100)
    for index in range(5):
        last = writer.append([b"%d" % index * 60]).sequence
        os.utime(original / segment_name(last), (60 * index, 60 * index))
    writer.close()
    reader = SpoolReader.open(original, "store")
    reader.ack(4)
    reader.close()
    for gone in range(5):
        folder = tmp_path / str(gone)
        shutil.copytree(original, folder)
        for sequence in segment_sequences(folder)[:gone]:
            (folder / segment_name(sequence)).unlink()
        writer = SpoolWriter.open(folder, clock=lambda: 2**62)
        assert writer.last_sequence == last
        assert writer.backlog("store") == 1
        writer.trim(("store",))
        # to the fourth the reader may look back
        assert segment_sequences(folder) == [4, 5][gone == 4 :]
        writer.close()
