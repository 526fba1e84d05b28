"""Rows in the order of the answer, out of lists that are only nearly in it.

In: rows that can be read piece by piece, and of each rest a bound: nothing in it is newer. Out: all
of the rows, the newest first, no more of them read than it takes to be sure.

The rows of a stream come in order of their seq. By `received_at` that is nearly the same order, but
not quite: datagrams wait in sockets for different times, and clocks are set back. So no list is
believed: what comes next is known when no rest can hold anything newer.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from trapgate.model import NS_PER_S
from trapgate.store.sqlite.reader import Span

SETBACK_NS = NS_PER_S
"""A clock that goes back by more begins another list. What goes back by less (rows that waited) is
put in order in memory: that is a second's rows of one stream, some 10,000 times 100 bytes."""


class Candidate(NamedTuple):
    """A row that may belong to the answer. They compare as their places do; `part` is the number of
    its part among those that are open."""

    received_at: int
    stream: str
    sequence: int
    part: int


class Unread(NamedTuple):
    """Rows that are not read yet. None of them is newer than `bound`; `read` reads some."""

    bound: Candidate
    read: Callable[[], "Reading"]


class Reading(NamedTuple):
    """Rows in no order, and what else there is behind them."""

    rows: Sequence[Candidate]
    rest: Sequence[Unread]


def newest_first(unread: Iterable[Unread]) -> Iterator[Candidate]:
    """All of these rows in order. What is read and cannot be told yet waits in memory: rows of
    one block for each list, and what `SETBACK_NS` says."""
    left = list(unread)
    waiting: list[Candidate] = []  # the newest last
    while left:
        newest = max(range(len(left)), key=lambda place: left[place].bound)
        bound, read = left.pop(newest)
        certain = bisect_right(waiting, bound)
        yield from reversed(waiting[certain:])
        del waiting[certain:]
        rows, rest = read()
        waiting += rows
        waiting.sort()
        left += rest
    yield from reversed(waiting)


def chains(spans: Sequence[Span], wanted: Callable[[Span], bool]) -> list[list[Span]]:
    """Spans of one stream, in order, as lists in each of which the time goes up but for
    `SETBACK_NS`; those that are not wanted lie between lists.

    Usually that is one list. A list that is followed from its end has what is newest first, so that
    the rest of it need not be read for a page.
    """
    found: list[list[Span]] = []
    chain: list[Span] = []
    latest = 0
    for span in spans:
        if not wanted(span):
            chain = []
            continue
        if not chain or span.until < latest - SETBACK_NS:
            chain, latest = [], span.until
            found.append(chain)
        chain.append(span)
        latest = max(latest, span.until)
    return found


class Descent:
    """The rows of one chain, span by span from its end; each `read` goes down by one at least."""

    def __init__(
        self,
        spans: Sequence[Span],
        seqs: Iterator[int],
        stretch: Callable[[Sequence[int]], Sequence[Candidate]],
        bound: Callable[[Span], Candidate],
    ) -> None:
        """`seqs` are the rows of the chain, the highest first, which are found as they are taken.
        `stretch` reads those of one span; `bound` is the newest that a span can hold."""
        self._spans = list(spans)
        # the newest that a span and all below it can hold
        self._bounds = list(accumulate(map(bound, spans), max))
        self._seqs = seqs
        self._stretch = stretch
        self._next: int | None = None

    def unread(self) -> Unread:
        """What is left."""
        return Unread(self._bounds[-1], self.read)

    def read(self) -> Reading:
        """The rows of the next span that has any."""
        seq = next(self._seqs, None) if self._next is None else self._next
        if seq is None:
            return Reading((), ())
        self._descend(seq)
        first = self._spans[-1].first
        seqs = [seq]
        for seq in self._seqs:
            if seq < first:
                self._next = seq
                self._descend(seq)
                return Reading(self._stretch(seqs), (self.unread(),))
            seqs.append(seq)
        return Reading(self._stretch(seqs), ())

    def _descend(self, seq: int) -> None:
        while seq < self._spans[-1].first:
            self._spans.pop()
            self._bounds.pop()
