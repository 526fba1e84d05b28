"""Patterns of dialects → functions that read a text.

One syntax, RE2's (https://github.com/google/re2/wiki/Syntax), and two engines: what users write
runs on RE2, which takes linear time whatever it is given. Ours run on Python's `re`, where each
costs a tenth (0.8 µs instead of 8): all of them are in RE2's syntax too, and tests hold them to
linear time and to the same result on both.
"""

import re
from collections.abc import Callable

import msgspec
import re2

from trapgate.decode.syslog.body.pairs import VALUE_CHARS_MAX

PATTERN_CHARS_MAX = 1_000
"""Of one pattern: nobody can read a longer one."""

SEARCHED_CHARS_MAX = 4_096
"""Of a text that patterns see: what a line is about stands at its beginning."""

MEMORY_BYTES_MAX = 1 << 20
"""Of one compiled pattern in RE2; beyond it the pattern is refused."""

PARTS = frozenset(
    "provider code severity message process pid host time zone sequence pairs".split()
)
"""Names of groups that are parts of the body. Any other is a field's."""

Parts = dict[str, str]
"""Values by the names of parts and fields, none of them empty."""

Groups = tuple[str | None, ...]
"""What the groups of a pattern found, in order."""


class Pattern(msgspec.Struct, frozen=True):
    """A compiled pattern. `names` says what its named groups are, in order; `groups` gives what
    they find in a text, `None` if the pattern does not fit."""

    names: tuple[str, ...]
    groups: Callable[[str], Groups | None]

    def parts(self, groups: Groups) -> Parts:
        """The groups that found something by their names, cut to the length of a value."""
        return {
            name: value[:VALUE_CHARS_MAX]
            for name, value in zip(self.names, groups, strict=True)
            if value
        }


_NUMBERED = re.compile(r"[0-9]+$")


class UnusablePattern(Exception):
    """A pattern that cannot be used; the message says why."""


def part_of(group: str) -> str:
    """What a group's name means: a part of the body or a field. In a field's name a double
    underscore stands for each dot, or if there is none the first single one for the only dot
    (`interface_name`: `interface.name`). Digits at the end only keep names apart."""
    name = _NUMBERED.sub("", group)
    if name in PARTS:
        return name
    return name.replace("__", ".") if "__" in name else name.replace("_", ".", 1)


def compile_pattern(pattern: str, *, ours: bool) -> Pattern:
    """A pattern ready for use.

    It searches the whole text: `^` ties a pattern to its beginning. Raises `UnusablePattern` if it
    is not RE2's, or too long; one of ours also if a group of it has no name.
    """
    if len(pattern) > PATTERN_CHARS_MAX:
        raise UnusablePattern(f"longer than {PATTERN_CHARS_MAX} characters")
    if ours:
        ready = re.compile(pattern, re.ASCII)
        if ready.groups > len(ready.groupindex):
            raise UnusablePattern("a group without a name: write (?:")
        return Pattern(tuple(map(part_of, ready.groupindex)), _with_python(ready.search))
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_BYTES_MAX
    try:
        compiled = re2.compile(pattern.encode(), options)
    except re2.error as error:
        raise UnusablePattern(_reason(error)) from None
    groups = sorted((index, part_of(name.decode())) for name, index in compiled.groupindex.items())
    search = _with_re2(compiled.search, [index for index, _ in groups])
    return Pattern(tuple(name for _, name in groups), search)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def _with_python(
    search: Callable[[str, int, int], re.Match[str] | None],
) -> Callable[[str], Groups | None]:
    def groups(text: str) -> Groups | None:
        found = search(text, 0, SEARCHED_CHARS_MAX)
        return None if found is None else found.groups()

    return groups


def _with_re2(
    search: Callable[[bytes], re.Match[bytes] | None], numbers: list[int]
) -> Callable[[str], Groups | None]:
    def groups(text: str) -> Groups | None:
        found = search(text[:SEARCHED_CHARS_MAX].encode())
        if found is None:
            return None
        values = [found[number] for number in numbers]
        return tuple([value.decode(errors="replace") if value else None for value in values])

    return groups
