"""The embedded event store, as its callers see it."""

import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from store.events import MIDNIGHT, event, event_id
from trapgate.model import NEVER, NS_PER_S, Event, Now, Place, Position
from trapgate.model.query import And, Everything, Query, Word
from trapgate.store import (
    NewerSchema,
    SqliteEventStore,
    StoreLocked,
    StoreUnavailable,
    TooManyGroups,
    TooManyRows,
    Unstorable,
)
from trapgate.store.groups import GROUPS_MAX
from trapgate.store.sqlite.folder import (
    ASIDE_MAX,
    DAY_NS,
    Part,
    part_path,
    set_aside,
    stored_parts,
)
from trapgate.store.sqlite.schema import BUSY_TIMEOUT_S
from trapgate.store.sqlite.writers import PART_BYTES_MAX

TODAY = MIDNIGHT // DAY_NS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteEventStore]:
    store = SqliteEventStore.open(tmp_path)
    yield store
    store.close()


def sequences(events: Sequence[Event]) -> list[int]:
    return [event.position.sequence for event in events]


def everything(store: SqliteEventStore, query: Query = Everything()) -> list[int]:  # noqa: B008
    return sequences(store.search(query, start=0, end=NEVER, limit=1_000))


def test_an_event_comes_back_as_it_was(store: SqliteEventStore) -> None:
    written = event(1, severity=3, labels={"site": "ber1"}, fields={"interface.name": "Gi0/1"})
    store.write([written])
    assert store.search(Everything(), start=0, end=NEVER, limit=1) == [written]
    assert store.since(Position("raw-1", 0), 1) == [written]
    assert store.get(written.id) == written


def test_newest_first_from_all_days(store: SqliteEventStore) -> None:
    store.write([event(n, MIDNIGHT + (n - 3) * DAY_NS) for n in range(1, 6)])
    assert everything(store) == [5, 4, 3, 2, 1]
    assert sequences(store.search(Everything(), start=0, end=NEVER, limit=2)) == [5, 4]
    assert store.search(Everything(), start=0, end=NEVER, limit=0) == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(3, 5, [4, 3]), (3, 4, [3]), (3, 3, []), (5, 3, []), (0, 2, [1]), (9, 99, [9])],
)
def test_the_end_is_not_in_the_range(
    store: SqliteEventStore, start: int, end: int, expected: list[int]
) -> None:
    store.write([event(n) for n in range(1, 10)])
    found = store.search(
        Everything(), start=MIDNIGHT + start * NS_PER_S, end=MIDNIGHT + end * NS_PER_S, limit=99
    )
    assert sequences(found) == expected


CODES = ("IF-MIB::linkDown", "IF-MIB::linkUp")
DEVICES = ("router-1", "router-2", "router-3")


@pytest.mark.parametrize(
    ("query", "step"),
    [
        (Word("event.code", CODES[1]), 2),
        (Word("host.name", DEVICES[2]), 3),
        (And((Word("event.code", CODES[1]), Word("host.name", DEVICES[2]))), 6),
        (And((Word("host.name", DEVICES[2]), Word("message", "m5"))), None),
        (Word("event.code", "UPDOWN"), None),
        (Word("host.name", "router-9"), None),
        (And((Word("event.code", CODES[0]), Word("event.code", CODES[1]))), None),
    ],
)
def test_a_query_of_hot_fields(store: SqliteEventStore, query: Query, step: int | None) -> None:
    store.write([event(n, code=CODES[n % 2 == 0], device=DEVICES[n % 3 - 1]) for n in range(1, 31)])
    expected = list(range(30, 0, -step)) if step else []
    assert everything(store, query) == expected


