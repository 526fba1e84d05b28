"""What of a part is looked at for an answer, and what is not."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NS_PER_S, Place
from trapgate.query import parse_query
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.blocks import BLOCK_EVENTS
from trapgate.store.sqlite.folder import DAY_NS, Part, part_path
from trapgate.store.sqlite.plan import planned
from trapgate.store.sqlite.reader import PartReader
from trapgate.store.sqlite.scan import PartScan, Question, pieces

COUNT = 28_000
APART_NS = NS_PER_S // 100
START = MIDNIGHT + 7_200 * NS_PER_S
END = MIDNIGHT + DAY_NS
AHEAD = range(COUNT // 4 + 1, 3 * COUNT // 4 + 1)


class Watched(PartReader):
    """Counts the rows of which the time is read."""

    rows = 0

    def received(self, seqs: Sequence[int]) -> list[tuple[int, int]]:
        self.rows += len(seqs)
        return super().received(seqs)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two streams that take turns for 280 s, half of them, in the middle, an hour ahead."""
    folder: Path = tmp_path_factory.mktemp("events")
    store = SqliteEventStore.open(folder)
    for stream in ("raw", "raw-bulk"):
        events = []
        for n in range(1, COUNT + 1):
            at = START + n * APART_NS
            at += 3_600 * NS_PER_S if n in AHEAD else 0
            code = "rare" if n % 1_000 == 0 else "usual"
            events.append(event(n, at, stream=stream, code=code))
        store.write(events)
    store.close()
    return folder


@pytest.fixture
def reader(folder: Path) -> Iterator[Watched]:
    reader = Watched.open(part_path(folder, Part(MIDNIGHT // DAY_NS)))
    assert reader is not None
    with reader:
        yield reader


def page(reader: Watched, query: str, before: Place | None = None, end: int = END) -> list[Place]:
    """The first 20 events of an answer."""
    question = Question(planned(parse_query(query)), MIDNIGHT, end, before)
    scan = PartScan(0, reader, None, question, nullcontext)
    events = (event for piece in pieces([scan], lambda: 20) for event in piece.events)
    return [event.place for event in islice(events, 20)]


def test_a_page_reads_the_times_of_a_block_of_each_stream(reader: Watched) -> None:
    found = page(reader, "")
    newest = START + 3_600 * NS_PER_S + AHEAD[-1] * APART_NS
    assert [place.received_at for place in found] == [newest - n // 2 * APART_NS for n in range(20)]
    assert reader.rows <= 2 * 2 * BLOCK_EVENTS


def test_a_page_behind_a_place_reads_no_more(reader: Watched) -> None:
    """Neither what is much newer nor what came after the clock was set back."""
    (*_, last) = page(reader, "")
    reader.rows = 0
    found = page(reader, "", before=last)
    assert found[0] < last
    assert reader.rows <= 2 * 2 * BLOCK_EVENTS


def test_a_page_of_a_time_reads_nothing_of_what_lies_between(reader: Watched) -> None:
    """But for the two blocks in which the hour begins and ends."""
    found = page(reader, "", end=START + 3_000 * NS_PER_S)
    assert found[0].position.sequence == COUNT
    assert reader.rows <= 2 * 3 * BLOCK_EVENTS


def test_of_rows_that_are_not_wanted_no_time_is_read(reader: Watched) -> None:
    found = page(reader, "event.code:rare")
    assert [place.position.sequence % 1_000 for place in found] == [0] * 20
    assert reader.rows <= 20 + 2 * 2 * (BLOCK_EVENTS // 1_000 + 1)


def test_where_nothing_is_wanted_nothing_is_read(reader: Watched) -> None:
    assert page(reader, "event.code:absent") == []
    assert page(reader, "", end=MIDNIGHT + 3_000 * NS_PER_S) == []
    assert reader.rows == 0
