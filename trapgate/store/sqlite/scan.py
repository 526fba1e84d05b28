"""Events of one day in order, those that meet a query: from rows that may to rows that do.

In: open parts and a question. Out: pieces of the answer, the newest first. Rows are chosen by
facets and words without being read; the others are read and judged some hundreds at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from heapq import merge
from itertools import islice
from typing import NamedTuple

import msgspec

from trapgate.model import Event, Place, Position
from trapgate.store.sqlite.folder import BUCKET_NS
from trapgate.store.sqlite.plan import Plan
from trapgate.store.sqlite.reader import PartReader, Run, condition
from trapgate.store.sqlite.schema import SEQUENCE_BITS, SEQUENCE_MAX
from trapgate.store.sqlite.seekers import FacetSeeker, Seeker, WordsSeeker, common
from trapgate.store.sqlite.words import WordsReader

PIECE_ROWS_MAX = 500
"""Rows that are read with one statement: a thread of the process that pages is free again after
some milliseconds, and the statement's own cost is not seen any more."""


class Question(msgspec.Struct, frozen=True):
    """Which events: received in [start, end), behind a place, by a plan."""

    plan: Plan
    start: int
    end: int
    before: Place | None


class Candidate(NamedTuple):
    """A row that may belong to the answer, in the order of the answer: by window, then by position;
    `part` is the number of its part among those that are open."""

    bucket: int
    stream: str
    sequence: int
    part: int


class Piece(NamedTuple):
    """A part of the answer: of so many rows that were examined, the events that meet the query, and
    the place of the last row."""

    events: Sequence[Event]
    examined: int
    reached: Place


class PartScan:
    """What one part has to say to a question. `contained` wraps each look into its file: where that
    fails, the part has nothing to say."""

    def __init__(
        self,
        number: int,
        reader: PartReader,
        words: WordsReader | None,
        question: Question,
        contained: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._part = number
        self._reader = reader
        self._words = words
        self._question = question
        self._contained = contained
        self._hot = None if question.plan.hot is None else condition(question.plan.hot)
        self._rest = condition(question.plan.rest)

    def candidates(self) -> Iterator[Candidate]:
        """The rows that facets and words leave, in order."""
        with self._contained():
            asked = self._question
            wanted = None if self._hot is None else self._reader.wanted(self._hot)
            runs = self._reader.runs(asked.start, asked.end)
            if wanted == set():
                return
            behind = _behind(runs, self._reader.streams, asked.before)
            found = [self._rows(chain, wanted) for chain in chains(behind)]
            yield from found[0] if len(found) == 1 else merge(*found, reverse=True)

    def events(self, candidates: Iterable[Candidate]) -> Mapping[Candidate, Event]:
        """Those of the candidates that are events of the answer."""
        numbers = {name: number for number, name in self._reader.streams.items()}
        asked = {(numbers[c.stream] << SEQUENCE_BITS | c.sequence) for c in candidates}
        found = {}
        with self._contained():
            start, end = self._question.start, self._question.end
            for event in self._reader.events(tuple(asked), start, end, self._rest):
                # Rows of other windows lie in a run where the clock was set back: they are
                # candidates in the runs of their own windows.
                bucket, place = event.received_at // BUCKET_NS, event.position
                found[Candidate(bucket, place.stream, place.sequence, self._part)] = event
        return found

    def _rows(self, chain: Sequence[Run], wanted: Set[int] | None) -> Iterator[Candidate]:
        name = self._reader.streams[chain[0].stream]
        runs = iter(chain)
        run = next(runs)
        for seq in self._seqs(chain[0].stream, chain[-1].first, chain[0].last, wanted):
            while seq < run.first:
                run = next(runs)
            if seq <= run.last:
                yield Candidate(run.bucket, name, seq & SEQUENCE_MAX, self._part)

    def _seqs(self, stream: int, first: int, last: int, wanted: Set[int] | None) -> Iterator[int]:
        phrases = self._question.plan.phrases
        upto = self._words.upto(stream) if self._words is not None and phrases else first - 1
        if last > upto:
            beyond = max(first, upto + 1)
            yield from common([self._of_facets(beyond, last, wanted)], beyond, last)
        if self._words is not None and upto >= first:
            last = min(last, upto)
            seekers: list[Seeker] = [
                WordsSeeker(self._words, each, first, last) for each in phrases
            ]
            if wanted is not None:
                seekers.insert(0, self._of_facets(first, last, wanted))
            yield from common(seekers, first, last)

    def _of_facets(self, first: int, last: int, wanted: Set[int] | None) -> FacetSeeker:
        return FacetSeeker(self._reader.blocks(first, last), wanted)


def pieces(parts: Sequence[PartScan], size: Callable[[], int]) -> Iterator[Piece]:
    """The answer of these parts of one day, in order; `size` says before each piece how many rows
    it may examine, at most `PIECE_ROWS_MAX`."""
    found = [part.candidates() for part in parts]
    candidates = found[0] if len(found) == 1 else merge(*found, reverse=True)
    while piece := list(islice(candidates, min(size(), PIECE_ROWS_MAX))):
        answers: dict[Candidate, Event] = {}
        for number, part in enumerate(parts):
            of_part = [each for each in piece if each.part == number]
            if of_part:
                answers.update(part.events(of_part))
        last = piece[-1]
        reached = Place(last.bucket * BUCKET_NS, Position(last.stream, last.sequence))
        yield Piece([answers[each] for each in piece if each in answers], len(piece), reached)


def chains(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs, the newest window first, as few lists in each of which the rows of one stream go down
    with the windows.

    Positions grow with time, so that a stream is usually one list. Where the clock was set back,
    rows of one window lie among those of others, and these windows are lists of their own.
    """
    found: list[list[Run]] = []
    for run in runs:
        for chain in found:
            if chain[-1].stream == run.stream and run.last < chain[-1].first:
                chain.append(run)
                break
        else:
            found.append([run])
    return found


def _behind(runs: Iterable[Run], streams: Mapping[int, str], before: Place | None) -> Iterator[Run]:
    """What of these runs comes behind a place."""
    if before is None:
        yield from runs
        return
    bucket, position = before.received_at // BUCKET_NS, before.position
    for run in runs:
        name = streams[run.stream]
        if run.bucket < bucket or (run.bucket == bucket and name < position.stream):
            yield run
        elif run.bucket == bucket and name == position.stream:
            last = run.stream << SEQUENCE_BITS | min(position.sequence - 1, SEQUENCE_MAX)
            if run.first <= last:
                yield run._replace(last=min(run.last, last))
