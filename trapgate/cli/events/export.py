"""`trapgate events export`: events as JSON lines, oldest first, in a file or on standard output."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from trapgate.app.chronicle import oldest_first
from trapgate.app.records import Span
from trapgate.cli.ending import EX_OUTPUT, EX_PIPE
from trapgate.cli.events.asked import Asked, Refused, counted, ending, whole
from trapgate.cli.events.lines import document_line
from trapgate.cli.events.outfile import STANDARD_OUTPUT, NotOurs, written
from trapgate.cli.progress import Fraction, stderr_is_a_terminal, through


def export(asked: Asked, target: str) -> int:
    """Write the events to a file (`outfile.written`), or to standard output for `-`; 1 if there are
    none, 3 if the store is damaged there.

    No events are an answer like any other: a file is there then, without any. Raises `Refused`,
    `NotAnswered`; a file that was there is untouched then.
    """
    query, span = asked.parsed(), asked.span()
    try:
        with asked.opened() as source, written(target) as file, _shown(target, span) as told:
            newest_first = partial(source.newest_first, query)
            for event in oldest_first(newest_first, span, told.reached):
                file.write(document_line(event))
                told.count += 1
            complete = whole(source, span)
    except BrokenPipeError:
        raise Refused(f"{target}: who reads it has closed it", EX_PIPE) from None
    except OSError as error:
        raise Refused(f"{target}: {error.strerror}", EX_OUTPUT) from error
    except NotOurs as error:
        raise Refused(str(error), EX_OUTPUT) from None
    emptied = "" if told.count or target == STANDARD_OUTPUT else f": {target} has none now"
    print(counted(told.count, "event") + emptied, file=sys.stderr)
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
    visible = stderr_is_a_terminal() and not (target == STANDARD_OUTPUT and sys.stdout.isatty())
    with through("exporting", visible=visible) as fraction:
        yield _Told(span, fraction)
