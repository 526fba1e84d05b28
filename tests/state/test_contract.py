"""What every state store promises, shown on each of them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from trapgate.model import UNIT_PUTS_MAX, Applied, Conflict, Entry, Put, Unit
from trapgate.ports import StateStore
from trapgate.state import MemoryStateStore, SqliteStateStore

Opened = Callable[[], StateStore]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StateStore]:
    store = (
        MemoryStateStore()
        if request.param == "memory"
        else SqliteStateStore.open(tmp_path / "state.sqlite")
    )
    yield store
    store.close()


def unit(*puts: tuple[str, int, bytes | None]) -> Unit:
    return Unit(tuple(Put(*put) for put in puts))


def contents(store: StateStore) -> dict[str, tuple[bytes, int]]:
    return {entry.key: (entry.value, entry.revision) for entry in store.load()[0]}


def test_a_new_store_is_empty(store: StateStore) -> None:
    assert store.load() == ((), 0)


def test_a_unit_writes_all_its_keys_at_one_revision(store: StateStore) -> None:
    assert store.commit([unit(("a", 0, b"1"), ("b", 0, b"")), unit(("c", 0, b"3"))]) == [
        Applied(1),
        Applied(2),
    ]
    assert contents(store) == {"a": (b"1", 1), "b": (b"", 1), "c": (b"3", 2)}
    assert store.load()[1] == 2


def test_a_unit_that_loses_changes_nothing(store: StateStore) -> None:
    store.commit([unit(("a", 0, b"1"))])
    (outcome,) = store.commit([unit(("b", 0, b"2"), ("a", 7, b"9"), ("none", 3, b"9"))])
    assert outcome == Conflict((Entry("a", b"1", 1),))
    assert contents(store) == {"a": (b"1", 1)}
    assert store.load()[1] == 1


def test_a_key_that_exists_is_not_made_anew(store: StateStore) -> None:
    store.commit([unit(("a", 0, b"1"))])
    assert store.commit([unit(("a", 0, b"2"))]) == [Conflict((Entry("a", b"1", 1),))]


def test_a_later_unit_sees_what_earlier_ones_wrote(store: StateStore) -> None:
    outcomes = store.commit(
        [
            unit(("a", 0, b"1")),
            unit(("a", 0, b"2"), ("b", 0, b"2")),
            unit(("a", 1, b"3")),
            unit(("a", 2, None)),
            unit(("a", 2, b"4")),
            unit(("a", 0, b"5")),
        ]
    )
    assert outcomes == [
        Applied(1),
        Conflict((Entry("a", b"1", 1),)),
        Applied(2),
        Applied(3),
        Conflict(()),
        Applied(4),
    ]
    assert contents(store) == {"a": (b"5", 4)}


def test_a_deleted_key_is_gone_and_may_come_back(store: StateStore) -> None:
    store.commit([unit(("a", 0, b"1"), ("b", 0, b"2"))])
    assert store.commit([unit(("a", 1, None), ("none", 0, None))]) == [Applied(2)]
    assert contents(store) == {"b": (b"2", 1)}
    assert store.commit([unit(("a", 0, b"3"))]) == [Applied(3)]
    assert contents(store) == {"a": (b"3", 3), "b": (b"2", 1)}


def test_no_units_are_no_outcomes(store: StateStore) -> None:
    assert store.commit([]) == []
    assert store.load() == ((), 0)


def of_puts(count: int) -> Unit:
    return unit(*((f"key {n}", 0, b"") for n in range(count)))


def test_a_unit_that_no_store_takes_is_a_bug(store: StateStore) -> None:
    twice = unit(("a", 1, b"2"), ("a", 1, b"3"))
    for bad in (twice, of_puts(store.unit_puts_max + 1)):
        with pytest.raises(ValueError, match="a unit"):
            store.commit([unit(("a", 0, b"1")), bad])
        assert store.load() == ((), 0)


def test_a_unit_may_be_full(store: StateStore) -> None:
    assert store.unit_puts_max >= UNIT_PUTS_MAX
    assert store.commit([of_puts(store.unit_puts_max)]) == [Applied(1)]
    assert len(store.load()[0]) == store.unit_puts_max


def test_there_are_no_others_to_watch(store: StateStore) -> None:
    store.commit([unit(("a", 0, b"1"))])
    assert list(store.watch(0)) == []


KEYS = st.sampled_from("abcde")
WRITES = st.dictionaries(
    KEYS, st.tuples(st.sampled_from(("current", "old", "none")), st.none() | st.binary(max_size=3))
)


class AllStoresAgree(RuleBasedStateMachine):
    """Any units in any order, SQLite closed and opened again in between: the same outcomes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name, "state.sqlite")
        self.memory = MemoryStateStore()
        self.sqlite = SqliteStateStore.open(self.path)

    @rule(batch=st.lists(WRITES, max_size=4))
    def commit(self, batch: Sequence[dict[str, tuple[str, bytes | None]]]) -> None:
        revisions = {entry.key: entry.revision for entry in self.memory.load()[0]}

        def expected(which: str, key: str) -> int:
            current = revisions.get(key, 0)
            return {"current": current, "old": max(current - 1, 0), "none": 0}[which]

        units = [
            unit(*((key, expected(which, key), value) for key, (which, value) in writes.items()))
            for writes in batch
        ]
        assert self.sqlite.commit(units) == self.memory.commit(units)

    @rule()
    def reopen(self) -> None:
        self.sqlite.close()
        self.sqlite = SqliteStateStore.open(self.path)

    @invariant()
    def same_contents(self) -> None:
        assert contents(self.sqlite) == contents(self.memory)
        assert self.sqlite.load()[1] == self.memory.load()[1]

    def teardown(self) -> None:
        self.sqlite.close()
        self.folder.cleanup()


AllStoresAgree.TestCase.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)
TestAllStoresAgree = AllStoresAgree.TestCase
