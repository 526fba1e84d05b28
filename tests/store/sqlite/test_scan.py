"""Runs of rows as lists that go down, whatever the clock did."""

import pytest

from trapgate.store.sqlite.reader import Run
from trapgate.store.sqlite.scan import chains


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], []),
        # positions grow with time: one list, gaps and all
        (
            [Run(9, 1, 20, 29), Run(7, 1, 11, 15), Run(5, 1, 1, 10)],
            [[Run(9, 1, 20, 29), Run(7, 1, 11, 15), Run(5, 1, 1, 10)]],
        ),
        # each stream has its own
        (
            [Run(9, 2, 50, 59), Run(9, 1, 20, 29), Run(7, 2, 40, 49), Run(7, 1, 1, 10)],
            [[Run(9, 2, 50, 59), Run(7, 2, 40, 49)], [Run(9, 1, 20, 29), Run(7, 1, 1, 10)]],
        ),
        # the clock was set back: rows of window 5 lie among those of window 7
        (
            [Run(7, 1, 1, 30), Run(5, 1, 11, 20), Run(4, 1, 2, 9)],
            [[Run(7, 1, 1, 30)], [Run(5, 1, 11, 20), Run(4, 1, 2, 9)]],
        ),
    ],
)
def test_chains(runs: list[Run], expected: list[list[Run]]) -> None:
    assert chains(runs) == expected
