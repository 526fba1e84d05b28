"""Instants by key, the soonest first, none twice."""

from hypothesis import given
from hypothesis import strategies as st

from alerting.samples import BOOT_S, T0, now
from trapgate.alerting.agenda import Agenda, elapsed_of
from trapgate.model import NEVER, NS_PER_S, Now


def test_a_wall_instant_as_the_clocks_stand() -> None:
    assert elapsed_of((T0 + 7) * NS_PER_S, now(5)) == (BOOT_S + 7) * NS_PER_S
    assert elapsed_of((T0 + 3) * NS_PER_S, now(5)) == (BOOT_S + 3) * NS_PER_S
    assert elapsed_of(NEVER, now(5)) == NEVER


def test_the_soonest_comes_first() -> None:
    agenda = Agenda[str]()
    for key, instant in (("c", 30), ("a", 10), ("b", 20), ("d", 40)):
        agenda.put(key, instant)
    assert agenda.next_ns() == 10
    assert list(agenda.due(Now(0, 30))) == ["a", "b", "c"]
    assert not agenda.holds("a")
    assert agenda.next_ns() == 40


def test_a_key_has_one_instant() -> None:
    agenda = Agenda[str]()
    agenda.put("a", 10)
    agenda.put("a", 30)
    assert list(agenda.due(Now(0, 20))) == []
    agenda.put("a", 5)
    assert list(agenda.due(Now(0, 40))) == ["a"]
    assert agenda.next_ns() == NEVER


def test_what_is_put_while_it_is_read_is_read_too() -> None:
    agenda = Agenda[str]()
    agenda.put("a", 10)
    found = []
    for key in agenda.due(Now(0, 20)):
        found.append(key)
        if len(found) < 3:
            agenda.put(f"{key}+", 15)
    assert found == ["a", "a+", "a++"]


def test_dropping_and_never() -> None:
    agenda = Agenda[str]()
    for key in "abc":
        agenda.put(key, 10)
    agenda.drop("a")
    agenda.drop("unknown")
    agenda.put("b", NEVER)
    assert [key for key in "abc" if agenda.holds(key)] == ["c"]
    agenda.clear()
    assert agenda.next_ns() == NEVER


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9) | st.none()), max_size=40),
    st.integers(0, 9),
)
def test_it_is_a_map_in_order(steps: list[tuple[str, int | None]], until: int) -> None:
    agenda, model = Agenda[str](), dict[str, int]()
    for key, instant in steps:
        if instant is None:
            agenda.drop(key)
            model.pop(key, None)
        else:
            agenda.put(key, instant)
            model[key] = instant
    assert agenda.next_ns() == min(model.values(), default=NEVER)
    due = list(agenda.due(Now(0, until)))
    assert sorted(due) == sorted(key for key, instant in model.items() if instant <= until)
    assert [model[key] for key in due] == sorted(model[key] for key in due)
    assert agenda.next_ns() == min((i for i in model.values() if i > until), default=NEVER)
