"""Patterns of dialects → functions that read a text.

One syntax, RE2's (https://github.com/google/re2/wiki/Syntax), and two engines: what users write
runs on RE2, which takes linear time whatever it is given. Ours run on Python's `re`, where each
costs a tenth (0.8 µs instead of 8): all of them are in RE2's syntax too, and tests hold them to
linear time and to the same result on both.
"""

import re
from collections.abc import Callable, Mapping

import re2

from trapgate.decode.syslog.pairs import VALUE_CHARS_MAX

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

Parts = Mapping[str, str]
Reader = Callable[[str], Parts | None]
"""The named parts that a text has, `None` if the pattern does not fit."""

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


def compile_pattern(pattern: str, *, ours: bool) -> tuple[Reader, tuple[str, ...]]:
    """A reader and the names of what it may find.

    It searches the whole text: `^` ties a pattern to its beginning. Raises `UnusablePattern` if it
    is not RE2's, or too long.
    """
    if len(pattern) > PATTERN_CHARS_MAX:
        raise UnusablePattern(f"longer than {PATTERN_CHARS_MAX} characters")
    if ours:
        ready = re.compile(pattern, re.ASCII)
        names = [(index, part_of(name)) for name, index in ready.groupindex.items()]
        return _with_python(ready, names), tuple(name for _, name in names)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_BYTES_MAX
    try:
        compiled = re2.compile(pattern.encode(), options)
    except re2.error as error:
        raise UnusablePattern(_reason(error)) from None
    found = [(index, part_of(name.decode())) for name, index in compiled.groupindex.items()]
    return _with_re2(compiled.search, found), tuple(name for _, name in found)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else error
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def _with_python(pattern: re.Pattern[str], names: list[tuple[int, str]]) -> Reader:
    search = pattern.search

    def read(text: str) -> Parts | None:
        found = search(text, 0, SEARCHED_CHARS_MAX)
        if found is None:
            return None
        parts = {name: value for i, name in names if (value := found[i])}
        if len(text) > VALUE_CHARS_MAX:
            return {name: value[:VALUE_CHARS_MAX] for name, value in parts.items()}
        return parts

    return read


def _with_re2(
    search: Callable[[bytes], re.Match[bytes] | None], names: list[tuple[int, str]]
) -> Reader:
    def read(text: str) -> Parts | None:
        found = search(text[:SEARCHED_CHARS_MAX].encode())
        if found is None:
            return None
        return {
            name: value.decode(errors="replace")[:VALUE_CHARS_MAX]
            for i, name in names
            if (value := found[i])
        }

    return read
