"""Stored events in the order in which they came: oldest first, as a file or a rule wants them.

Stores give the newest first. So a time is read in windows, each held in memory and turned around;
a window that holds too many events is made smaller.
"""

from collections.abc import Callable, Iterator

from trapgate.app.records import Span
from trapgate.model import NS_PER_MS, NS_PER_S, Event

WINDOW_EVENTS_MAX = 20_000
"""Events in memory at once: some 40 MB."""

WINDOW_FIRST_NS = 600 * NS_PER_S
WINDOW_MIN_NS = NS_PER_MS
"""What is received in a window as small as this is held whatever it is: a datagram takes more than
some 10 ns to be read."""

NewestFirst = Callable[[Span, int | None], Iterator[Event]]
"""The newest events of a time, so many of them, or all for `None`."""


def oldest_first(
    newest_first: NewestFirst, span: Span, reached: Callable[[int], None]
) -> Iterator[Event]:
    """All events of a time; `reached` is told the instant up to which they are out."""
    start, size = span.start, WINDOW_FIRST_NS
    while start < span.end:
        window = Span(start, min(start + size, span.end))
        divisible = window.end - window.start > WINDOW_MIN_NS
        found = list(newest_first(window, WINDOW_EVENTS_MAX + 1 if divisible else None))
        if divisible and len(found) > WINDOW_EVENTS_MAX:
            size = max((window.end - window.start) // 2, WINDOW_MIN_NS)
            continue
        yield from reversed(found)
        reached(window.end)
        start = window.end
        if len(found) <= WINDOW_EVENTS_MAX // 2:
            size *= 2
