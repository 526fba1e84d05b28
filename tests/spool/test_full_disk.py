"""A small disk that is really full, or really read-only: a tmpfs of the test's own."""

import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from disks import filled, small_disk
from trapgate.model import NS_PER_S
from trapgate.spool import SnapshotFile, SpoolReader, SpoolWriter
from trapgate.spool.segment import segment_sequences
from trapgate.spool.writer import KEEP_S

DISK_BYTES = 512 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The disk's folder."""
    folder = tmp_path / "disk"
    with small_disk(folder, DISK_BYTES):
        yield folder


def remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", folder], check=True)


def payloads(folder: Path) -> list[bytes]:
    reader = SpoolReader.open(folder, "store")
    found: list[tuple[int, bytes]] = []
    while more := reader.read(found[-1][0] if found else 0, 100):
        found += more
    assert reader.damaged == 0
    reader.close()
    return [payload for _, payload in found]


def test_full_and_free_again(disk: Path) -> None:
    """What does not fit is refused whole, and the spool goes on as soon as there is room."""
    folder = disk / "raw"
    writer = SpoolWriter.open(
        folder, segment_bytes=50_000, clock=count(2**62, (KEEP_S + 1) * NS_PER_S).__next__
    )
    reader = SpoolReader.open(folder, "store")
    kept: list[bytes] = []

    def append_for_ever() -> None:
        while True:
            batch = [b"%d" % len(kept) + bytes(1_000)] * 5
            writer.append(batch)
            kept.extend(batch)

    with pytest.raises(OSError, match="No space left"):
        append_for_ever()
    assert payloads(folder) == kept
    reader.ack(writer.last_sequence, b"ledger")
    writer.trim(("store",))
    assert len(segment_sequences(folder)) == 1
    assert writer.append([b"next"]).sequence > len(kept)
    assert reader.read(len(kept), 10) == [(writer.last_sequence, b"next")]
    assert reader.acked()[1] == b"ledger"
    reader.close()
    writer.close()


def test_nothing_can_be_started_in_a_full_disk_and_nothing_breaks(disk: Path) -> None:
    """Neither a first segment nor the next one; a cursor moves on, because it has its room."""
    folder = disk / "raw"
    writer = SpoolWriter.open(folder, segment_bytes=3_000)
    reader = SpoolReader.open(folder, "store")
    with filled(disk):
        for _ in range(3):
            with pytest.raises(OSError, match="No space left"):
                writer.append([b"refused"])
    writer.append([bytes(2_900)])
    with filled(disk):
        for _ in range(3):
            with pytest.raises(OSError, match="No space left"):
                writer.append([b"refused" * 100])
        for sequence in range(3):
            reader.ack(sequence, b"%d" % sequence * 4_000)
        writer.close()
        writer = SpoolWriter.open(folder)  # it starts again while the disk is full
        with pytest.raises(OSError, match="No space left"):
            writer.append([b"refused"])
        assert payloads(folder) == [bytes(2_900)]
    writer.append([b"taken"])
    assert payloads(folder) == [bytes(2_900), b"taken"]
    reader.close()
    writer.close()


def test_a_snapshot_that_does_not_fit_leaves_the_one_before(disk: Path) -> None:
    snapshot = SnapshotFile(disk / "memory" / "store.snapshot")
    snapshot.save({"raw": 1}, b"before")
    with filled(disk), pytest.raises(OSError, match="No space left"):
        snapshot.save({"raw": 2}, bytes(100_000))
    assert snapshot.load() == ({"raw": 1}, b"before")
    assert [path.name for path in (disk / "memory").iterdir()] == ["store.snapshot"]


def test_read_only(disk: Path) -> None:
    """A file system that found an error in itself is remounted so: what is there can be read, what
    comes is refused, and a writer that starts again is no exception."""
    folder = disk / "raw"
    writer = SpoolWriter.open(folder)
    writer.append([b"before"])
    writer.close()
    remount(disk, "ro")
    writer = SpoolWriter.open(folder)
    for _ in range(2):
        with pytest.raises(OSError, match="Read-only"):
            writer.append([b"refused"])
    writer.trim(("store",))
    remount(disk, "rw")
    writer.append([b"after"])
    assert payloads(folder) == [b"before", b"after"]
    writer.close()
