"""`trapgate events export`: events as a file of JSON lines, oldest first, whole or not there."""

import gzip
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from trapgate.app.chronicle import oldest_first
from trapgate.app.records import Span
from trapgate.cli.events.asked import Asked, Refused, counted, ending, whole
from trapgate.cli.events.lines import document_line
from trapgate.cli.progress import Fraction, stderr_is_a_terminal, through

COMPRESSED = ".gz"
COMPRESSION_LEVEL = 6
"""gzip's own default: an eighth of the size, and a third of the time of 9."""


def export(asked: Asked, target: str) -> int:
    """Write the events to a file, or to standard output for `-`; 1 if there are none, 3
    if the store is damaged there.

    The file appears under its name when all of it is on the disk. Raises `Refused`,
    `NotAnswered`.
    """
    query, span = asked.parsed(), asked.span()
    try:
        with asked.opened() as source, _written(target) as file, _shown(target, span) as told:
            newest_first = partial(source.newest_first, query)
            for event in oldest_first(newest_first, span, told.reached):
                file.write(document_line(event))
                told.count += 1
            complete = whole(source, span)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Refused(f"{target}: {error.strerror}", 1) from error
    print(counted(told.count, "event"), file=sys.stderr)
    return ending(told.count, complete=complete)


class _Told:
    """How far the export is, for the bar."""

    def __init__(self, span: Span, fraction: Fraction) -> None:
        self.count = 0
        self._span = span
        self._fraction = fraction

    def reached(self, at_ns: int) -> None:
        """Everything before this instant is out."""
        done = (at_ns - self._span.start) / (self._span.end - self._span.start)
        self._fraction(done, f"{self.count:,} events")


@contextmanager
def _shown(target: str, span: Span) -> Iterator[_Told]:
    """A progress bar for a time; none where the events themselves go to the terminal."""
    visible = stderr_is_a_terminal() and not (target == "-" and sys.stdout.isatty())
    with through("exporting", visible=visible) as fraction:
        yield _Told(span, fraction)


@contextmanager
def _written(target: str) -> Iterator[BinaryIO]:
    """Where to write. A file has another name beside its own until it is complete, and is then
    its owner's alone, as the store is; if anything goes wrong, nothing is left of it."""
    if target == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    with _ended_by_signals(), _beside(path) as file:
        yield file


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """What would end the process at once ends it as Ctrl-C does: what was begun is cleared away.
    A signal that is ignored (nohup) stays ignored."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    before = {n: handler for n, handler in handlers.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """The file under its other name, which is its own at the end."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            if path.suffix == COMPRESSED:
                # the name and time in the header would make equal events unequal files
                with gzip.GzipFile("", "wb", COMPRESSION_LEVEL, file, mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
