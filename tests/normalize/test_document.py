"""One ECS document, whatever the device named its fields."""

import json
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import Golden
from trapgate.model import Dataset, Endpoint, Event, FieldValue, Position, Problem, parse_rfc3339
from trapgate.normalize.document import document

EVENT = Event(
    id="0ab3f1c0" + "0" * 24,
    position=Position("raw", 7),
    timestamp=parse_rfc3339("2026-11-21T09:59:59.5Z"),
    received_at=parse_rfc3339("2026-11-21T10:00:00.123456789Z"),
    clock="device:r1",
    kind="snmp.trap",
    source=Endpoint("10.0.0.7", 50_000),
    device="r1",
    severity=3,
    code="IF-MIB::linkDown",
    labels={"site": "ber1"},
    fields={
        "snmp.trap.oid": "1.3.6.1.6.3.1.1.5.3",
        "snmp.trap.name": "IF-MIB::linkDown",
        "snmp.vb.ifIndex": 3,
        "tags": ("a", "b"),
        "interface.up": False,
    },
    message="IF-MIB::linkDown ifIndex=3",
    raw=b"\x30\x03",
    problems=(
        Problem("truncated", "warning", "the last varbind is cut"),
        Problem("odd", "warning", "odd"),
    ),
)


def with_fields(fields: Mapping[str, FieldValue]) -> dict[str, object]:
    return dict(document(msgspec.structs.replace(EVENT, fields=fields)))


def test_a_whole_document(golden: Golden) -> None:
    text = json.dumps(document(EVENT), indent=2, ensure_ascii=False)
    golden.check("document.json", text + "\n")


def test_what_is_not_there_is_left_out() -> None:
    bare = msgspec.structs.replace(EVENT, code="", severity=None, labels={}, fields={}, problems=())
    found = document(bare)
    event = found["event"]
    assert isinstance(event, dict)
    assert {"code", "severity"} & set(event) == set()
    assert {"labels", "error", "snmp"} & set(found) == set()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"a.b.c": 1}, {"a": {"b": {"c": 1}}}),
        ({"a.b": 1, "a.c": 2}, {"a": {"b": 1, "c": 2}}),
        ({"a": 1, "a.b": 2}, {"a": 1, "a.b": 2}),
        ({"a.b": 2, "a": 1}, {"a": {"b": 2}, "a.value": 1}),
        ({"a.b": 1, "a.b.c.d": 2}, {"a": {"b": 1, "b.c.d": 2}}),
        ({"a": ("x", "y")}, {"a": ["x", "y"]}),
        ({"a..b": 1}, {"a": {"": {"b": 1}}}),
    ],
)
def test_dotted_keys_are_nested_and_collisions_keep_both(
    fields: dict[str, FieldValue], expected: dict[str, object]
) -> None:
    nested = with_fields(fields)
    assert {key: nested[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("kind", "raw", "original", "encoding"),
    [
        ("snmp.trap", b"\x30\x03abc", "3003616263", "hex"),
        ("snmp.trap", b"", "", "hex"),
        ("syslog.network", "<189>Zürich".encode(), "<189>Zürich", None),
        ("syslog.network", b"<189>Z\xfcrich", "<189>Zürich", "latin-1"),
        ("syslog.network", b"\x00\x1b", "\x00\x1b", None),
    ],
)
def test_the_raw_bytes_as_text(
    kind: Dataset, raw: bytes, original: str, encoding: str | None
) -> None:
    event = document(msgspec.structs.replace(EVENT, kind=kind, raw=raw))["event"]
    assert isinstance(event, dict)
    assert event["original"] == original
    assert event.get("original_encoding") == encoding


KEYS = st.lists(st.sampled_from(["a", "b", "value", ""]), min_size=1, max_size=3).map(".".join)


@given(st.dictionaries(KEYS, st.integers(), max_size=8))
def test_no_value_is_lost_and_it_is_json(fields: dict[str, FieldValue]) -> None:
    def leaves(value: object) -> list[object]:
        return (
            [x for v in value.values() for x in leaves(v)] if isinstance(value, dict) else [value]
        )

    found = leaves(with_fields(fields))
    assert all(
        found.count(value) >= list(fields.values()).count(value) for value in fields.values()
    )
    assert json.loads(msgspec.json.encode(with_fields(fields))) == with_fields(fields)
