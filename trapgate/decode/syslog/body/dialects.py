"""Which dialect a line is written in: literal marks decide, before any pattern is tried.

Dialects with `order: first` are tried first. Then come those with a mark that has its place in the
line (a beginning, a program, structured data), then those with a mark that may be anywhere. Of
several the one of the source's own vendor is tried first, then the one with the longest mark (all
literals of one `when` together), of equal ones a user's before ours. Those with `order: last` come
last.
"""

from collections.abc import Mapping, Sequence, Set
from operator import attrgetter

import msgspec

from trapgate.decode.syslog.body.body import Body
from trapgate.decode.syslog.body.dialect import Dialect
from trapgate.decode.syslog.body.patterns import SEARCHED_CHARS_MAX
from trapgate.decode.syslog.header.header import Header

TRIED_MAX = 6
"""Dialects that are tried on one line: so many may share a mark as short as `%`."""

BEGINNING_CHARS = 4
"""By so many characters (or all, of shorter literals) marks at the beginning are looked up: of
the hundred that begin with `%` one or two remain."""

PLACES_CACHED_MAX = 4_096
"""(program, beginning, vendor) whose marks are remembered in their order: programs that no mark
names count as one. Beyond it the memory starts anew."""

BODIES_CACHED_MAX = 4_096
"""Texts whose body is remembered, some 8 MB: interfaces flap, guests try passwords, sessions open
and close, and what is said then is the same but for the time in the header. Beyond it the memory
starts anew."""

CACHED_CHARS_MAX = 512
"""Of a text that is remembered: longer ones hardly come again."""

SIGNS = '"=|<%'
"""Characters that few texts have, and many marks that may be anywhere: one look for each sign
saves one for each mark that has it."""

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


class _Place(msgspec.Struct, frozen=True):
    """A mark that lines of one program and beginning may have at their place: what is left to
    ask. One of `starts` must begin the text (if there are any), one of `contains` be in it."""

    starts: tuple[str, ...]
    contains: tuple[str, ...]
    dialect: Dialect


_NEW = Body("")
"""In the place of a body that is not remembered."""


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
        self._contains = _by_sign(contains)
        self._first = tuple((mark.literal, mark) for mark in first)
        self._firsts = _shortest({mark.literal for mark in first})
        self._bodies: dict[tuple[str, str | None, str | None, str | None], Body | None] = {}
        self._places: dict[tuple[str | None, str, str | None], Sequence[_Place]] = {}

    def body(self, header: Header, vendor: str | None = None) -> Body | None:
        """What the text of a line says, `None` if no dialect knows it; never raises.

        `vendor` is what the source's entry says that its devices are.
        """
        if header.structured_data or len(header.text) > CACHED_CHARS_MAX:
            return self._read(header, vendor)
        key = (header.text, header.appname, header.msgid, vendor)
        known = self._bodies.get(key, _NEW)
        if known is not _NEW:
            return known
        body = self._read(header, vendor)
        # with a time or a number of its own a text does not come again
        if body is None or (body.civil is None and body.sequence is None):
            if len(self._bodies) >= BODIES_CACHED_MAX:
                self._bodies.clear()
            self._bodies[key] = body
        return body

    def _read(self, header: Header, vendor: str | None) -> Body | None:
        """The same, not from memory. Of the header it asks for what is in the memory's key, and
        for structured data."""
        near = header.text
        if len(near) > SEARCHED_CHARS_MAX:
            near = near[:SEARCHED_CHARS_MAX]
        for either in self._firsts:
            if either in near:
                first = [mark for literal, mark in self._first if literal in near]
                body = _best(first, header, vendor)
                if body is not None:
                    return body
                break
        if header.structured_data:
            body = _best(self._placed(header, near), header, vendor)
        else:
            body = self._at_place(header, near, vendor)
        if body is not None:
            return body
        found = [
            mark
            for sign, marks in self._contains
            if sign in near
            for literal, mark in marks
            if literal in near
        ]
        return _best(found, header, vendor) if found else None

    def _at_place(self, header: Header, near: str, vendor: str | None) -> Body | None:
        """What the first dialect that has a mark at its place and fits makes of the line."""
        program = header.appname if header.appname in self._programs else None
        key = (program, near[:BEGINNING_CHARS], vendor)
        places = self._places.get(key)
        if places is None:
            places = self._ordered(key)
        tried: tuple[str, ...] = ()
        for place in places:
            if place.starts and not near.startswith(place.starts):
                continue
            for literal in place.contains:  # a loop: `any` of a generator costs twice as much
                if literal in near:
                    break
            else:
                if place.contains:
                    continue
            dialect = place.dialect
            if dialect.name in tried:
                continue
            body = dialect.read(header)
            if body is not None:
                return body
            tried += (dialect.name,)
            if len(tried) == TRIED_MAX:
                break
        return None

    def _ordered(self, key: tuple[str | None, str, str | None]) -> Sequence[_Place]:
        """The marks that lines of this program and beginning may have at their place."""
        program, beginning, vendor = key
        marks: list[tuple[Mark, tuple[str, ...]]] = [
            (mark, (mark.literal,)) for mark in self._beginning(beginning)
        ]
        marks += [(mark, mark.starts) for mark in self._programs.get(program, ())]
        marks.sort(key=lambda found: found[0].rank, reverse=True)
        if vendor is not None:
            own = vendor.casefold()
            marks.sort(key=lambda found: _vendor(found[0]) != own)
        if len(self._places) >= PLACES_CACHED_MAX:
            self._places.clear()
        places = self._places[key] = tuple(
            _Place(left, mark.contains, mark.dialect)
            for mark, starts in marks
            if (left := _left_of(starts, beginning)) is not None
        )
        return places

    def _placed(self, header: Header, near: str) -> list[Mark]:
        """The marks that the line has at their place."""
        found = [
            mark
            for mark in self._beginning(near)
            if near.startswith(mark.literal) and mark.holds(header, near)
        ]
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

    def _beginning(self, near: str) -> Sequence[Mark]:
        """The marks whose literals may begin a text."""
        for chars in _LENGTHS:
            found = self._starts.get(near[:chars])
            if found is not None:
                return found
        return ()


