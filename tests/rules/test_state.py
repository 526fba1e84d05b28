import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.samples import up_or_down
from trapgate.model import EVENT_IDS_MAX
from trapgate.rules import KeyState, StateUnreadable, decode_state, encode_state, state_key
from trapgate.rules.state import rule_of, with_events

INT64 = st.integers(-(2**63), 2**63 - 1)
LABELS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)
STATES = st.builds(
    KeyState,
    condition=st.sampled_from(("raised", "cleared")),
    key=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    at=INT64,
    clock=st.text(max_size=9),
    arrived_at=INT64,
    changed_at=INT64,
    labels=LABELS,
    fingerprint=st.text(max_size=5),
    annotations=LABELS,
    starts_at=INT64,
    ends_at=INT64,
    count=st.integers(0, 2**63 - 1),
    event_ids=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    schema=st.just(1),
)


@given(STATES)
def test_a_stored_state_is_read_back(state: KeyState) -> None:
    assert decode_state(encode_state(state)) == state


def test_the_stored_form_names_its_schema() -> None:
    stored = msgspec.msgpack.decode(encode_state(KeyState("raised", ("r1",), 1, "arrival", 1, 2)))
    assert stored["schema"] == 1


def test_another_schema_is_refused_by_its_number() -> None:
    data = msgspec.msgpack.encode({"schema": 2, "condition": {"new": "shape"}})
    with pytest.raises(StateUnreadable, match="schema 2, this version reads 1") as caught:
        decode_state(data)
    assert caught.value.schema == 2


@given(st.one_of(st.binary(max_size=40), STATES.map(encode_state).map(lambda data: data[:-1])))
def test_a_damaged_state_is_refused(data: bytes) -> None:
    with pytest.raises(StateUnreadable):
        decode_state(data)


def test_a_state_key_names_rule_and_key() -> None:
    (match,) = up_or_down("down", 0, uid="0123456789abcdef").matches
    key = state_key(match)
    assert key == "r/0123456789abcdef/79bd2a48cefce63b"
    assert rule_of(key) == "0123456789abcdef"


def test_key_values_are_kept_apart() -> None:
    keys = {("a", "b"), ("ab", ""), ("", "ab"), ("a,b",), ("a", "b", "")}
    found = {state_key(up_or_down("down", 0, uid="u", key=key).matches[0]) for key in keys}
    assert len(found) == len(keys)


def test_the_first_event_and_the_newest_are_kept() -> None:
    ids: tuple[str, ...] = ()
    for number in range(EVENT_IDS_MAX + 5):
        ids = with_events(ids, (f"e{number}",))
    assert len(ids) == EVENT_IDS_MAX
    assert (ids[0], ids[1], ids[-1]) == ("e0", "e6", "e14")
    assert with_events(ids, ("e14",)) == ids
    assert with_events((), (f"e{number}" for number in range(EVENT_IDS_MAX + 5))) == ids
