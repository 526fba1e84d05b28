"""Events of one day in order, those that meet a query: from rows that may to rows that do.

In: open parts and a question. Out: pieces of the answer, the newest first. Rows are chosen by
facets and words without being read; of the others first the times are read, and then, in order,
some hundreds of rows at a time, which are judged.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from itertools import islice
from typing import NamedTuple

import msgspec

from trapgate.model import Event, Place, Position
from trapgate.store.sqlite.order import (
    Candidate,
    Descent,
    Reading,
    Unread,
    chains,
    newest_first,
)
from trapgate.store.sqlite.plan import Plan
from trapgate.store.sqlite.reader import PartReader, Span, condition
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

    @property
    def until(self) -> int:
        """The instant before which all of them were received."""
        return self.end if self.before is None else min(self.end, self.before.received_at + 1)


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
        self._behind = None if question.before is None else _just_behind(question.before)

    def unread(self) -> Sequence[Unread]:
        """The rows that facets and words leave: nothing of them is looked at before its turn."""
        latest = None
        with self._contained():
            latest = self._reader.latest(self._question.start, self._question.until)
        return () if latest is None else (Unread(Candidate(latest, "", 0, 0), self._begun),)

    def events(self, candidates: Iterable[Candidate]) -> Mapping[Candidate, Event]:
        """Those of the candidates that are events of the answer."""
        numbers = {name: number for number, name in self._reader.streams.items()}
        asked = [(numbers[c.stream] << SEQUENCE_BITS | c.sequence) for c in candidates]
        found = {}
        with self._contained():
            for event in self._reader.events(asked, self._rest):
                place = event.position
                key = Candidate(event.received_at, place.stream, place.sequence, self._part)
                found[key] = event
        return found

    def _begun(self) -> Reading:
        rest: list[Unread] = []
        with self._contained():
            asked = self._question
            wanted = None if self._hot is None else self._reader.wanted(self._hot)
            if wanted != set():
                for extent in self._reader.extents(asked.start, asked.until):
                    found = chains(self._reader.spans(*extent), self._may_have)
                    rest += [self._descent(chain, wanted).unread() for chain in found]
        return Reading((), rest)

    def _may_have(self, span: Span) -> bool:
        return span.since < self._question.until and self._question.start <= span.until

    def _descent(self, chain: Sequence[Span], wanted: Set[int] | None) -> Descent:
        number = chain[0].first >> SEQUENCE_BITS
        name = self._reader.streams[number]

        def bound(span: Span) -> Candidate:
            return Candidate(span.until, name, span.last & SEQUENCE_MAX, self._part)

        seqs = self._seqs(number, chain[0].first, chain[-1].last, wanted)
        return Descent(chain, self._safe(seqs), self._candidates, bound)

    def _safe(self, seqs: Iterator[int]) -> Iterator[int]:
        with self._contained():
            yield from seqs

    def _candidates(self, seqs: Sequence[int]) -> Sequence[Candidate]:
        """Those of these rows of one stream that are in the time that is asked for."""
        start, until, part = self._question.start, self._question.until, self._part
        name = self._reader.streams[seqs[0] >> SEQUENCE_BITS]
        rows: list[Candidate] = []
        with self._contained():
            rows = [
                Candidate(received_at, name, seq & SEQUENCE_MAX, part)
                for seq, received_at in self._reader.received(seqs)
                if start <= received_at < until
            ]
        return rows if self._behind is None else [row for row in rows if row <= self._behind]

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
    candidates = newest_first([each for part in parts for each in part.unread()])
    while piece := list(islice(candidates, min(size(), PIECE_ROWS_MAX))):
        answers: dict[Candidate, Event] = {}
        for number, part in enumerate(parts):
            of_part = [each for each in piece if each.part == number]
            if of_part:
                answers.update(part.events(of_part))
        last = piece[-1]
        reached = Place(last.received_at, Position(last.stream, last.sequence))
        yield Piece([answers[each] for each in piece if each in answers], len(piece), reached)


def _just_behind(place: Place) -> Candidate:
    """What all rows behind a place are at most, and none at the place is."""
    return Candidate(place.received_at, place.position.stream, place.position.sequence, -1)
