"""Tables on a terminal: columns as wide as what is in them, a line cut where the terminal ends.

Rows may come one after the other: columns only ever grow. Whatever is in a cell, it stays on its
line and moves nothing.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import click
import msgspec
from rich.cells import cell_len, set_cell_size

from trapgate.mib.visible import CUT, visible

FITTED_ROWS = 200
"""Rows that decide the first widths: they are there before the first line is printed."""

COLUMN_CELLS_MAX = 48
"""Widest column but the last: one long name must not push the message off the screen."""

GAP = "  "


class Screen(msgspec.Struct, frozen=True):
    """Where a table goes: `width` in columns, `None` where nothing needs to be cut (a file, a
    pipe); whether there may be colours."""

    width: int | None = None
    colour: bool = False

    @classmethod
    def of_output(cls) -> "Screen":
        """Standard output as it is. `NO_COLOR` (https://no-color.org) takes the colours away."""
        if not sys.stdout.isatty():
            return cls()
        return cls(shutil.get_terminal_size().columns, not os.environ.get("NO_COLOR"))


class Cell(msgspec.Struct, frozen=True):
    """One text of a row, and the colour that it has where there are colours ("": none)."""

    text: str
    colour: str = ""


class Table:
    """One table. The last column is never padded, and is what is cut first."""

    def __init__(self, headings: Sequence[str], screen: Screen) -> None:
        self._headings = [Cell(heading) for heading in headings]
        self._screen = screen
        self._widths = [0] * len(headings)
        self._begun = False
        self._fit(self._headings)

    def lines(self, rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
        """The headings' line and one for each row, as they come behind the first
        `FITTED_ROWS`. No rows, no headings."""
        coming = iter(rows)
        yield from self.batch(list(islice(coming, FITTED_ROWS)))
        for row in coming:
            yield self.line(row)

    def batch(self, rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
        """The lines of some rows; the headings before the first that there ever are."""
        for row in rows:
            self._fit(row)
        if rows and not self._begun:
            self._begun = True
            yield self._joined(self._headings)
        for row in rows:
            yield self._joined(row)

    def line(self, row: Sequence[Cell]) -> str:
        """The line of one row."""
        self._fit(row)
        return self._joined(row)

    def _fit(self, row: Sequence[Cell]) -> None:
        for number, cell in enumerate(row):
            size = min(cell_len(visible(cell.text)), COLUMN_CELLS_MAX)
            self._widths[number] = max(self._widths[number], size)

    def _joined(self, row: Sequence[Cell]) -> str:
        left = self._screen.width
        parts: list[str] = []
        for number, cell in enumerate(row):
            last = number == len(row) - 1
            text = visible(cell.text)
            if not last and self._screen.width is not None:
                text = cut(text, COLUMN_CELLS_MAX)
            text = text if last else _padded(text, self._widths[number])
            gap = GAP if parts else ""
            if left is not None:
                text = cut(text, max(left - len(gap), 0))
                left -= len(gap) + cell_len(text)
            coloured = self._screen.colour and cell.colour
            parts.append(gap + (click.style(text, fg=cell.colour) if coloured else text))
            if left is not None and left <= 0:
                break
        return "".join(parts).rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def cut(text: str, width: int) -> str:
    """A text that takes no more than `width` columns, with a sign at its end if it did."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + CUT if width > 0 else ""