def _best(marks: list[Mark], header: Header, vendor: str | None) -> Body | None:
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


def _left_of(starts: tuple[str, ...], beginning: str) -> tuple[str, ...] | None:
    """Which of the literals, one of which must begin a text, are left to ask of a text that begins
    so: none if it has one of them for certain, `None` if it can have none. A `beginning` that is
    shorter than `BEGINNING_CHARS` is the whole text."""
    if not starts or beginning.startswith(starts):
        return ()
    return tuple(literal for literal in starts if literal.startswith(beginning)) or None


def _by_beginning(marks: Sequence[Mark]) -> Mapping[str, Sequence[Mark]]:
    """Marks by the beginning of their literal. With those of a beginning stand those of what it
    begins with: one look is enough."""
    beginnings = {mark.literal[:BEGINNING_CHARS] for mark in marks}
    return {
        beginning: tuple(
            mark for mark in marks if beginning.startswith(mark.literal[:BEGINNING_CHARS])
        )
        for beginning in beginnings
    }


def _by_sign(marks: Sequence[Mark]) -> tuple[tuple[str, tuple[tuple[str, Mark], ...]], ...]:
    """Marks and their literals by the first of `SIGNS` that the literal has, or by nothing, which
    every text has."""
    groups: dict[str, list[tuple[str, Mark]]] = {}
    for mark in marks:
        sign = next((sign for sign in SIGNS if sign in mark.literal), "")
        groups.setdefault(sign, []).append((mark.literal, mark))
    return tuple((sign, tuple(group)) for sign, group in groups.items())


def _shortest(literals: Set[str]) -> tuple[str, ...]:
    """Those that have no other one in them: a text without these has none of them."""
    return tuple(
        literal
        for literal in sorted(literals)
        if not any(other in literal for other in literals - {literal})
    )


def _by_program(marks: Sequence[Mark]) -> dict[str | None, list[Mark]]:
    """Marks by their program."""
    groups: dict[str | None, list[Mark]] = {}
    for mark in marks:
        groups.setdefault(mark.literal, []).append(mark)
    return groups
