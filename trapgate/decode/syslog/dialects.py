"""Which dialect a line is written in: literal marks decide, before any pattern is tried.

Dialects with `order: first` are tried first. Then come those with a mark that has its place in the
line (a beginning, a program, structured data), then those with a mark that may be anywhere. Of
several the one of the source's own vendor is tried first, then the one with the longest mark (all
literals of one `when` together), of equal ones a user's before ours. Those with `order: last` come
last.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter, itemgetter

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

PLACES_CACHED_MAX = 4_096
"""(program, beginning, vendor) whose marks are remembered in their order: programs that no mark
names count as one. Beyond it the memory starts anew."""

_LENGTHS = tuple(range(BEGINNING_CHARS, 0, -1))


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

    @property
    def alone(self) -> bool:
        """Whether there are no other kinds to ask."""
        return not (self.starts or self.programs or self.structured_data or self.contains)

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

_Place = tuple[str, bool, Mark]
"""The literal that the text must begin with ("" for a program's mark), whether that is all, the
mark."""


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
        self._starts = _by_beginning(starts)
        self._programs: Mapping[str | None, Sequence[Mark]] = _by_program(programs)
        self._structured_data = tuple(structured_data)
        self._contains = tuple((mark.literal, mark) for mark in contains)
        self._first = tuple((mark.literal, mark) for mark in first)
        self._places: dict[tuple[str | None, str, str | None], Sequence[_Place]] = {}

    def body(self, header: Header, vendor: str | None = None) -> Body | None:
        """What the text of a line says, `None` if no dialect knows it; never raises.

        `vendor` is what the source's entry says that its devices are.
        """
        near = header.text
        if len(near) > SEARCHED_CHARS_MAX:
            near = near[:SEARCHED_CHARS_MAX]
        for literal, _ in self._first:
            if literal in near:
                first = [mark for literal, mark in self._first if literal in near]
                body = _read(first, header, vendor)
                if body is not None:
                    return body
                break
        if header.structured_data:
            body = _read(self._placed(header, near), header, vendor)
        else:
            body = self._at_place(header, near, vendor)
        if body is not None:
            return body
        return _read([mark for literal, mark in self._contains if literal in near], header, vendor)

    def _at_place(self, header: Header, near: str, vendor: str | None) -> Body | None:
        """What the first dialect that has a mark at its place and fits makes of the line."""
        program = header.appname if header.appname in self._programs else None
        key = (program, near[:BEGINNING_CHARS], vendor)
        places = self._places.get(key)
        if places is None:
            places = self._ordered(key)
        tried: list[str] = []
        for literal, alone, mark in places:
            if not near.startswith(literal) or not (alone or mark.holds(header, near)):
                continue
            dialect = mark.dialect
            if dialect.name in tried:
                continue
            body = dialect.read(header)
            if body is not None:
                return body
            tried.append(dialect.name)
            if len(tried) == TRIED_MAX:
                break
        return None

    def _ordered(self, key: tuple[str | None, str, str | None]) -> Sequence[_Place]:
        """The marks that lines of this program and beginning may have at their place."""
        program, beginning, vendor = key
        marks = [
            (mark.rank, literal, alone, mark) for literal, alone, mark in self._beginning(beginning)
        ]
        marks += [(mark.rank, "", mark.alone, mark) for mark in self._programs.get(program, ())]
        marks.sort(key=itemgetter(0), reverse=True)
        if vendor is not None:
            own = vendor.casefold()
            marks.sort(key=lambda found: _vendor(found[3]) != own)
        if len(self._places) >= PLACES_CACHED_MAX:
            self._places.clear()
        places = self._places[key] = tuple(found[1:] for found in marks)
        return places

    def _placed(self, header: Header, near: str) -> list[Mark]:
        """The marks that the line has at their place."""
        found: list[Mark] = []
        for literal, alone, mark in self._beginning(near):
            if near.startswith(literal) and (alone or mark.holds(header, near)):
                found.append(mark)
        found += [
            mark for mark in self._programs.get(header.appname, ()) if mark.holds(header, near)
        ]
        found += [
            mark
            for sd_id in header.structured_data
            for mark in self._structured_data
            if sd_id.startswith(mark.literal) and mark.holds(header, near)
        ]
        return found

    def _beginning(self, near: str) -> Sequence[_Place]:
        """The marks whose literals may begin a text."""
        for chars in _LENGTHS:
            found = self._starts.get(near[:chars])
            if found is not None:
                return found
        return ()


def _read(marks: list[Mark], header: Header, vendor: str | None) -> Body | None:
    """What the first dialect that fits makes of the line."""
    if len(marks) > 1:
        marks.sort(key=_rank, reverse=True)
        if vendor is not None:
            own = vendor.casefold()
            marks.sort(key=lambda mark: _vendor(mark) != own)
    tried: list[str] = []
    for mark in marks:
        dialect = mark.dialect
        if dialect.name in tried:
            continue
        body = dialect.read(header)
        if body is not None:
            return body
        tried.append(dialect.name)
        if len(tried) == TRIED_MAX:
            break
    return None


def _vendor(mark: Mark) -> str:
    return (mark.dialect.vendor or "").casefold()


def _by_beginning(marks: Sequence[Mark]) -> Mapping[str, Sequence[_Place]]:
    """Marks by the beginning of their literal, each with its literal and whether that is all that
    it asks for. With those of a beginning stand those of what it begins with: one look is
    enough."""
    beginnings = {mark.literal[:BEGINNING_CHARS] for mark in marks}
    return {
        beginning: tuple(
            (mark.literal, mark.alone, mark)
            for mark in marks
            if beginning.startswith(mark.literal[:BEGINNING_CHARS])
        )
        for beginning in beginnings
    }


def _by_program(marks: Sequence[Mark]) -> dict[str | None, list[Mark]]:
    """Marks by their program."""
    groups: dict[str | None, list[Mark]] = {}
    for mark in marks:
        groups.setdefault(mark.literal, []).append(mark)
    return groups
