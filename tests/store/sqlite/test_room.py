"""The room that the store leaves free on its disk."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from disks import small_disk
from store.events import event
from store.parts import make_part, segments, write
from trapgate.model import NEVER
from trapgate.model.query import Everything
from trapgate.store import Indexer, SqliteEventStore, StoreUnavailable
from trapgate.store.sqlite.folder import part_path, stored_parts
from trapgate.store.sqlite.room import (
    MIB,
    RESERVE_BYTES_MAX,
    Disk,
    check_room,
    disk_of,
)
from trapgate.store.sqlite.words import words_path

LARGE = Disk(100 << 30, RESERVE_BYTES_MAX)


class Filling:
    """A disk of which somebody else takes what he wants."""

    def __init__(self) -> None:
        self.free_bytes = 50 << 30

    def __call__(self, folder: Path) -> Disk:
        return Disk(100 << 30, self.free_bytes)


@pytest.fixture
def disk() -> Filling:
    return Filling()


@pytest.fixture
def store(tmp_path: Path, disk: Filling) -> Iterator[SqliteEventStore]:
    with closing(SqliteEventStore.open(tmp_path, disk=disk)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("size_bytes", "reserve_bytes"),
    [(24 * MIB, 24 * MIB // 10), (1 << 30, (1 << 30) // 10), (1 << 40, 256 * MIB)],
)
def test_the_reserve_is_a_tenth_of_a_small_disk(size_bytes: int, reserve_bytes: int) -> None:
    assert Disk(size_bytes, 0).reserve_bytes == reserve_bytes


def test_what_is_kept_for_paging_is_not_taken(store: SqliteEventStore, disk: Filling) -> None:
    store.write([event(1)])
    disk.free_bytes = RESERVE_BYTES_MAX + MIB
    with pytest.raises(StoreUnavailable) as refused:
        store.write([event(2)])
    assert refused.value.reason == (
        "its disk has 257 MiB free, of which 256 MiB are kept for paging; "
        "what is to be stored may take 2 MiB"
    )
    store.write([])
    disk.free_bytes = 50 << 30
    store.write([event(2)])
    found = store.search(Everything(), start=0, end=NEVER, limit=9)
    assert [each.position.sequence for each in found] == [2, 1]


def test_what_journals_hold_counts_until_it_is_in_the_files(
    store: SqliteEventStore, disk: Filling
) -> None:
    """It takes room once more when it is copied."""
    store.write([event(n, message="x" * 10_000) for n in range(1, 1_001)])
    disk.free_bytes = RESERVE_BYTES_MAX + 8 * MIB
    with pytest.raises(StoreUnavailable, match=r"may take 1\d MiB"):
        store.write([event(2_000)])
    disk.free_bytes = RESERVE_BYTES_MAX + 20 * MIB
    store.write([event(2_000)])


def test_a_batch_is_measured_where_room_is_scarce() -> None:
    scarce = Disk(LARGE.size_bytes, LARGE.free_bytes + 4 * MIB)
    check_room(scarce, 0, [event(n) for n in range(1_000)])
    large = [event(n, message="x" * 1_000, fields={"a": "y" * 1_000}) for n in range(1_000)]
    with pytest.raises(StoreUnavailable):
        check_room(scarce, 0, large)
    check_room(Disk(LARGE.size_bytes, LARGE.free_bytes + 6 * MIB), 0, large)
    check_room(scarce, 0, [event(1, message="\ud800")])  # the writer names it


def test_the_estimate_of_a_batch_is_not_below_what_it_takes(tmp_path: Path) -> None:
    """Journal and part together, with the smallest and with large events."""
    for name, batch in {
        "small": [event(n, message="") for n in range(1, 8_193)],
        "large": [
            event(n, message="x" * 3_000, fields={"a": "y" * 2_000}) for n in range(1, 1_001)
        ],
    }.items():
        folder = tmp_path / name
        with closing(SqliteEventStore.open(folder)) as store:
            store.write(batch)
            taken = store_bytes(folder) + store._writers.owed_bytes()
        free = Disk(LARGE.size_bytes, LARGE.free_bytes + taken)
        with pytest.raises(StoreUnavailable):
            check_room(free, 0, batch)
        check_room(Disk(LARGE.size_bytes, free.free_bytes * 2), 0, batch)


def store_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.suffix != ".sqlite-shm")


def test_words_stop_before_the_events_do(tmp_path: Path, disk: Filling) -> None:
    part = make_part(tmp_path / "events-2026-11-21.sqlite")
    write(part, {1: "Link down"})
    with closing(Indexer(tmp_path, disk=disk)) as indexer:
        list(indexer.round())
        write(part, {2: "Link down", 3: "Link up"})
        disk.free_bytes = 2 * RESERVE_BYTES_MAX
        check_room(disk(tmp_path), 0, [event(1)])
        with capture_logs() as logs:
            for _ in range(3):
                list(indexer.round())
            assert (indexer.lag, indexer.failures) == (2, 0)
            disk.free_bytes = 50 << 30
            list(indexer.round())
            assert indexer.lag == 0
    assert [log["event"] for log in logs] == ["store.words.waiting", "store.words.waiting.over"]


def test_without_room_no_words_are_begun_or_merged(tmp_path: Path, disk: Filling) -> None:
    for name in ("events-2026-11-20.sqlite", "events-2026-11-21.sqlite"):
        write(make_part(tmp_path / name), dict.fromkeys(range(1, 201), "Link down"))
    old, new = stored = [part_path(tmp_path, part) for part in stored_parts(tmp_path)]
    disk.free_bytes = 0
    with closing(Indexer(tmp_path, 10, disk=disk)) as indexer:
        list(indexer.round())
        assert indexer.lag == 400
        assert not any(words_path(part).exists() for part in stored)
        disk.free_bytes = 50 << 30
        for _ in indexer.round():
            if not indexer.lag:
                disk.free_bytes = 0
        assert segments(old) > 1
        disk.free_bytes = 50 << 30
        list(indexer.round())
        assert segments(old) == 1
        assert segments(new) > 1


def filled_up(store: SqliteEventStore, folder: Path) -> tuple[int, str]:
    """Write until the store refuses: the room that was left at the least, and why it refuses."""
    free: list[int] = []
    for first in range(1, 100_000, 500):
        try:
            store.write([event(n, message="m" * 500) for n in range(first, first + 500)])
        except StoreUnavailable as error:
            assert first > 10_000
            return min(free), error.reason
        free.append(disk_of(folder).free_bytes)
    raise AssertionError("it has room for everything")


def test_a_real_disk_is_never_filled(tmp_path: Path) -> None:
    """The journal, the part and the checkpoints among them."""
    folder = tmp_path / "events"
    with small_disk(folder, 64 * MIB):
        disk = disk_of(folder)
        store = SqliteEventStore.open(folder)
        least, refused = filled_up(store, folder)
        assert "kept for paging" in refused
        store.close()
        assert disk_of(folder).free_bytes >= disk.reserve_bytes
    assert least >= disk.reserve_bytes
