"""More events than a block has, with words and without: the answers of a list of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NS_PER_S, Event, Place
from trapgate.query import parse_query, predicate
from trapgate.store import SqliteEventStore
from trapgate.store.sqlite.blocks import BLOCK_EVENTS
from trapgate.store.sqlite.indexer import Indexer

STREAMS = ("raw", "raw-bulk", "raw/notes")
ONE_FILE = 6_500
BATCH = 500
COUNT = ONE_FILE + 2 * BATCH

QUERIES = (
    "",
    "event.code:code-0",
    "event.code:rare",
    "event.code:absent",
    "host.name:router-7 and event.severity < 3",
    "host.name:router-1* or source.ip:10.0.0.0/8",
    "not event.code:code-1 and event.module:snmp",
    "message:down",
    'message:"link down"',
    "message:seldom",
    "message:sel*",
    "message:down and message:seldom",
    "message:down and host.name:router-7",
    "message:seldom and event.code:code-0",
    "message:down and event.code:rare",
    "message:down and not message:link",
    "message:down or event.code:rare",
    "source.port:50000 and event.code:rare",
    "interface.name:e3 and event.code:code-2",
    "interface.name:e99",
)


def made() -> list[Event]:
    """Events of three streams that take turns, with gaps in their sequences; the clock is set back
    now and then."""
    random = Random(4)
    sequences = Counter[str]()
    events = []
    at = MIDNIGHT
    for number in range(COUNT):
        stream = random.choices(STREAMS, (20, 6, 1))[0]
        sequences[stream] += 1 if random.random() < 0.9 else random.randrange(2, 9)
        at += random.randrange(NS_PER_S // 5)
        at -= 40 * NS_PER_S if number % 2_500 == 2_499 else 0
        words = ["link"] * random.randrange(2) + ["down"] * random.randrange(2)
        events.append(
            event(
                sequences[stream],
                at,
                stream=stream,
                device=f"router-{random.randrange(400)}",
                code="rare" if number % 2_000 == 77 else f"code-{random.randrange(3)}",
                severity=random.choice((None, *range(8))),
                fields={"interface.name": f"e{random.randrange(48)}"},
                message=" ".join([*words, "seldom" if number % 1_000 == 9 else f"n{number}"]),
            )
        )
    return events


EVENTS = made()
assert sum(e.position.stream == "raw" for e in EVENTS[:ONE_FILE]) > BLOCK_EVENTS
NEWEST_FIRST = sorted(EVENTS, key=lambda e: e.place, reverse=True)


def written(folder: Path, order: Random | None = None) -> None:
    """All of them: most in one file, the others in files of a batch each, and all once more."""
    for events, part_bytes_max in (
        (EVENTS[:ONE_FILE], 1 << 40),
        (EVENTS[ONE_FILE:], 1),
        (EVENTS, 1 << 40),
    ):
        batches = [events[at : at + BATCH] for at in range(0, len(events), BATCH)]
        if order is not None:
            order.shuffle(batches)
        with closing(SqliteEventStore.open(folder, part_bytes_max=part_bytes_max)) as store:
            for batch in batches:
                store.write(batch)


def indexed(folder: Path) -> None:
    indexer = Indexer(folder)
    for _ in indexer.round():
        pass
    indexer.close()


@pytest.fixture(scope="module", params=["scanned", "indexed", "partly indexed", "out of order"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SqliteEventStore]:
    folder = tmp_path_factory.mktemp("events")
    if request.param == "partly indexed":
        with closing(SqliteEventStore.open(folder)) as half:
            half.write(EVENTS[: COUNT // 2])
        indexed(folder)
    written(folder, Random(9) if request.param == "out of order" else None)
    if request.param in ("indexed", "out of order"):
        indexed(folder)
    store = SqliteEventStore.open(folder, read_only=True)
    yield store
    store.close()


@pytest.mark.parametrize("query", QUERIES)
def test_pages_are_those_of_a_list(store: SqliteEventStore, query: str) -> None:
    tree = parse_query(query)
    start, end = MIDNIGHT + 3 * NS_PER_S, EVENTS[-1].received_at - 5 * NS_PER_S
    meets = predicate(tree)
    expected = [e for e in NEWEST_FIRST if start <= e.received_at < end and meets(e)]
    found: list[Event] = []
    before: Place | None = None
    for limit in (7, 300, COUNT):
        page = store.search(tree, start=start, end=end, limit=limit, before=before)
        found += page
        before = found[-1].place if found else None
        assert found == expected[: len(found)]
        assert len(page) == limit or len(found) == len(expected)


@pytest.mark.parametrize("by", ["event.code", "interface.name"])
@pytest.mark.parametrize(
    "query", ["", "host.name:router-1* and event.severity < 5", "message:down"]
)
def test_counts_are_those_of_a_list(store: SqliteEventStore, query: str, by: str) -> None:
    tree = parse_query(query)
    meets = predicate(tree)
    for start, end in (
        (0, 1 << 62),
        (MIDNIGHT + 3 * NS_PER_S, EVENTS[-1].received_at - 5 * NS_PER_S),
        (EVENTS[5_000].received_at, EVENTS[5_100].received_at),
    ):
        events = [e for e in EVENTS if start <= e.received_at < end and meets(e)]
        expected = Counter(_value(e, by) for e in events)
        assert store.aggregate(tree, [by], start=start, end=end) == expected


def _value(event: Event, by: str) -> tuple[str]:
    if by == "event.code":
        return (event.code,)
    return (str(event.fields["interface.name"]),)


def test_rows_that_come_late_are_found_by_their_words(tmp_path: Path) -> None:
    late = [event(n, MIDNIGHT, message="late") for n in (1, 2, 7)]
    with closing(SqliteEventStore.open(tmp_path)) as store:
        store.write([event(n, MIDNIGHT, message="early") for n in (3, 4, 5, 6, 8)])
        indexed(tmp_path)
        store.write([*late, event(9, MIDNIGHT, message="late")])
        for _ in range(2):
            found = store.search(parse_query("message:late"), start=0, end=1 << 62, limit=9)
            assert [each.position.sequence for each in found] == [9, 7, 2, 1]
            indexed(tmp_path)