def test_who_holds_a_lock_does_not_hold_up_the_writer(
    store: SqliteEventStore, tmp_path: Path
) -> None:
    """A backup or a shell: who pages waits in the same thread."""
    store.write([event(1)])
    (part,) = stored_parts(tmp_path)
    with closing(sqlite3.connect(part_path(tmp_path, part), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started_at = time.monotonic()
        with pytest.raises(StoreUnavailable, match="locked"):
            store.write([event(2)])
        assert time.monotonic() - started_at < BUSY_TIMEOUT_S / 5
        other.execute("ROLLBACK")
    store.write([event(2)])
    assert everything(store) == [2, 1]


def test_writing_again_changes_nothing(store: SqliteEventStore) -> None:
    store.write([event(1, message="first")])
    store.write([event(1, message="again"), event(2)])
    assert everything(store) == [2, 1]
    (first,) = store.since(Position("raw-1", 0), 1)
    assert first.message == "first"


def test_writing_an_older_batch_again_hides_nothing(store: SqliteEventStore) -> None:
    batches = [[event(n, MIDNIGHT) for n in range(first, first + 3)] for first in (1, 4, 7)]
    for batch in (batches[1], batches[2], batches[0], batches[1]):
        store.write(batch)
    assert everything(store) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def test_an_empty_batch_is_nothing(store: SqliteEventStore, tmp_path: Path) -> None:
    store.write([])
    assert stored_parts(tmp_path) == []


def test_the_same_id_twice_is_the_first(store: SqliteEventStore) -> None:
    id_ = event_id(1, MIDNIGHT)
    store.write([event(n, MIDNIGHT, id=id_, message=f"copy {n}") for n in (1, 2, 3)])
    found = store.get(id_)
    assert found is not None
    assert found.message == "copy 1"


@pytest.mark.parametrize("part_bytes_max", [1, PART_BYTES_MAX])
def test_the_first_of_an_id_is_who_was_received_first(tmp_path: Path, part_bytes_max: int) -> None:
    """Not who was written first, nor who is in the first file."""
    id_ = event_id(1, MIDNIGHT)
    copies = {"raw": (8, 3), "raw-bulk": (5, 2, 9)}
    with closing(SqliteEventStore.open(tmp_path, part_bytes_max=part_bytes_max)) as store:
        for stream, times in copies.items():
            for n, at in enumerate(times, 1):
                store.write([event(n, MIDNIGHT + at, stream=stream, id=id_)])
        found = store.get(id_)
        assert found is not None
        assert found.place == Place(MIDNIGHT + 2, Position("raw-bulk", 2))


@pytest.mark.parametrize(
    "id_", ["", "x", "0" * 32, event_id(2, MIDNIGHT), event_id(1, NEVER), "ü" * 32, "-" + "1" * 31]
)
def test_an_id_that_is_not_there(store: SqliteEventStore, id_: str) -> None:
    store.write([event(1)])
    assert store.get(id_) is None


def test_counts_by_fields(store: SqliteEventStore) -> None:
    store.write(
        [
            event(1, severity=3, fields={"snmp.varbinds": ("a", "b", "a"), "interface.up": True}),
            event(2, severity=3, device="", fields={"snmp.varbinds": ()}),
            event(3, MIDNIGHT + DAY_NS, device="router-2"),
        ]
    )

    def counts(*by: str) -> object:
        return store.aggregate(Everything(), by, start=0, end=NEVER)

    assert counts() == {(): 3}
    assert counts("host.name", "event.severity") == {
        ("router-1", "3"): 1,
        ("", "3"): 1,
        ("router-2", ""): 1,
    }
    assert counts("snmp.varbinds") == {("a",): 1, ("b",): 1, ("",): 2}
    assert counts("interface.up") == {("true",): 1, ("",): 2}
    some = store.aggregate(Word("host.name", "router-2"), ["event.code"], start=0, end=NEVER)
    assert some == {("IF-MIB::linkDown",): 1}


def test_groups_are_bounded(store: SqliteEventStore) -> None:
    store.write([event(1, fields={"snmp.varbinds": tuple(map(str, range(GROUPS_MAX + 1)))})])
    with pytest.raises(TooManyGroups, match="narrow"):
        store.aggregate(Everything(), ["snmp.varbinds"], start=0, end=NEVER)
    assert store.aggregate(Everything(), ["host.name"], start=0, end=NEVER) == {("router-1",): 1}


def test_a_stream_is_followed_over_midnights_and_other_streams(store: SqliteEventStore) -> None:
    # the clock was set back over midnight after the second event
    days = (0, 1, 0, 0, 1, 2)
    store.write([event(n, MIDNIGHT + day * DAY_NS) for n, day in enumerate(days, 1)])
    store.write([event(n, stream="raw-2") for n in range(1, 9)])
    for after in range(7):
        for limit in (0, 1, 2, 9):
            found = store.since(Position("raw-1", after), limit)
            assert sequences(found) == list(range(after + 1, 7))[:limit]
    assert store.since(Position("raw-3", 0), 9) == []
    assert store.since(Position("raw-1", 1 << 44), 9) == []


def test_a_page_continues_behind_an_event_that_is_gone(store: SqliteEventStore) -> None:
    store.write([event(n, MIDNIGHT) for n in (1, 2, 4, 5)])
    for gone, expected in (
        (Place(MIDNIGHT, Position("raw-1", 3)), [2, 1]),
        (Place(MIDNIGHT, Position("raw-1", 1 << 50)), [5, 4, 2, 1]),
        (Place(MIDNIGHT, Position("raw-0", 9)), []),
        (Place(MIDNIGHT, Position("raw-2", 1)), [5, 4, 2, 1]),
        (Place(MIDNIGHT + 10 * NS_PER_S, Position("", 1)), [5, 4, 2, 1]),
        (Place(MIDNIGHT - 1, Position("raw-9", 1)), []),
        (Place(NEVER, Position("raw-1", 1)), [5, 4, 2, 1]),
    ):
        page = store.search(Everything(), start=0, end=NEVER, limit=9, before=gone)
        assert sequences(page) == expected, gone


arrivals = st.lists(
    st.tuples(st.sampled_from(("raw-1", "raw-2")), st.integers(-25, 25), st.integers(0, 2)),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(
    arrivals,
    st.integers(1, 7),
    st.integers(4, 15),
    st.sampled_from((1, PART_BYTES_MAX)),
    st.randoms(use_true_random=False),
)
def test_clocks_and_streams_in_any_order(
    arrivals: list[tuple[str, int, int]], page: int, size: int, part_bytes: int, random: Random
) -> None:
    """Pages, ranges, ids and positions agree with a list, whatever the clock did, however often a
    batch is written and however many files a day has."""
    numbers: Counter[str] = Counter()
    events = []
    for stream, offset_s, code in arrivals:
        numbers[stream] += 1
        at = MIDNIGHT + offset_s * NS_PER_S
        id_ = event_id(numbers[stream], at)
        id_ = f"{id_[:8]}{stream[-1]}{id_[9:]}"
        events.append(event(numbers[stream], at, stream=stream, id=id_, code=f"code-{code}"))
    with TemporaryDirectory() as folder:
        store = SqliteEventStore.open(Path(folder), part_bytes_max=part_bytes)
        batches = [events[start : start + size] for start in range(0, len(events), size)] * 2
        random.shuffle(batches)
        for batch in batches:
            store.write(batch)
        agrees_with(store, events, page)
        store.close()


def agrees_with(store: SqliteEventStore, events: list[Event], page: int) -> None:
    found: list[Event] = []
    while True:
        before = found[-1].place if found else None
        more = store.search(Everything(), start=0, end=NEVER, limit=page, before=before)
        if not more:
            break
        found += more
    assert found == sorted(events, key=lambda event: event.place, reverse=True)
    for stream in ("raw-1", "raw-2"):
        assert store.since(Position(stream, 0), 99) == [
            event for event in events if event.position.stream == stream
        ]
    start, end = MIDNIGHT - 7 * NS_PER_S, MIDNIGHT + 12 * NS_PER_S
    inside = [event for event in found if start <= event.received_at < end]
    assert store.search(Everything(), start=start, end=end, limit=99) == inside
    assert store.search(Word("event.code", "code-1"), start=start, end=end, limit=99) == [
        event for event in inside if event.code == "code-1"
    ]
    assert all(store.get(event.id) == event for event in events)


def test_a_batch_that_fails_leaves_nothing(store: SqliteEventStore, tmp_path: Path) -> None:
    store.write([event(1)])
    with sqlite3.connect(part_path(tmp_path, Part(TODAY))) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.seq & 0xff = 4"
            " BEGIN SELECT RAISE(ABORT, 'no space'); END"
        )
    other.close()
    batch = [event(n, code=f"new-{n}", device=f"new-{n}") for n in (2, 3, 4)]
    with pytest.raises(StoreUnavailable, match="no space") as caught:
        store.write(batch)
    assert caught.value.reason == "no space"
    assert everything(store) == [1]
    with sqlite3.connect(part_path(tmp_path, Part(TODAY))) as other:
        other.execute("DROP TRIGGER full")
    other.close()
    store.write([event(9, code="other", device="other"), *batch])
    assert store.since(Position("raw-1", 1), 3) == batch


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (event(2, message="\ud800"), "surrogates"),
        (event(2, code="\ud800"), "surrogates"),
        (event(2, timestamp=NEVER + 1), "64 bits"),
        (event(0), "out of range"),
        (event(1 << 44, MIDNIGHT), "out of range"),
    ],
)
def test_an_event_that_no_row_can_hold_is_named(
    store: SqliteEventStore, bad: Event, reason: str
) -> None:
    with pytest.raises(Unstorable, match=reason) as caught:
        store.write([event(1, code="new"), bad])
    assert caught.value.position == bad.position
    assert everything(store) == []
    store.write([event(3, code="newer"), event(1, code="new")])
    assert everything(store, Word("event.code", "new")) == [1]


