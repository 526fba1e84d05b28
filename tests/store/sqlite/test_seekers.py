"""The common members of several lists, and how little of them is looked at."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model.query import Phrase
from trapgate.store.sqlite.blocks import Block, blocks_of
from trapgate.store.sqlite.schema import Lineage
from trapgate.store.sqlite.seekers import STEPS_MAX, FacetSeeker, Seeker, WordsSeeker, common
from trapgate.store.sqlite.words import WordsReader, WordsWriter

DOWN = Phrase("message", ("down",))
STREAM = 1 << 44

members = st.sets(st.integers(1, 60))


def listed(numbers: set[int]) -> Seeker:
    return lambda seq: max((each for each in numbers if each <= seq), default=None)


@given(st.lists(members, min_size=1, max_size=4), st.integers(0, 61), st.integers(0, 61))
def test_the_common_members_come_in_order(lists: list[set[int]], first: int, last: int) -> None:
    found = list(common([listed(each) for each in lists], first, last))
    expected = set.intersection(*lists) & set(range(first, last + 1))
    assert found == sorted(expected, reverse=True)


def blocks(taken: list[int]) -> Iterator[Block]:
    """Ten blocks of ten rows, each with a facet of its own; `taken` are those that were asked
    for."""
    for number in reversed(range(10)):
        taken.append(number)
        rows = [(number * 10 + place, number, 0) for place in range(10)]
        yield from blocks_of(rows)


def test_rows_of_facets_are_sought_downwards() -> None:
    seek = FacetSeeker(blocks([]), {7, 3, 99})
    assert [seek(at) for at in (1_000, 78, 70, 69, 33, 30, 29)] == [79, 78, 70, 39, 33, 30, None]
    assert seek(5) is None


def test_rows_of_any_facet_are_all_rows() -> None:
    assert list(common([FacetSeeker(blocks([]), None)], 15, 84)) == list(range(84, 14, -1))


def test_no_more_blocks_are_read_than_the_answer_needs() -> None:
    taken: list[int] = []
    found = common([FacetSeeker(blocks(taken), {8, 7})], 0, 99)
    assert next(found) == 89
    assert taken == [9, 8]


@pytest.fixture
def words(tmp_path: Path) -> Iterator[WordsReader]:
    """1,000 rows; every tenth says down."""
    part = tmp_path / "events-2026-11-21.sqlite"
    writer = WordsWriter.open(part)
    rows = [(STREAM | n, "down" if n % 10 == 0 else "up") for n in range(1, 1_001)]
    writer.add(rows, {1: Lineage("raw-1", 0)})
    writer.close()
    reader = WordsReader.open(part)
    assert reader is not None
    with reader:
        yield reader


@pytest.mark.parametrize("phrase", [DOWN, Phrase("message", ("do",), prefix=True)])
def test_rows_with_words_are_sought_downwards(words: WordsReader, phrase: Phrase) -> None:
    seek = WordsSeeker(words, phrase, STREAM | 5, STREAM | 995)
    asked = (995, 989, 980, 100, 15, 9)
    found = [seek(STREAM | at) for at in asked]
    assert found == [STREAM | at for at in (990, 980, 980, 100, 10)] + [None]


def test_a_long_way_down_is_one_leap(words: WordsReader) -> None:
    asked: list[int] = []

    class Counted(WordsReader):
        def newest_first(self, phrase: Phrase, first: int, last: int) -> Iterator[int]:
            for seq in words.newest_first(phrase, first, last):
                asked.append(seq)
                yield seq

    counted = Counted.__new__(Counted)
    seek = WordsSeeker(counted, DOWN, STREAM, STREAM | 1_000)
    assert seek(STREAM | 105) == STREAM | 100
    assert len(asked) <= STEPS_MAX + 1


def test_words_that_break_stand_in_nobodys_way() -> None:
    class Breaking(WordsReader):
        def newest_first(self, phrase: Phrase, first: int, last: int) -> Iterator[int]:
            yield last
            raise sqlite3.DatabaseError("broken")

    seek = WordsSeeker(Breaking.__new__(Breaking), DOWN, 1, 9)
    assert [seek(at) for at in (9, 8, 3)] == [9, 8, 3]
