"""Every query that docs/queries.md shows can be read."""

import re
from pathlib import Path

import pytest

from trapgate.query import parse_query

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text()
CONDITIONS = PAGE.partition("## Conditions")[2].partition("##")[0]
SHOWN = [
    query
    for row in CONDITIONS.splitlines()
    if row.startswith("| `")
    for query in re.findall(r"`([^`]+)`", row.split(" | ")[0])
]


@pytest.mark.parametrize("text", SHOWN)
def test_a_query_that_is_shown_can_be_read(text: str) -> None:
    parse_query(text)


def test_queries_are_shown() -> None:
    assert len(SHOWN) > 10
