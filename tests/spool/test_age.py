"""A clock that is set, back and forth: what was read goes all the same, what is looked back to
stays."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import NS_PER_S
from trapgate.spool import SpoolFull, SpoolReader, SpoolWriter, held
from trapgate.spool.age import not_later
from trapgate.spool.held import LOOK_BACK_S
from trapgate.spool.segment import segment_name, segment_sequences
from trapgate.spool.writer import KEEP_S, SEGMENT_S

HOUR_S = 3_600
START_S = 1_763_700_000


@pytest.mark.parametrize(
    ("stamps", "bound", "expected"),
    [
        ([], 3, []),
        ([1, 2, 3], 3, [1, 2, 3]),
        ([1, 2, 3], 9, [1, 2, 3]),
        ([1, 2, 9], 5, [1, 2, 5]),  # set back after the last one
        ([7, 8, 9, 2, 3], 4, [2, 2, 2, 2, 3]),  # and between two
        ([1, 2, 99, 3], 4, [1, 2, 3, 3]),  # forward and back again
    ],
)
def test_not_later(stamps: list[int], bound: int, expected: list[int]) -> None:
    assert not_later(stamps, bound) == expected


@given(stamps=st.lists(st.integers(0, 20)), bound=st.integers(0, 20))
def test_ages_ascend_and_none_is_later_than_its_stamp(stamps: list[int], bound: int) -> None:
    found = not_later(stamps, bound)
    assert found == sorted(found)
    assert all(one <= stamp for one, stamp in zip(found, stamps, strict=True))
    assert all(one <= bound for one in found)
    assert not_later(found, bound) == found


class Site:
    """A spool of some seconds, a segment each, by a clock that is set; its files have the times of
    that clock."""

    def __init__(self, folder: Path, size_max_bytes: int = 1_000_000) -> None:
        self.folder = folder
        self.size_max_bytes = size_max_bytes
        self.now_s = float(START_S)
        self.appended: list[int] = []
        self.writer = self.open()
        self.reader = SpoolReader.open(folder, "store")

    def open(self) -> SpoolWriter:
        return SpoolWriter.open(
            self.folder,
            size_max_bytes=self.size_max_bytes,
            segment_bytes=100,
            clock=lambda: int(self.now_s * NS_PER_S),
            sync=lambda _: None,
        )

    def restart(self) -> None:
        self.writer.close()
        self.writer = self.open()

    def append(self, *after_s: float) -> None:
        """A segment after each of these pauses."""
        for pause_s in after_s:
            self.now_s += pause_s
            sequence = self.writer.append([bytes(100)]).sequence
            os.utime(self.folder / segment_name(sequence), (self.now_s, self.now_s))
            self.appended.append(sequence)

    def trim(self, acked: int = 0, *, pressed: bool = False) -> list[int]:
        """Which of these segments, counted from 1, are left when the first so many are read; all
        are, unless it is said."""
        self.writer.size_max_bytes = 300 if pressed else self.size_max_bytes
        self.reader.ack(self.appended[acked - 1])
        self.writer.trim(("store",))
        self.writer.size_max_bytes = self.size_max_bytes
        left = segment_sequences(self.folder)
        return [place for place, sequence in enumerate(self.appended, 1) if sequence in left]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.reader.close()
    site.writer.close()


@pytest.mark.parametrize("opened_again", [False, True])
@pytest.mark.parametrize("back_s", [30, HOUR_S, 365 * 24 * HOUR_S])
def test_what_was_read_goes_after_the_clock_was_set_back(
    site: Site, back_s: int, opened_again: bool
) -> None:
    site.append(1, 1, 1)
    site.now_s -= back_s
    site.append(1)
    if opened_again:
        site.restart()
    assert site.trim() == [1, 2, 3, 4]
    site.append(KEEP_S + 1)
    assert site.trim() == [5]


@pytest.mark.parametrize("opened_again", [False, True])
def test_also_when_nothing_comes_after(site: Site, opened_again: bool) -> None:
    site.append(1, 1, 1)
    site.now_s -= HOUR_S
    if opened_again:
        site.restart()
    assert site.trim() == [1, 2, 3]
    site.now_s += KEEP_S + 1
    # a segment of the life before is set aside as soon as it is read
    assert site.trim() == ([] if opened_again else [3])


@pytest.mark.parametrize("opened_again", [False, True])
def test_a_full_spool_that_is_read_takes_again(tmp_path: Path, opened_again: bool) -> None:
    """It had been a day ahead, and there is no room for a batch that had a stamp of its own."""
    site = Site(tmp_path, size_max_bytes=1_600)
    site.append(*[0.1] * 10)
    site.now_s -= 24 * HOUR_S
    if opened_again:
        site.restart()
    with pytest.raises(SpoolFull):
        site.append(1)
    assert len(site.trim()) == 10
    site.now_s += LOOK_BACK_S + 1
    assert len(site.trim()) < 10
    site.append(1)
    site.reader.close()
    site.writer.close()


def test_what_came_in_the_last_seconds_stays_by_the_new_clock(site: Site) -> None:
    """More than half of the room is taken: the look back alone counts."""
    site.append(1, 1)
    site.now_s -= HOUR_S
    site.append(1, LOOK_BACK_S - 5)
    site.now_s += 5
    assert site.trim(pressed=True) == [1, 2, 3, 4]
    site.now_s += 1
    assert site.trim(pressed=True) == [4]


def test_a_late_reader_looks_back_by_the_clock_of_then(site: Site) -> None:
    """What it has read of an hour's backlog goes segment by segment, although all of it is from
    before the clock was set back."""
    site.append(*[LOOK_BACK_S + 1] * 6)
    site.now_s -= HOUR_S
    site.append(1)
    assert site.trim(3, pressed=True) == [3, 4, 5, 6, 7]
    assert site.trim(5, pressed=True) == [5, 6, 7]
    site.append(LOOK_BACK_S + 1, LOOK_BACK_S + 1)
    assert site.trim(7, pressed=True) == [5, 6, 7, 8, 9]
    assert site.trim(8, pressed=True) == [8, 9]


def test_forward_and_back_again(site: Site) -> None:
    """What came meanwhile is as old as what came next, and no older than what came before."""
    site.append(1, 1)
    site.now_s += HOUR_S
    site.append(1)
    site.now_s -= HOUR_S
    site.append(1)
    site.now_s += LOOK_BACK_S - 2
    assert site.trim(pressed=True) == [2, 3, 4]
    site.now_s += 1
    assert site.trim(pressed=True) == [3, 4]
    site.now_s += 2
    assert site.trim(pressed=True) == []


def test_on_a_quiet_network_a_segment_is_set_aside_in_time(site: Site) -> None:
    """An hour after the clock was set back by a day, not a day after."""
    site.append(1)
    site.now_s -= 24 * HOUR_S
    assert site.trim() == [1]
    site.now_s += SEGMENT_S + 1
    assert site.trim() == [1]
    assert site.trim() == []


def test_held_looks_back_by_the_same_clock(site: Site) -> None:
    """What is stamped an hour later than the place is no part of it for that."""
    site.append(1, 1)
    site.now_s -= HOUR_S
    site.append(1, LOOK_BACK_S + 1, 1)
    size_bytes = (site.folder / segment_name(1)).stat().st_size
    kept = [held(site.folder, place).look_back_bytes // size_bytes for place in range(5)]
    assert kept == [0, 1, 2, 3, 1]
