"""Damage: what is missing is told, where, how much, and once; what can be kept is kept."""

import os
from pathlib import Path

import pytest

from trapgate.spool import Damage, Damages, SpoolReader, SpoolWriter
from trapgate.spool.damage import PLACES_MAX, missing_between
from trapgate.spool.segment import (
    FRAME_RECORDS_MAX,
    SEGMENT_HEADER_BYTES,
    segment_name,
    segment_sequences,
)
from trapgate.spool.synced import SYNCED_FILE, SyncedMark

FIRST = segment_name(1)


class Spool:
    """A folder with a writer now and then, and what was told of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[Damage] = []
        self.damages = Damages(self.told.append)
        self.readers = {
            name: SpoolReader.open(folder, name, self.damages) for name in ("store", "rules")
        }

    def write(self, *batches: int, segment_bytes: int = 1 << 20) -> list[int]:
        """Batches of so many records, by a writer that is opened for them. Where each ends in its
        file."""
        writer = SpoolWriter.open(self.folder, segment_bytes=segment_bytes, tell=self.told.append)
        ends = []
        for size in batches:
            writer.append([b"record %d" % number for number in range(size)])
            newest = segment_sequences(self.folder)[-1]
            ends.append((self.folder / segment_name(newest)).stat().st_size)
        writer.close()
        return ends

    def read(self, name: str = "store", after: int = 0) -> list[int]:
        """The sequences of all that is there."""
        found: list[int] = []
        while records := self.readers[name].read(found[-1] if found else after, 3):
            found += [sequence for sequence, _ in records]
        return found


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def break_at(path: Path, offset: int, size_bytes: int = 4) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * size_bytes)


def test_a_place_is_told_with_what_is_missing(spool: Spool) -> None:
    ends = spool.write(3, 5, 2, 4)
    break_at(spool.folder / FIRST, ends[0] + 40)
    assert spool.read() == [1, 2, 3, *range(9, 15)]
    assert spool.told == [Damage(FIRST, ends[0], ends[1] - ends[0], after=3, records=5)]


def test_several_batches_side_by_side_are_one_place(spool: Spool) -> None:
    ends = spool.write(3, 5, 2, 4)
    break_at(spool.folder / FIRST, ends[0], ends[2] - ends[0] - 1)
    assert spool.read() == [1, 2, 3, *range(11, 15)]
    assert spool.told == [Damage(FIRST, ends[0], ends[2] - ends[0], after=3, records=7)]


def test_readers_of_one_spool_tell_it_once_however_often_they_come_there(spool: Spool) -> None:
    ends = spool.write(3, 5, 2, 4, 1)
    break_at(spool.folder / FIRST, ends[0] + 40)
    break_at(spool.folder / FIRST, ends[2] + 40)
    for name in ("rules", "store", "rules"):
        for after in (0, 2, 5, 8):
            spool.read(name, after)
    assert [(damage.after, damage.records) for damage in spool.told] == [(3, 5), (10, 4)]
    assert spool.readers["store"].damaged == 2


def test_who_comes_from_the_middle_tells_a_part(spool: Spool) -> None:
    """The rest is told by who comes from before it."""
    ends = spool.write(3, 5, 2, 4)
    for end in ends[:2]:
        break_at(spool.folder / FIRST, end + 40)
    part = Damage(FIRST, ends[1], ends[2] - ends[1], after=8, records=2)
    rest = Damage(FIRST, ends[0], ends[1] - ends[0], after=3, records=5)
    assert spool.read("rules", 8) == [*range(11, 15)]
    assert spool.told == [part]
    for name, after in (("store", 3), ("rules", 3), ("store", 8), ("rules", 0)):
        spool.read(name, after)
        assert spool.told == [part, rest]
    another = Spool(spool.folder)
    for name, after in (("store", 3), ("rules", 8)):
        another.read(name, after)
    assert [damage.records for damage in another.told] == [7]


def test_also_by_who_begins_before_it(spool: Spool) -> None:
    ends = spool.write(3, 5, 2, 4)
    break_at(spool.folder / FIRST, ends[0] + 40)
    assert spool.read("store", 3) == [*range(9, 15)]
    assert spool.told == [Damage(FIRST, ends[0], ends[1] - ends[0], after=3, records=5)]


def test_also_at_the_start_of_a_segment_to_which_sequences_jump(spool: Spool) -> None:
    spool.write(3)
    end = spool.write(5, 2)[0]
    second = 4 + FRAME_RECORDS_MAX
    break_at(spool.folder / segment_name(second), SEGMENT_HEADER_BYTES + 40)
    assert spool.read() == [1, 2, 3, second + 5, second + 6]
    offset = SEGMENT_HEADER_BYTES
    assert spool.told == [
        Damage(segment_name(second), offset, end - offset, after=second - 1, records=5)
    ]


@pytest.mark.parametrize("size_more", [-20, -1, 1, 20, 200])
def test_a_damaged_size_leads_nobody_past_what_is_sound(spool: Spool, size_more: int) -> None:
    """Who seeks a place walks from header to header, and believes each."""
    ends = spool.write(3, 5, 2, 4)
    path = spool.folder / FIRST
    with path.open("r+b") as file:
        file.seek(ends[0] + 8)
        size_bytes = int.from_bytes(file.read(4), "little")
        file.seek(ends[0] + 8)
        file.write((size_bytes + size_more).to_bytes(4, "little"))
    for after in (3, 8, 9, 10, 3):
        expected = [sequence for sequence in range(9, 15) if sequence > after]
        for name in ("store", "rules"):
            assert spool.read(name, after) == expected
    assert spool.told == [Damage(FIRST, ends[0], ends[1] - ends[0], after=3, records=5)]


@pytest.mark.parametrize("at", range(0, 24, 2))
def test_a_place_is_the_same_from_wherever_it_is_reached(spool: Spool, at: int) -> None:
    """Of a damaged header a reader that seeks its place may believe this or that."""
    ends = spool.write(3, 5, 2, 4)
    break_at(spool.folder / FIRST, ends[0] + at, 2)
    for after in (0, 3, 4, 6):
        for name in ("store", "rules"):
            found = spool.read(name, after)
            assert found == [s for s in (1, 2, 3, *range(9, 15)) if s > after]
    assert [damage.records for damage in spool.told] == [5]


def test_what_was_acknowledged_is_no_loss_to_who_looks_back(spool: Spool) -> None:
    ends = spool.write(3, 5, 2)
    break_at(spool.folder / FIRST, ends[0] + 40)
    spool.readers["store"].ack(8)
    assert spool.read("store") == [1, 2, 3, 9, 10]
    assert spool.told == []
    spool.readers["rules"].ack(7)  # there is one that it has not had
    spool.read("rules")
    assert [damage.records for damage in spool.told] == [5]


def test_the_end_of_a_segment_before_a_new_start(spool: Spool) -> None:
    """Sequences jump there, and what nobody has used is not missing."""
    spool.write(3, 5)
    spool.write(2)
    end = (spool.folder / FIRST).stat().st_size
    break_at(spool.folder / FIRST, end - 1, 1)
    following = 9 + FRAME_RECORDS_MAX
    assert spool.read() == [1, 2, 3, following, following + 1]
    ((file, _, _, after, records),) = [
        (each.file, each.offset, each.size_bytes, each.after, each.records) for each in spool.told
    ]
    assert (file, after, records) == (FIRST, 3, 5)


def test_the_end_of_a_segment_that_was_full(spool: Spool) -> None:
    spool.write(3, 5, 2, segment_bytes=110)
    assert segment_sequences(spool.folder) == [1, 4, 9]
    end = (spool.folder / segment_name(4)).stat().st_size
    break_at(spool.folder / segment_name(4), end - 1, 1)
    assert spool.read() == [1, 2, 3, 9, 10]
    offset = SEGMENT_HEADER_BYTES
    assert spool.told == [Damage(segment_name(4), offset, end - offset, after=3, records=5)]


def test_segments_that_cannot_be_entered(spool: Spool) -> None:
    spool.write(3, 5, 2, 4, segment_bytes=110)
    sizes = {first: (spool.folder / segment_name(first)).stat().st_size for first in (4, 9)}
    for first in sizes:
        break_at(spool.folder / segment_name(first), 0, SEGMENT_HEADER_BYTES + 1)
    assert spool.read() == [1, 2, 3, *range(11, 15)]
    assert spool.told == [
        Damage(segment_name(4), 0, sizes[4], after=3, records=5),
        Damage(segment_name(9), 0, sizes[9], after=8, records=2),
    ]


@pytest.mark.parametrize("at", [*range(8), *range(12, SEGMENT_HEADER_BYTES)])
def test_a_damaged_segment_header_costs_nothing(spool: Spool, at: int) -> None:
    """Its first frame has the marker, too. (A damaged schema looks like a newer version's.)"""
    spool.write(3, 5)
    break_at(spool.folder / FIRST, at, 1)
    spool.write(1)
    assert spool.read() == [*range(1, 9), 9 + FRAME_RECORDS_MAX]
    assert spool.told == []


def test_also_that_of_a_segment_of_one_batch(spool: Spool) -> None:
    spool.write(3)
    break_at(spool.folder / FIRST, 0, 1)
    spool.write(1)
    assert spool.read() == [1, 2, 3, 4 + FRAME_RECORDS_MAX]


def test_a_segment_under_the_name_of_another_is_none(spool: Spool) -> None:
    spool.write(3, 5)
    (spool.folder / FIRST).rename(spool.folder / segment_name(9))
    spool.write(1)
    assert spool.read() == [9 + FRAME_RECORDS_MAX]


def test_a_segment_of_zeros_is_none(spool: Spool) -> None:
    """A disk that could not read it gives such."""
    ends = spool.write(3, 5)
    (spool.folder / FIRST).write_bytes(bytes(ends[1]))
    spool.write(1)
    assert spool.read() == [9 + FRAME_RECORDS_MAX]
    assert spool.told == [Damage(FIRST, 0, ends[1], after=0, records=8)]


def test_a_damaged_first_frame_does_not_make_the_header_wrong(spool: Spool) -> None:
    ends = spool.write(3, 5)
    break_at(spool.folder / FIRST, SEGMENT_HEADER_BYTES)
    assert spool.read() == [4, 5, 6, 7, 8]
    size_bytes = ends[0] - SEGMENT_HEADER_BYTES
    assert spool.told == [Damage(FIRST, SEGMENT_HEADER_BYTES, size_bytes, after=0, records=3)]


def test_bytes_that_were_no_record_are_no_loss(spool: Spool) -> None:
    """What a disk has refused and would not let go (see `SpoolWriter`)."""
    spool.write(3, 2, segment_bytes=60)
    assert segment_sequences(spool.folder) == [1, 4]
    with (spool.folder / FIRST).open("ab") as file:
        file.write(b"half a frame")
    assert spool.read() == [1, 2, 3, 4, 5]
    assert spool.told == []


def test_places_are_remembered_up_to_a_limit() -> None:
    told: list[Damage] = []
    damages = Damages(told.append)
    for number in range(PLACES_MAX + 1):
        damages.meet(Damage(FIRST, number, 1, 0, 1))
        damages.meet(Damage(FIRST, number, 1, 0, 1))
    assert len(told) == damages.count == PLACES_MAX + 1
    damages.meet(Damage(FIRST, 0, 1, 0, 1))
    assert len(told) == PLACES_MAX + 2


@pytest.mark.parametrize(
    ("expected", "first", "missing"),
    [
        (4, 4, 0),
        (4, 9, 5),
        (9, 4, 0),
        (4, 4 + FRAME_RECORDS_MAX, 0),
        (4, 9 + FRAME_RECORDS_MAX, 5),
    ],
)
def test_what_is_missing_between_segments(expected: int, first: int, missing: int) -> None:
    assert missing_between(expected, first) == missing


class TestRecovery:
    """What is found at a start, at the end of the newest segment."""

    def test_damage_of_the_last_batch_is_told(self, spool: Spool) -> None:
        ends = spool.write(3, 5, 200)
        break_at(spool.folder / FIRST, ends[1] + 900, 64)
        spool.write(1)
        assert spool.told == [Damage(FIRST, ends[1], ends[2] - ends[1], after=8, records=200)]
        assert spool.read() == [*range(1, 9), 209 + FRAME_RECORDS_MAX]
        assert len(spool.told) == 1  # it is cut: no reader meets it

    def test_also_that_of_the_only_one(self, spool: Spool) -> None:
        ends = spool.write(7)
        break_at(spool.folder / FIRST, ends[0] - 1, 1)
        spool.write(1)
        size_bytes = ends[0] - SEGMENT_HEADER_BYTES
        assert spool.told == [Damage(FIRST, SEGMENT_HEADER_BYTES, size_bytes, after=0, records=7)]

    def test_batches_behind_damage_are_kept(self, spool: Spool) -> None:
        """However many are damaged before them; the reader passes what is."""
        ends = spool.write(3, 5, 2, 4, 6)
        break_at(spool.folder / FIRST, ends[0] + 30, 1)
        break_at(spool.folder / FIRST, ends[2] + 30, 1)
        spool.write(1)
        assert spool.told == []
        assert spool.read() == [1, 2, 3, 9, 10, *range(15, 21), 21 + FRAME_RECORDS_MAX]
        assert [(damage.after, damage.records) for damage in spool.told] == [(3, 5), (10, 4)]

    def test_a_batch_that_nobody_was_told_is_kept_is_a_torn_one(self, spool: Spool) -> None:
        ends = spool.write(3, 5)
        mark = SyncedMark(spool.folder, spool.readers["store"].stream)
        mark.reach(3)
        mark.close()
        os.truncate(spool.folder / FIRST, ends[1] - 1)
        spool.write(1)
        assert spool.told == [Damage(FIRST, ends[0], ends[1] - ends[0] - 1, after=3, records=0)]

    def test_only_what_was_on_disk_counts(self, spool: Spool) -> None:
        """Damage, and a torn batch behind it."""
        ends = spool.write(3, 5, 4)
        mark = SyncedMark(spool.folder, spool.readers["store"].stream)
        mark.reach(8)
        mark.close()
        break_at(spool.folder / FIRST, ends[0] + 30, 1)
        os.truncate(spool.folder / FIRST, ends[2] - 1)
        spool.write(1)
        assert spool.told == [Damage(FIRST, ends[0], ends[2] - ends[0] - 1, after=3, records=5)]

    def test_without_the_number_nobody_can_tell(self, spool: Spool) -> None:
        ends = spool.write(3, 5)
        (spool.folder / SYNCED_FILE).unlink()
        break_at(spool.folder / FIRST, ends[0] + 30, 1)
        spool.write(1)
        assert [damage.records for damage in spool.told] == [0]

    @pytest.mark.parametrize(
        ("store", "rules", "records"), [(8, 8, 0), (8, 5, 3), (8, 3, 5), (2, 8, 5)]
    )
    def test_what_all_have_read_is_no_loss(
        self, spool: Spool, store: int, rules: int, records: int
    ) -> None:
        ends = spool.write(3, 5)
        spool.readers["store"].ack(store)
        spool.readers["rules"].ack(rules)
        break_at(spool.folder / FIRST, ends[0] + 30, 1)
        spool.write(1)
        assert [damage.records for damage in spool.told] == [records]

    def test_a_file_that_ends_too_early(self, spool: Spool) -> None:
        """A repair of the file system may have made it so: nothing is there to be cut."""
        ends = spool.write(3, 5)
        os.truncate(spool.folder / FIRST, ends[0])
        spool.write(1)
        assert spool.told == [Damage(FIRST, ends[0], 0, after=3, records=5)]

    def test_a_sound_end_is_not_told(self, spool: Spool) -> None:
        for _ in range(3):
            spool.write(2)
        assert spool.told == []

    def test_damage_of_an_older_segment_is_for_readers(self, spool: Spool) -> None:
        """Also where the newest one has no record yet."""
        ends = spool.write(3, 5)
        newest = spool.write(1)[0]
        second = spool.folder / segment_name(9 + FRAME_RECORDS_MAX)
        os.truncate(second, SEGMENT_HEADER_BYTES)
        mark = SyncedMark(spool.folder, spool.readers["store"].stream)
        mark.reach(8)
        mark.close()
        break_at(spool.folder / FIRST, ends[0] + 30, 1)
        assert newest > SEGMENT_HEADER_BYTES
        spool.write(2)
        assert spool.told == []
        assert spool.read()[:3] == [1, 2, 3]
        assert spool.told == [Damage(FIRST, ends[0], ends[1] - ends[0], after=3, records=5)]
