"""Tables: whatever is in a cell, a line is a line and ends where the terminal does."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from trapgate.cli.table import COLUMN_CELLS_MAX, FITTED_ROWS, Cell, Screen, Table, cut

PIPE = Screen()


def lines(rows: list[list[str]], screen: Screen = PIPE) -> list[str]:
    return list(Table(("A", "B"), screen).lines([[Cell(text) for text in row] for row in rows]))


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert lines([["x", "1"], ["long", "2"]]) == ["A     B", "x     1", "long  2"]
    assert lines([]) == []


def test_columns_only_grow() -> None:
    shown = lines([["x", "1"]] * FITTED_ROWS + [["longer", "2"], ["y", "3"]])
    assert shown[0] == "A  B"
    assert shown[-2:] == ["longer  2", "y       3"]


def test_later_batches_have_no_headings() -> None:
    table = Table(("A",), Screen())
    assert list(table.batch([])) == []
    assert list(table.batch([[Cell("1")]])) == ["A", "1"]
    assert list(table.batch([[Cell("2")]])) == ["2"]


def test_a_narrow_terminal_cuts_the_last_column_and_long_ones() -> None:
    long = "x" * 100
    first, second = lines([[long, "message"]], Screen(COLUMN_CELLS_MAX + 6))
    assert second == "x" * (COLUMN_CELLS_MAX - 1) + "…  mes…"
    assert lines([[long, "message"]])[1] == f"{long}  message"
    assert first == "A".ljust(COLUMN_CELLS_MAX) + "  B"


def test_wide_characters_take_two_columns() -> None:
    assert cut("你好世界", 8) == "你好世界"
    assert cut("你好世界", 7) == "你好世…"
    assert cut("你好世界", 6) == "你好…"
    assert lines([["你好", "1"], ["abcd", "2"]])[1:] == ["你好  1", "abcd  2"]


def test_what_would_move_the_cursor_is_an_escape() -> None:
    assert lines([["a\x1b[2J\nb", "\r\u202e"]])[1] == r"a\x1b[2J\nb  \r\u202e"


def test_colours_only_where_there_are_any() -> None:
    row = [[Cell("err", "red"), Cell("x")]]
    assert list(Table(("S", "M"), Screen()).lines(row))[1] == "err  x"
    (_, coloured) = Table(("S", "M"), Screen(80, colour=True)).lines(row)
    assert coloured != click.unstyle(coloured) == "err  x"


@given(
    st.lists(st.lists(st.text(max_size=60), min_size=3, max_size=3), max_size=5),
    st.integers(1, 60),
)
def test_no_line_is_longer_than_the_terminal(rows: list[list[str]], width: int) -> None:
    cells = [[Cell(text) for text in row] for row in rows]
    for line in Table(("TIME", "DEVICE", "MESSAGE"), Screen(width)).lines(cells):
        assert cell_len(line) <= width
        assert line.isprintable()


def test_a_pipe_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Screen.of_output() == Screen(None, colour=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "77")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Screen.of_output() == Screen(77, colour=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert Screen.of_output() == Screen(77, colour=False)
