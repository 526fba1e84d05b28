"""The stored form: everything comes back, whatever a device named its fields."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import Golden
from normalize.test_document import EVENT
from trapgate.model import NEVER, Dataset, Endpoint, Event, FieldValue, Position, Problem, Span
from trapgate.normalize.stored import TEXT_CHARS_MAX, event_of, stored_document

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PARTS = st.sampled_from(
    ["a", "b", "snmp", "vb", "event", "code", "labels", "trapgate", "position", "odd", "process",
     "pid", "message", "interface", "name", "", " ", "error", "gap", "first", "\0"]
)  # fmt: skip
KEYS = st.lists(PARTS, min_size=1, max_size=4).map(".".join) | TEXTS
VALUES: st.SearchStrategy[FieldValue] = st.one_of(
    TEXTS,
    st.integers(-(2**63), 2**64 - 1),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(TEXTS, max_size=3).map(tuple),
)
DATASETS: st.SearchStrategy[Dataset] = st.sampled_from(["snmp.trap", "syslog.network"])
SPANS = st.none() | st.builds(Span, TEXTS, st.integers(0, 9), st.integers(0, 9))
PROBLEMS = st.builds(Problem, TEXTS, st.sampled_from(["error", "warning"]), TEXTS, SPANS, TEXTS)
EVENTS = st.builds(
    Event,
    id=TEXTS,
    position=st.builds(Position, TEXTS, st.integers(0, 2**44)),
    timestamp=st.integers(0, NEVER),
    received_at=st.integers(0, NEVER),
    clock=TEXTS,
    kind=DATASETS,
    source=st.builds(Endpoint, TEXTS, st.integers(0, 65_535)),
    device=TEXTS,
    severity=st.none() | st.integers(0, 7),
    code=TEXTS,
    labels=st.dictionaries(KEYS, TEXTS, max_size=3),
    fields=st.dictionaries(KEYS, VALUES, max_size=8),
    message=TEXTS,
    raw=st.binary(max_size=20),
    problems=st.lists(PROBLEMS, max_size=2).map(tuple),
)


def there_and_back(event: Event) -> Event:
    text = msgspec.json.encode(stored_document(event))
    return event_of(json.loads(text))


@given(EVENTS)
def test_there_and_back(event: Event) -> None:
    back = there_and_back(event)
    assert back == event
    assert {k: type(v) for k, v in back.fields.items()} == {
        k: type(v) for k, v in event.fields.items()
    }


def with_fields(**fields: FieldValue) -> Event:
    return msgspec.structs.replace(EVENT, fields=fields)


def test_a_whole_document(golden: Golden) -> None:
    event = msgspec.structs.replace(EVENT, fields={**EVENT.fields, "snmp.vb.a.b": 1, "x..y": 2})
    text = json.dumps(stored_document(event), indent=2, ensure_ascii=False)
    golden.check("stored.json", text + "\n")


@pytest.mark.parametrize(
    "key",
    [
        "message.x",  # would be an object where the mapping has a text
        "process",  # and a text where it has an object
        "process.pid.x",
        "event.code",
        "labels",
        "labels.site",
        "trapgate.position",
        "snmp.vb",
        "a..b",
        "a. .b",
        "",
        "a\0b",
        "x" * 300,
    ],
)
def test_a_name_that_elasticsearch_would_misread_is_not_nested(key: str) -> None:
    event = with_fields(**{key: "v"})
    stored: Any = stored_document(event)
    assert stored["trapgate"]["beside"] == [(key, "v")]
    assert stored["trapgate"]["odd"] is True
    bare: Any = stored_document(with_fields())
    del stored["trapgate"], bare["trapgate"]
    assert stored == bare


def test_of_two_fields_that_are_in_each_others_way_the_second_stands_beside() -> None:
    stored: Any = stored_document(with_fields(**{"a": 1, "a.b": 2, "c.d": 3, "c": 4}))
    assert (stored["a"], stored["c"]) == (1, {"d": 3})
    assert stored["trapgate"]["beside"] == [("a.b", 2), ("c", 4)]


def test_the_keys_of_a_container_are_not_split() -> None:
    stored: Any = stored_document(with_fields(**{"snmp.vb.a": 1, "snmp.vb.a.b": 2}))
    assert stored["snmp"]["vb"] == {"a": 1, "a.b": 2}
    assert "beside" not in stored["trapgate"]


@pytest.mark.parametrize(
    ("value", "odd"),
    [
        ("x" * TEXT_CHARS_MAX, False),
        ("x" * (TEXT_CHARS_MAX + 1), True),
        (("x", "x" * (TEXT_CHARS_MAX + 1)), True),
        (5, False),
        (5.0, True),
        (True, False),
    ],
)
def test_what_an_index_may_not_hold_is_marked(value: FieldValue, odd: bool) -> None:
    stored: Any = stored_document(with_fields(**{"snmp.vb.a": value}))
    assert stored["trapgate"].get("odd", False) is odd


def test_a_number_that_json_does_not_have_is_gone() -> None:
    assert there_and_back(with_fields(a=float("nan"), b=1)).fields == {"b": 1}


@pytest.mark.parametrize("stored", [{}, {"event": {}, "trapgate": {}}, {"event": 1, "trapgate": 2}])
def test_another_document_is_refused(stored: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a stored event"):
        event_of(stored)


def test_another_schema_is_refused() -> None:
    stored: Any = stored_document(EVENT)
    stored["trapgate"]["schema"] = 2
    with pytest.raises(ValueError, match="schema 2"):
        event_of(stored)