def test_a_reader_sees_what_is_committed_and_new_days(tmp_path: Path) -> None:
    reader = SqliteEventStore.open(tmp_path / "events", read_only=True)
    assert everything(reader) == []
    writer = SqliteEventStore.open(tmp_path / "events")
    assert everything(reader) == []
    for n in (1, 2, 3):
        writer.write([event(n, MIDNIGHT + n // 2 * DAY_NS)])
        assert everything(reader) == list(range(n, 0, -1))
    writer.close()
    assert everything(reader) == [3, 2, 1]
    assert everything(SqliteEventStore.open(tmp_path / "events")) == [3, 2, 1]


def test_a_reader_does_not_write(tmp_path: Path) -> None:
    reader = SqliteEventStore.open(tmp_path, read_only=True)
    with pytest.raises(ValueError, match="read only"):
        reader.write([event(1)])
    with pytest.raises(ValueError, match="read only"):
        reader.retain(Now(NEVER, 0))
    assert list(tmp_path.iterdir()) == []


def test_a_closed_store_does_not_write(store: SqliteEventStore) -> None:
    store.write([event(1)])
    store.close()
    store.close()
    with pytest.raises(ValueError, match="closed"):
        store.write([event(2)])


def test_a_second_writer_is_refused(store: SqliteEventStore, tmp_path: Path) -> None:
    with pytest.raises(StoreLocked, match="another process"):
        SqliteEventStore.open(tmp_path)
    store.close()
    SqliteEventStore.open(tmp_path).close()


def test_files_are_their_owners_only(store: SqliteEventStore, tmp_path: Path) -> None:
    store.write([event(1)])
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path, read_only: bool) -> None:
    path = part_path(tmp_path, Part(TODAY))
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 3")
    other.close()
    content = path.read_bytes()
    with pytest.raises(NewerSchema, match="schema version is 3") as caught:
        SqliteEventStore.open(tmp_path, read_only=read_only)
    assert (caught.value.path, caught.value.found, caught.value.known) == (path, 3, 2)
    assert path.read_bytes() == content


def older_day(folder: Path, offset: int) -> Path:
    """A file of schema 1 as a killed trapgate leaves it: all that is in it is in its journal."""
    path = part_path(folder, Part(TODAY + offset))
    with closing(sqlite3.connect(folder / "open.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("CREATE TABLE events (message TEXT)")
        connection.execute("INSERT INTO events VALUES ('of before')")
        connection.execute("PRAGMA user_version = 1")
        for suffix in ("", "-wal", "-shm"):
            shutil.copy(folder / f"open.sqlite{suffix}", f"{path}{suffix}")
    (folder / "open.sqlite").unlink()
    return path


@pytest.mark.parametrize("offset", [-2, 0])
def test_an_older_file_is_set_aside_with_its_journal(tmp_path: Path, offset: int) -> None:
    broken_days(tmp_path)
    path = older_day(tmp_path, offset)
    with capture_logs() as logs:
        store = SqliteEventStore.open(tmp_path)
    assert [log["event"] for log in logs] == ["store.set-aside"]
    assert "its schema version is 1, this trapgate reads 2 only" in logs[0]["reason"]
    aside = path.with_suffix(".older-1.sqlite")
    assert list(store.broken) == [aside.name]
    store.write([event(6)])
    assert everything(store) == [n for n in (6, 5, 4, 3, 2, 1) if n != 5 + offset]
    with closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT message FROM events").fetchall() == [("of before",)]
    superseded(store)
    assert stems(tmp_path) == {"events", "events-2026-11-30"}
    store.close()


def test_readers_pass_over_an_older_file(tmp_path: Path) -> None:
    broken_days(tmp_path)
    path = older_day(tmp_path, -2)
    content = path.read_bytes()
    store = SqliteEventStore.open(tmp_path, read_only=True)
    assert list(store.broken) == [path.name]
    assert everything(store) == [5, 4, 2, 1]
    assert sequences(store.since(Position("raw-1", 0), 9)) == [1, 2, 4, 5]
    assert store.get(event_id(3, MIDNIGHT - 2 * DAY_NS)) is None
    assert store.aggregate(Everything(), [], start=0, end=NEVER) == {(): 4}
    assert path.read_bytes() == content


def test_an_older_file_that_appears_is_set_aside_when_it_is_written(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path)
    path = older_day(tmp_path, 0)
    store.write([event(6)])
    assert everything(store) == [6]
    assert path.with_suffix(".older-1.sqlite").exists()
    store.close()


def test_a_file_whose_making_was_cut_short_is_made(tmp_path: Path) -> None:
    part_path(tmp_path, Part(TODAY)).touch()
    store = SqliteEventStore.open(tmp_path)
    assert everything(store) == []
    store.write([event(1)])
    assert everything(store) == [1]
    store.close()


def superseded(store: SqliteEventStore) -> None:
    """A newer day has come, and all before it is deleted."""
    store.write([event(99, MIDNIGHT + 9 * DAY_NS)])
    store.retain(Now(MIDNIGHT, 0), bytes_max=0)


def stems(folder: Path) -> set[str]:
    """What the files are of: `events` is the lock."""
    return {path.name.partition(".")[0] for path in folder.iterdir()}


def broken_days(folder: Path, *offsets: int) -> None:
    """Five days with an event each, the last is today; some of them broken."""
    store = SqliteEventStore.open(folder)
    store.write([event(n, MIDNIGHT + (n - 5) * DAY_NS) for n in range(1, 6)])
    store.close()
    for offset in offsets:
        part_path(folder, Part(TODAY + offset)).write_bytes(b"this is no database" * 400)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_broken_day_stops_no_other(tmp_path: Path, read_only: bool) -> None:
    broken_days(tmp_path, -2)
    store = SqliteEventStore.open(tmp_path, read_only=read_only)
    assert store.broken == {"events-2026-11-19.sqlite": "file is not a database"}
    assert everything(store) == [5, 4, 2, 1]
    assert sequences(store.since(Position("raw-1", 0), 9)) == [1, 2, 4, 5]
    assert store.get(event_id(3, MIDNIGHT - 2 * DAY_NS)) is None
    behind = Place(MIDNIGHT - 3 * DAY_NS, Position("raw-1", 2))
    page = store.search(Everything(), start=0, end=NEVER, limit=9, before=behind)
    assert sequences(page) == [1]
    store.close()


def test_a_day_that_breaks_while_it_is_open_is_passed_over(tmp_path: Path) -> None:
    broken_days(tmp_path)
    store = SqliteEventStore.open(tmp_path, read_only=True)
    part_path(tmp_path, Part(TODAY)).write_bytes(b"this is no database" * 400)
    assert everything(store) == [4, 3, 2, 1]
    assert list(store.broken) == ["events-2026-11-21.sqlite"]


def test_a_broken_day_that_is_written_is_set_aside(tmp_path: Path) -> None:
    broken_days(tmp_path, 0)
    wal = part_path(tmp_path, Part(TODAY)).with_name("events-2026-11-21.sqlite-wal")
    wal.write_bytes(b"of the broken one")
    store = SqliteEventStore.open(tmp_path)
    store.write([event(6)])
    assert everything(store) == [6, 4, 3, 2, 1]
    assert store.broken == {"events-2026-11-21.broken-1.sqlite": "file is not a database"}
    aside = tmp_path / "events-2026-11-21.broken-1.sqlite"
    assert aside.read_bytes().startswith(b"this is no database")
    assert stored_parts(tmp_path) == [Part(TODAY + n) for n in range(-4, 1)]
    superseded(store)
    assert stems(tmp_path) == {"events", "events-2026-11-30"}
    assert store.broken == {}
    store.close()


def test_a_disk_that_breaks_every_file_is_not_filled(tmp_path: Path) -> None:
    path = part_path(tmp_path, Part(TODAY))
    for number in range(1, ASIDE_MAX + 1):
        path.write_bytes(b"broken")
        assert set_aside(tmp_path, Part(TODAY)).name == f"events-2026-11-21.broken-{number}.sqlite"
    path.write_bytes(b"this is no database" * 400)
    store = SqliteEventStore.open(tmp_path)
    with pytest.raises(StoreUnavailable, match="broken again"):
        store.write([event(1)])
    store.close()


def test_a_search_examines_so_many_events_and_says_so(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path, rows_max=5)
    store.write([event(n, device=f"router-{n}") for n in range(1, 8)])
    rare = Word("source.port", "9")
    with pytest.raises(TooManyRows, match="5 events were examined and 0 of them met") as caught:
        store.search(rare, start=0, end=NEVER, limit=1)
    assert caught.value.reached is not None
    rest = store.search(rare, start=0, end=NEVER, limit=1, before=caught.value.reached)
    assert rest == []
    assert everything_of(store, 5) == [7, 6, 5, 4, 3]
    with pytest.raises(TooManyRows, match="5 of them") as caught:
        everything_of(store, 6)
    assert sequences(caught.value.events) == [7, 6, 5, 4, 3]
    assert everything_of(store, 6, caught.value.reached) == [2, 1]
    assert store.search(rare, start=MIDNIGHT + 10 * NS_PER_S, end=NEVER, limit=1) == []
    narrowed = store.search(Word("host.name", "router-1"), start=0, end=NEVER, limit=9)
    assert sequences(narrowed) == [1]
    none = store.search(Word("source.ip", "192.0.2.9"), start=0, end=NEVER, limit=9)
    assert none == []
    store.close()


def test_a_count_beside_other_work_reads_so_many_events_or_refuses(tmp_path: Path) -> None:
    store = SqliteEventStore.open(tmp_path, counted_max=5)
    store.write([event(n, device=f"router-{n % 2}") for n in range(1, 8)])
    whole = {"start": 0, "end": NEVER}
    with pytest.raises(TooManyRows, match="5 events were examined"):
        store.aggregate(Everything(), ("source.port",), **whole)
    with pytest.raises(TooManyRows):
        store.aggregate(Word("source.port", "9"), ("host.name",), **whole)
    assert store.aggregate(Everything(), ("host.name",), **whole) == {
        ("router-0",): 3,
        ("router-1",): 4,
    }
    one = Word("host.name", "router-0")  # the rows of the other need not be read
    assert sum(store.aggregate(one, ("source.port",), **whole).values()) == 3
    store.close()
    with closing(SqliteEventStore.open(tmp_path, read_only=True)) as unbounded:
        counted = unbounded.aggregate(Everything(), ("source.port",), **whole)
        assert sum(counted.values()) == 7


def everything_of(store: SqliteEventStore, limit: int, before: Place | None = None) -> list[int]:
    found = store.search(Everything(), start=0, end=NEVER, limit=limit, before=before)
    return sequences(found)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="Not a directory"):
        SqliteEventStore.open(tmp_path / "file" / "events")
