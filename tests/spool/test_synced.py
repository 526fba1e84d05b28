"""What readers are shown: what is on disk, at once, and nothing before."""

import errno
import fcntl
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trapgate.spool import FRAME_RECORDS_MAX, SpoolReader, SpoolWriter
from trapgate.spool.segment import EVERYTHING, segment_name, segment_sequences
from trapgate.spool.stream import STREAM_FILE
from trapgate.spool.synced import (
    READS_MAX,
    SYNCED_FILE,
    SyncedMark,
    SyncedView,
    synced_sequence,
)

Records = list[tuple[int, bytes]]


class Killed(BaseException):
    """The process is gone before a sync returns."""


def the_disk_is_gone() -> None:
    raise OSError(errno.EIO, "the disk is gone")


def the_process_is_killed() -> None:
    raise Killed


class Site:
    """A spool whose syncs do what a test says, with a reader that was there before the writer and
    looks all the time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reader = SpoolReader.open(folder, "store")
        self.at_sync: Callable[[], None] = lambda: None
        self.at_fsync: Callable[[], None] = lambda: None
        self.writer = self.open()

    def open(self, segment_bytes: int = 1_000_000) -> SpoolWriter:
        return SpoolWriter.open(
            self.folder,
            segment_bytes=segment_bytes,
            sync=lambda _: self.at_sync(),
            fsync=lambda _: self.at_fsync(),
        )

    def seen(self, after: int = 0) -> Records:
        """What the reader sees, and what one sees that has just been started."""
        another = SpoolReader.open(self.folder, "another")
        seen = list(self.reader.read(after, 1_000_000))
        assert seen == list(another.read(after, 1_000_000))
        another.close()
        return seen

    def end_in_a_sync(self, batch: list[bytes], at_sync: Callable[[], None]) -> None:
        """A batch that is written, and does not come to be synced."""
        self.at_sync = at_sync
        with pytest.raises((OSError, Killed)):
            self.writer.append(batch)
        self.at_sync = lambda: None

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "raw")


def test_a_batch_is_shown_when_it_is_on_disk(site: Site) -> None:
    site.writer.append([b"a"])
    seen: list[Records] = []
    site.at_sync = lambda: seen.append(site.seen())
    site.writer.append([b"b", b"c"])
    assert seen == [[(1, b"a")]]
    assert site.seen() == [(1, b"a"), (2, b"b"), (3, b"c")]
    assert site.reader.damaged == 0
    site.close()


def test_also_in_another_process(site: Site) -> None:
    """At once: it looks when it is asked to."""
    script = """
