"""Which dialect a line is written in: literal marks decide, before any pattern is tried.

Dialects with `order: first` are tried first. Then come those with a mark that has its place in the
line (a beginning, a program, structured data), then those with a mark that may be anywhere. Of
several the one of the source's own vendor is tried first, then the one with the longest mark (all
literals of one `when` together), of equal ones a user's before ours. Those with `order: last` come
last.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter

import msgspec

from trapgate.decode.syslog.body import Body
from trapgate.decode.syslog.dialect import Dialect
from trapgate.decode.syslog.header import Header
from trapgate.decode.syslog.patterns import SEARCHED_CHARS_MAX

TRIED_MAX = 6
"""Dialects that are tried on one line: so many may share a mark as short as `%`."""

BEGINNING_CHARS = 4
"""By so many characters (or all, of shorter literals) marks at the beginning are looked up: of
the hundred that begin with `%` one or two remain."""

_LENGTHS = range(1, BEGINNING_CHARS + 1)


class Mark(msgspec.Struct, frozen=True):
    """One `when` of a dialect, with one literal of the kind that it is found by; the other kinds
    are asked afterwards. `rank` orders marks: the higher is tried first."""

    dialect: Dialect
    literal: str
    rank: tuple[int, int, int]
    starts: tuple[str, ...] = ()
    programs: frozenset[str] = frozenset()
    structured_data: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()

    def holds(self, header: Header, text: str) -> bool:
        """Whether the line has the other kinds too."""
        if self.starts and not text.startswith(self.starts):
            return False
        if self.programs and header.appname not in self.programs:
            return False
        if self.structured_data and not any(
            sd_id.startswith(self.structured_data) for sd_id in header.structured_data
        ):
            return False
        for literal in self.contains:  # a loop: `any` of a generator costs twice as much
            if literal in text:
                return True
        return not self.contains


_rank = attrgetter("rank")


class Dialects:
    """Every dialect of a configuration. Made of marks by the kind of literal they are found by;
    `first` are those of any kind that are tried first."""

    def __init__(
        self,
        starts: Sequence[Mark] = (),
        programs: Sequence[Mark] = (),
        structured_data: Sequence[Mark] = (),
        contains: Sequence[Mark] = (),
        first: Sequence[Mark] = (),
    ) -> None:
        self._starts = _grouped(starts, BEGINNING_CHARS)
        self._programs = _grouped(programs, None)
        self._structured_data = tuple(structured_data)
        self._contains = tuple((mark.literal, mark) for mark in contains)
        self._first = tuple((mark.literal, mark) for mark in first)

    def body(self, header: Header, vendor: str | None = None) -> Body | None:
        """What the text of a line says, `None` if no dialect knows it; never raises.

        `vendor` is what the source's entry says that its devices are.
        """
        text = header.text
        near = text if len(text) <= SEARCHED_CHARS_MAX else text[:SEARCHED_CHARS_MAX]
        first = [mark for literal, mark in self._first if literal in near]
        return (
            (_read(first, header, vendor) if first else None)
            or _read(self._placed(header, near), header, vendor)
            or _read([mark for literal, mark in self._contains if literal in near], header, vendor)
        )

    def _placed(self, header: Header, near: str) -> list[Mark]:
        """The marks that the line has at their place."""
        found: list[Mark] = []
        starts = self._starts
        for chars in _LENGTHS:
            for mark in starts.get(near[:chars], ()):
                if near.startswith(mark.literal) and mark.holds(header, near):
                    found.append(mark)  # noqa: PERF401 - most lengths find nothing
        if header.appname is not None:
            programs = self._programs.get(header.appname, ())
            found += [mark for mark in programs if mark.holds(header, near)]
        for sd_id in header.structured_data:
            found += [
                mark
                for mark in self._structured_data
                if sd_id.startswith(mark.literal) and mark.holds(header, near)
            ]
        return found


def _read(marks: list[Mark], header: Header, vendor: str | None) -> Body | None:
    """What the first dialect that fits makes of the line."""
    if len(marks) > 1:
        marks.sort(key=_rank, reverse=True)
        if vendor is not None:
            own = vendor.casefold()
            marks.sort(key=lambda mark: _vendor(mark) != own)
    tried: list[str] = []
    for mark in marks:
        if mark.dialect.name in tried:
            continue
        body = mark.dialect.read(header)
        if body is not None:
            return body
        tried.append(mark.dialect.name)
        if len(tried) == TRIED_MAX:
            break
    return None


def _vendor(mark: Mark) -> str:
    return (mark.dialect.vendor or "").casefold()


def _grouped(marks: Sequence[Mark], chars: int | None) -> Mapping[str, tuple[Mark, ...]]:
    """Marks by the beginning of their literal (`None`: all of it)."""
    groups: dict[str, list[Mark]] = {}
    for mark in marks:
        groups.setdefault(mark.literal[:chars], []).append(mark)
    return {begin: tuple(group) for begin, group in groups.items()}
