"""An event comes back from its row as it went in."""

import msgspec
import pytest

from store.events import MIDNIGHT, event
from trapgate.model import Event, Problem, Span
from trapgate.store.sqlite.row import StoredRow, document_text, event_of

STREAMS = {3: "raw-1"}


def row_of(stored: Event) -> StoredRow:
    return (
        3 << 44 | stored.position.sequence,
        stored.timestamp,
        stored.received_at,
        stored.id,
        stored.kind,
        stored.severity,
        stored.code,
        stored.device,
        stored.source.address,
        stored.message,
        document_text(stored),
        stored.raw,
    )


def test_everything_comes_back() -> None:
    stored = event(
        7,
        timestamp=MIDNIGHT - 1,
        severity=0,
        labels={"site": "ber1"},
        fields={"a": "x", "b": 2**64, "c": 1.0, "d": True, "e": ("x", "y"), "f": ()},
        message="a \0 and an ü",
        problems=(Problem("odd", "warning", "it is odd", Span("f", 1, 2), "look"),),
    )
    back = event_of(row_of(stored), STREAMS)
    assert back == stored
    assert [type(value) for value in back.fields.values()] == [str, int, float, bool, tuple, tuple]


def test_what_an_event_has_not_takes_no_room() -> None:
    assert msgspec.json.decode(document_text(event(1))) == {"clock": "arrival", "port": 50_000}


def test_a_number_that_json_has_not_is_left_out() -> None:
    stored = event(1, fields={"nan": float("nan"), "inf": float("inf"), "one": 1.0})
    assert event_of(row_of(stored), STREAMS).fields == {"one": 1.0}


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        document_text(event(1, labels={"site": "\ud800"}))
