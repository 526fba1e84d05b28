"""How far long work is: a bar on a terminal; of a compilation of MIBs one line elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trapgate.compile import Progress as Told

if TYPE_CHECKING:
    from rich.progress import Progress

SHOWN_AFTER_S = 1.0
"""What is done by then needs no progress."""


class _Bar:
    """Shows itself when it has waited long enough."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown: Progress | None = None
        self._said = False

    def told(self, done: int, total: int, name: str) -> None:
        """Before each module; see `trapgate.compile.Progress`."""
        if time.monotonic() - self._started < SHOWN_AFTER_S and not self._said:
            return
        if not self._said:
            self._said = True
            if sys.stderr.isatty():
                self._shown = _started(total)
            else:
                print(f"compiling {total} MIB modules", file=sys.stderr)
        if self._shown is not None:
            self._shown.update(self._shown.task_ids[0], completed=done, module=name)

    def end(self) -> None:
        """Take the bar away."""
        if self._shown is not None:
            self._shown.stop()


def _started(total: int) -> "Progress":
    # Late: rich takes longer to load than most commands to run.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("compiling MIBs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[module]}"),
        console=Console(file=sys.stderr),
        transient=True,
    )
    bar.add_task("", total=total, module="")
    bar.start()
    return bar


@contextmanager
def compiling() -> Iterator[Told]:
    """What to tell about the modules that are compiled in the block; it is shown on standard error
    if it takes longer than `SHOWN_AFTER_S`."""
    bar = _Bar()
    try:
        yield bar.told
    finally:
        bar.end()


def stderr_is_a_terminal() -> bool:
    """Whether somebody may be looking."""
    return sys.stderr.isatty()


Fraction = Callable[[float, str], None]
"""Takes how much of all is done, 0 to 1, and a text about it."""


@contextmanager
def through(what: str, *, visible: bool) -> Iterator[Fraction]:
    """What to tell about work whose end is known; where it is `visible`, a bar on standard error
    shows it if it takes longer than `SHOWN_AFTER_S`."""
    started = time.monotonic()
    shown: Progress | None = None

    def told(done: float, text: str) -> None:
        nonlocal shown
        if not visible or (shown is None and time.monotonic() - started < SHOWN_AFTER_S):
            return
        if shown is None:
            shown = _bar_of_fractions(what)
        shown.update(shown.task_ids[0], completed=done, text=text)

    try:
        yield told
    finally:
        if shown is not None:
            shown.stop()


def _bar_of_fractions(what: str) -> "Progress":
    # Late, as above.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn(what),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[text]}"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    bar.add_task("", total=1.0, text="")
    bar.start()
    return bar
