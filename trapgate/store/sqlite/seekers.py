"""Which rows may meet a query: the common members of several descending lists, leap by leap.

Each list (rows of some facets, rows with some words) is a *seeker*: asked for a seq it answers with
its greatest member that is not above, and is asked for lower and lower ones. The one that leaps
furthest leads the others, so that the rarest condition decides how much is looked at.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence, Set

from trapgate.model.query import Phrase
from trapgate.store.sqlite.blocks import Block, hits
from trapgate.store.sqlite.words import WordsReader

Seeker = Callable[[int], int | None]
"""The greatest member of a list that is at most this; `None` if there is none any more."""

STEPS_MAX = 64
"""Rows of a word that are passed over one by one before the index is asked for a place further
down, which costs as much as some hundred steps."""


def common(seekers: Sequence[Seeker], first: int, last: int) -> Iterator[int]:
    """The members from `last` down to `first` that all of the lists have, at least one list."""
    at, agreed = last, 0
    while True:
        for seek in seekers:
            found = seek(at)
            if found is None or found < first:
                return
            agreed = agreed + 1 if found == at else 1
            at = found
            if agreed >= len(seekers):
                yield at
                at, agreed = at - 1, 0


class FacetSeeker:
    """Rows of these facets (`None`: all rows), of the blocks of one stream, newest first."""

    def __init__(self, blocks: Iterator[Block], wanted: Set[int] | None) -> None:
        self._blocks = blocks
        self._wanted = wanted
        self._block: Block | None = next(blocks, None)
        self._hits = None if self._block is None else hits(self._block, wanted)

    def __call__(self, seq: int) -> int | None:
        while self._block is not None:
            if self._hits is not None and seq >= self._block.first:
                found = self._hits.at_or_before(seq)
                if found is not None:
                    return found
            self._advance(seq)
        return None

    def _advance(self, seq: int) -> None:
        self._block = next(self._blocks, None)
        while self._block is not None and self._block.first > seq:
            self._block = next(self._blocks, None)  # leapt over: what it holds does not matter
        self._hits = None if self._block is None else hits(self._block, self._wanted)


class WordsSeeker:
    """Rows whose message has a phrase, by the index of the part's words.

    If the index breaks while it is read, every row is taken for a member from there on: rows are
    asked for the phrase anyway.
    """

    def __init__(self, words: WordsReader, phrase: Phrase, first: int, last: int) -> None:
        self._words = words
        self._phrase = phrase
        self._first = first
        self._rows: Iterator[int] | None = words.newest_first(phrase, first, last)
        self._at: int | None = last + 1

    def __call__(self, seq: int) -> int | None:
        try:
            return self._sought(seq)
        except sqlite3.Error:
            self._rows = None
            return seq

    def _sought(self, seq: int) -> int | None:
        if self._rows is None:
            return seq
        steps = 0
        while self._at is not None and self._at > seq:
            if steps == STEPS_MAX and not self._phrase.prefix:
                self._rows = self._words.newest_first(self._phrase, self._first, seq)
            self._at = next(self._rows, None)
            steps += 1
        return self._at
