"""The newest rows first, out of lists that are only nearly in order, and how little is read."""

from collections.abc import Iterator, Sequence
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import NS_PER_S
from trapgate.store.sqlite.order import (
    SETBACK_NS,
    Candidate,
    Descent,
    Unread,
    chains,
    newest_first,
)
from trapgate.store.sqlite.reader import Span

S = NS_PER_S


def wanted(_span: Span) -> bool:
    return True


@pytest.mark.parametrize(
    ("untils_s", "lists"),
    [
        ([], []),
        ([1, 2, 2, 5], [[1, 2, 2, 5]]),
        # what waited is no reason to begin another list
        ([10, 9.5, 10.1, 9.2], [[10, 9.5, 10.1, 9.2]]),
        # an hour of the future, and back again
        ([10, 20, 3_620, 3_630, 30, 40], [[10, 20, 3_620, 3_630], [30, 40]]),
        # by little each time, but more than a setback together
        ([10, 9.6, 9.2, 8.8, 8.4], [[10, 9.6, 9.2], [8.8, 8.4]]),
    ],
)
def test_a_clock_that_is_set_back_begins_another_list(
    untils_s: list[float], lists: list[list[float]]
) -> None:
    assert SETBACK_NS == S
    spans = [Span(n, n, 0, int(until * S)) for n, until in enumerate(untils_s)]
    found = chains(spans, wanted)
    assert [[span.until / S for span in chain] for chain in found] == lists


def test_what_is_not_wanted_is_between_lists() -> None:
    spans = [Span(n, n, n * S, n * S) for n in range(6)]
    found = chains(spans, lambda span: span.first not in (0, 3))
    assert [[span.first for span in chain] for chain in found] == [[1, 2], [4, 5]]


class Stream:
    """A stream in blocks of some rows; `read` are the rows of which the time was read."""

    def __init__(self, name: str, times: Sequence[int], block: int) -> None:
        self.read: list[int] = []
        self.rows = [Candidate(at, name, seq, 0) for seq, at in enumerate(times, 1)]
        blocks = [self.rows[at : at + block] for at in range(0, len(times), block)]
        self._spans = [
            Span(rows[0].sequence, rows[-1].sequence, min(rows).received_at, max(rows).received_at)
            for rows in blocks
        ]

    def unread(self) -> list[Unread]:
        return [self._descent(chain).unread() for chain in chains(self._spans, wanted)]

    def _descent(self, chain: Sequence[Span]) -> Descent:
        name = self.rows[0].stream

        def stretch(seqs: Sequence[int]) -> Sequence[Candidate]:
            self.read += seqs
            return [self.rows[seq - 1] for seq in seqs]

        seqs: Iterator[int] = iter(range(chain[-1].last, chain[0].first - 1, -1))
        return Descent(chain, seqs, stretch, lambda s: Candidate(s.until, name, s.last, 0))


times = st.lists(st.integers(0, 12).map(lambda half: half * S // 2), min_size=1, max_size=40)


@given(st.lists(st.tuples(times, st.integers(1, 7)), max_size=4))
def test_any_streams_come_in_order(histories: list[tuple[list[int], int]]) -> None:
    streams = [Stream(f"s{n}", *history) for n, history in enumerate(histories)]
    found = list(newest_first([each for stream in streams for each in stream.unread()]))
    assert found == sorted((row for stream in streams for row in stream.rows), reverse=True)


def first_page(streams: Sequence[Stream], rows: int) -> list[Candidate]:
    unread = [each for stream in streams for each in stream.unread()]
    return list(islice(newest_first(unread), rows))


def test_a_page_reads_one_block_of_each_stream() -> None:
    streams = [Stream(name, [n * S for n in range(1_000)], 100) for name in "abc"]
    page = first_page(streams, 100)
    assert (page[0].stream, page[-1].received_at) == ("c", 966 * S)
    assert [len(stream.read) for stream in streams] == [100, 100, 100]


def test_a_late_stream_is_not_read_before_its_time() -> None:
    late = Stream("late", [n * S for n in range(500)], 100)
    first_page([late, Stream("a", [n * S for n in range(1_000)], 100)], 300)
    assert late.read == []


def test_a_page_before_a_setback_does_not_read_what_came_after_it() -> None:
    """A minute of the future, of which the rows are the newest for an hour."""
    times = [*range(1_000), *range(5_000, 5_100), *range(1_000, 4_000)]
    stream = Stream("a", [at * S for at in times], 100)
    page = first_page([stream], 90)
    assert page[0].received_at == 5_099 * S
    assert len(stream.read) == 100