import sys
from pathlib import Path
from trapgate.spool import SpoolReader
reader = SpoolReader.open(Path(sys.argv[1]), "child")
for line in sys.stdin:
    print(len(reader.read(0, 100)), flush=True)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(site.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def asked() -> int:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("\n")
        child.stdin.flush()
        return int(child.stdout.readline())

    counts = [asked()]
    site.at_sync = lambda: counts.append(asked())
    for _ in range(3):
        site.writer.append([b"a"])
        counts.append(asked())
    assert counts == [0, 0, 1, 1, 2, 2, 3]
    child.communicate()
    site.close()


def test_one_that_is_taken_back_is_never_shown(site: Site) -> None:
    """Although the reader has its bytes in memory, from when it looked at those before it."""
    for number in range(3):
        site.writer.append([b"%d" % number])
    first: list[Records] = []

    def look_and_fail() -> None:
        first.append(list(site.reader.read(0, 1)))
        the_disk_is_gone()

    site.end_in_a_sync([b"lost"], look_and_fail)
    assert synced_sequence(site.folder) == 3
    last = site.writer.append([b"next"]).sequence
    assert first == [[(1, b"0")]]
    found: Records = first[0]
    while more := site.reader.read(found[-1][0], 1):
        found += more
    assert found == [(1, b"0"), (2, b"1"), (3, b"2"), (last, b"next")]
    assert site.reader.damaged == 0
    site.close()


def test_nor_where_the_disk_refuses_to_take_it_back(site: Site) -> None:
    """A file that cannot be cut stands for that disk: a sealed one in memory."""
    site.writer.append([b"a"])
    path = site.folder / segment_name(1)

    def fail_for_good() -> None:
        sealed = os.memfd_create("segment", os.MFD_ALLOW_SEALING)
        os.write(sealed, path.read_bytes())
        fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        os.dup2(sealed, descriptor_of(path))
        path.unlink()
        path.symlink_to(f"/proc/self/fd/{sealed}")
        the_disk_is_gone()

    site.end_in_a_sync([b"refused"], fail_for_good)
    last = site.writer.append([b"next"]).sequence
    assert site.seen() == [(1, b"a"), (last, b"next")]
    site.close()


def descriptor_of(path: Path) -> int:
    """The descriptor by which this process writes to a file."""
    for entry in Path("/proc/self/fd").iterdir():
        flags = (Path("/proc/self/fdinfo") / entry.name).read_text().split()[3]
        if entry.resolve() == path and int(flags, 8) & os.O_ACCMODE == os.O_WRONLY:
            return int(entry.name)
    raise LookupError(path)


def test_what_a_kill_has_left_is_shown_when_it_is_brought_to_disk(site: Site) -> None:
    site.writer.append([b"a"])
    site.end_in_a_sync([b"written"], the_process_is_killed)
    assert site.seen() == [(1, b"a")]
    seen: list[Records] = []
    site.at_fsync = lambda: seen.append(site.seen())
    site.writer.close()
    site.writer = site.open()
    assert seen == [[(1, b"a")]]
    assert site.seen() == [(1, b"a"), (2, b"written")]
    site.close()


def test_where_that_is_refused_it_waits_for_a_disk_that_syncs(site: Site) -> None:
    site.writer.append([b"a"])
    site.end_in_a_sync([b"written"], the_process_is_killed)
    site.writer.close()
    site.at_fsync = the_disk_is_gone
    site.writer = site.open()
    assert site.seen() == [(1, b"a")]
    site.at_fsync = lambda: None
    last = site.writer.append([b"b"]).sequence
    assert site.seen() == [(1, b"a"), (2, b"written"), (last, b"b")]
    site.close()


def test_a_spool_of_an_older_version_has_no_limit_until_a_writer_opens_it(site: Site) -> None:
    site.writer.append([b"a"])
    site.end_in_a_sync([b"b"], the_process_is_killed)
    (site.folder / SYNCED_FILE).unlink()
    assert [payload for _, payload in site.seen()] == [b"a", b"b"]
    site.writer.close()
    site.writer = site.open()
    site.end_in_a_sync([b"c"], the_process_is_killed)
    assert site.seen(2) == []
    site.close()


def test_a_number_that_is_too_low_hides_and_skips_nothing(site: Site) -> None:
    """After a power cut: what it hides is in several segments."""
    site.writer.close()
    site.writer = site.open(segment_bytes=100)
    site.writer.append([b"0" * 60])
    before = (site.folder / SYNCED_FILE).read_bytes()
    for number in range(1, 4):
        site.writer.append([b"%d" % number * 60])
    site.writer.close()
    assert len(segment_sequences(site.folder)) == 4
    (site.folder / SYNCED_FILE).write_bytes(before)
    assert [payload[:1] for _, payload in site.seen()] == [b"0"]
    assert site.seen(1) == []
    site.writer = site.open()
    assert [payload[:1] for _, payload in site.seen(1)] == [b"1", b"2", b"3"]
    assert site.reader.damaged == 0
    site.close()


def test_the_sequences_below_one_that_is_too_high_are_not_given_again(site: Site) -> None:
    """A repair of the file system has taken what was on disk."""
    for number in range(3):
        site.writer.append([b"%d" % number])
    SyncedMark(site.folder, site.writer.stream).reach(1_000)
    site.writer.close()
    site.writer = site.open()
    assert synced_sequence(site.folder) == 3
    site.end_in_a_sync([b"lost"], the_disk_is_gone)
    assert site.seen(3) == []
    assert site.writer.append([b"next"]).sequence > 1_001 + FRAME_RECORDS_MAX
    assert len(site.seen(3)) == 1
    site.close()


def test_a_stream_that_is_begun_anew_has_a_number_of_its_own(site: Site) -> None:
    """Somebody has deleted all but the small file, which says 2."""
    site.writer.append([b"a", b"b"])
    site.close()
    for path in [site.folder / STREAM_FILE, *site.folder.glob("*.seg")]:
        path.unlink()
    assert synced_sequence(site.folder) is None
    (site.folder / STREAM_FILE).write_text("01" * 8)
    assert synced_sequence(site.folder) is None
    site = Site(site.folder)
    assert site.writer.stream == "01" * 8
    site.end_in_a_sync([b"c"], the_process_is_killed)
    assert site.seen() == []
    site.close()


@pytest.mark.parametrize("damaged", [b"", b"short", bytes(16), b"\xff" * 16])
def test_a_damaged_number_is_none(site: Site, damaged: bytes) -> None:
    site.writer.append([b"a"])
    view = SyncedView(site.folder)
    (site.folder / SYNCED_FILE).write_bytes(damaged)
    assert view.sequence() == EVERYTHING
    assert site.seen() == [(1, b"a")]
    site.writer.append([b"b"])
    assert view.sequence() == 2
    (site.folder / SYNCED_FILE).write_bytes(damaged)
    assert view.sequence() == 2
    view.close()
    view.close()
    site.close()


def test_every_byte_of_the_number_counts(site: Site) -> None:
    """One that was read while it was written is none."""
    site.writer.append([b"a"])
    path = site.folder / SYNCED_FILE
    whole = path.read_bytes()
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        assert synced_sequence(site.folder) is None, at
    path.write_bytes(whole)
    assert synced_sequence(site.folder) == 1
    assert READS_MAX > 1
    site.close()


def test_a_number_that_cannot_be_said_is_owed(site: Site) -> None:
    """What is on disk is shown later, and for so long nothing more is taken."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    site.writer.append([b"a"])
    site.at_sync = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        assert site.writer.append([b"b"]).sequence == 2
        site.writer.trim(("store",))
        with pytest.raises(OSError, match="File too large"):
            site.writer.append([b"refused"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert site.seen() == [(1, b"a")]
    site.writer.trim(("store",))
    assert site.seen() == [(1, b"a"), (2, b"b")]
    site.at_sync = lambda: None
    assert site.writer.append([b"c"]).sequence == 3
    assert len(site.seen()) == 3
    site.close()


def test_without_a_number_nothing_is_taken(tmp_path: Path) -> None:
    """Nobody could be shown it in time; the spool opens all the same, and goes on by itself."""
    (tmp_path / SYNCED_FILE).mkdir()
    writer = SpoolWriter.open(tmp_path)
    for _ in range(2):
        with pytest.raises(OSError, match="directory"):
            writer.append([b"refused"])
    writer.trim(("store",))
    (tmp_path / SYNCED_FILE).rmdir()
    assert writer.append([b"a"]).sequence == 1
    assert synced_sequence(tmp_path) == 1
    writer.close()


def test_a_file_that_was_deleted_meanwhile_stops_no_reader(site: Site) -> None:
    site.writer.append([b"a"])
    assert site.seen() == [(1, b"a")]
    site.writer.close()
    (site.folder / SYNCED_FILE).unlink()
    site.writer = site.open()
    site.writer.append([b"b"])
    assert site.reader.read(1, 10) == []  # by the deleted one
    assert [payload for _, payload in site.seen(1)] == [b"b"]
    site.close()
