"""Named values into parts and fields, and the plans by which it is done."""

from hypothesis import given
from hypothesis import strategies as st

from trapgate.decode.syslog.body.takings import PLANS_CACHED_MAX, Taking, Takings

TAKE: tuple[Taking, ...] = (
    ("time", "date+time", ("date", "time")),
    ("message", "msg", None),
    ("message", "desc", None),
    ("client.ip", "src", None),
)


def _parts(pairs: dict[str, str]) -> dict[str, str]:
    return Takings(TAKE).plan(pairs).taken(pairs)


def _kept(pairs: dict[str, str]) -> dict[str, str]:
    fields = {"event.parser": "x"}
    Takings(TAKE).plan(pairs).keep(fields, pairs)
    return fields


def test_the_first_value_of_a_part_counts() -> None:
    assert _parts({"desc": "b", "msg": "a"}) == {"message": "a"}


def test_an_empty_value_is_none() -> None:
    assert _parts({"msg": "", "desc": "b", "src": ""}) == {"message": "b"}
    assert _kept({"msg": "", "desc": "b"}) == {"event.parser": "x", "syslog.pairs.desc": "b"}


def test_several_are_joined_and_one_of_them_is_enough() -> None:
    assert _parts({"time": "01:00:40", "date": "2026-07-01"}) == {"time": "2026-07-01 01:00:40"}
    assert _parts({"time": "01:00:40"}) == {"time": "01:00:40"}


def test_values_are_kept_under_their_own_names() -> None:
    assert _kept({"b": "1", "a": "2"}) == {
        "event.parser": "x",
        "syslog.pairs.b": "1",
        "syslog.pairs.a": "2",
    }


KEYS = st.sampled_from(("date", "time", "msg", "desc", "src", "x"))


@given(st.lists(st.dictionaries(KEYS, st.sampled_from(("", "1", "2"))), max_size=8))
def test_a_plan_that_is_remembered_is_the_same(lines: list[dict[str, str]]) -> None:
    takings = Takings(TAKE)
    for pairs in (*lines, *lines):
        assert takings.plan(pairs).taken(pairs) == _parts(pairs)
        fields: dict[str, str] = {}
        takings.plan(pairs).keep(fields, pairs)
        assert fields == {f"syslog.pairs.{key}": value for key, value in pairs.items() if value}


def test_the_memory_of_plans_is_bounded() -> None:
    takings = Takings(TAKE)
    for number in range(PLANS_CACHED_MAX + 2):
        takings.plan({f"key{number}": "1"})
        assert len(takings._plans) <= PLANS_CACHED_MAX
