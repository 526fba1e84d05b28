"""What of a query the indexes can answer."""

import pytest

from trapgate.model.query import And, Everything, Not, Or, Query, Wildcard, Word
from trapgate.store.sqlite.narrow import Narrowing, narrowing

CODE = Word("event.code", "UPDOWN")
DEVICE = Word("host.name", "router-1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Everything(), Narrowing()),
        (CODE, Narrowing(code="UPDOWN")),
        (DEVICE, Narrowing(device="router-1")),
        (Word("event.code", "1.3.6.1.4.1.9.0.1"), Narrowing()),  # a trap's OID has two forms
        (And((DEVICE, Not(Everything()), CODE)), Narrowing("UPDOWN", "router-1")),
        (Or((CODE, DEVICE)), Narrowing()),
        (Not(CODE), Narrowing()),
        (And((Not(CODE), Or((DEVICE,)))), Narrowing()),
        (Wildcard("event.code", ("UP", "")), Narrowing()),
        (Word("message", "UPDOWN"), Narrowing()),
    ],
)
def test_narrowing(query: Query, expected: Narrowing) -> None:
    assert narrowing(query) == expected
