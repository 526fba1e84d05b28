"""DISPLAY-HINT: how a module wants its values written (RFC 2579 §3.1).

In: the hint and a value. Out: text, not yet made visible; `None` if the hint is not one. Vendors'
hints are taken with what is missing in them: `x:` is `1x:`, `255` has no format and is no hint.
"""

import re
from functools import lru_cache

import msgspec

HINTS_CACHED_MAX = 512
"""Hints that are remembered: all MIBs of all vendors have about a hundred."""

NUMBER_BYTES_MAX = 64
"""Longer numbers are written in hexadecimal: nobody reads one of 155 digits, and making digits
takes time that grows with the square of the length."""

_PART = re.compile(r"(\*?)(\d{0,5})([xdoat])([^\d*]?)([^\d*]?)")
_INTEGER = re.compile(r"([xob])|d(?:-(\d{1,2}))?")

DECIMALS_MAX = 30
"""Places behind the point that a hint may ask for; a number of 64 bits has 20 digits."""


class _Part(msgspec.Struct, frozen=True):
    """One octet-format specification: `length` bytes in `form`, as often as a byte before them
    says if `repeat`; `separator` stands behind each, `terminator` behind the last repetition."""

    repeat: bool
    length: int
    form: str
    separator: str
    terminator: str


@lru_cache(HINTS_CACHED_MAX)
def _parts(hint: str) -> tuple[_Part, ...]:
    """The specifications of a hint; none if it is not a hint for octets."""
    parts: list[_Part] = []
    at = 0
    while at < len(hint):
        found = _PART.match(hint, at)
        if found is None:
            return ()
        star, length, form, separator, terminator = found.groups()
        if terminator and not star:  # only a repetition has one: it is not this part's
            return ()
        parts.append(_Part(bool(star), int(length or "1"), form, separator, terminator))
        at = found.end()
    return tuple(parts)


@lru_cache(HINTS_CACHED_MAX)
def is_text(hint: str) -> bool:
    """Whether a hint asks for the whole value as text: `255a`, `255t`, `1a`."""
    parts = _parts(hint)
    if len(parts) != 1:
        return False
    (part,) = parts
    return part.form in "at" and not part.repeat and not part.separator


def octets_by_hint(value: bytes, hint: str) -> str | None:
    """Octets as the hint says; its last part goes on to the end of the value.

    `None` if the hint is none for octets. Never raises.
    """
    parts = _parts(hint)
    if not parts:
        return None
    out: list[str] = []
    at, number = 0, 0
    while at < len(value):
        part = parts[min(number, len(parts) - 1)]
        number += 1
        times = 1
        if part.repeat:
            times = min(value[at], 1) if part.length == 0 else value[at]
            at += 1
        elif part.length == 0 and number >= len(parts):
            break  # it takes nothing and would never end
        at = _repeated(value, at, part, times, out)
    return "".join(out)


def _repeated(value: bytes, at: int, part: _Part, times: int, out: list[str]) -> int:
    """Add up to `times` groups of a part to `out`; returns where the next part begins."""
    for turn in range(times):
        if at >= len(value) and part.length:
            break
        group = value[at : at + part.length]
        at += len(group)
        out.append(_group(group, part.form))
        last = turn == times - 1
        if at < len(value):  # what separates stands only before something (RFC 2579 §3.1)
            out.append(part.terminator if last and part.terminator else part.separator)
        elif part.length == 0:
            break
    return at


def _group(group: bytes, form: str) -> str:
    if form in "at":
        return group.decode(errors="backslashreplace")
    if not group:
        return ""
    if form == "x" or len(group) > NUMBER_BYTES_MAX:
        return group.hex()
    number = int.from_bytes(group, "big")
    return str(number) if form == "d" else f"{number:o}"


def integer_by_hint(value: int, hint: str) -> str | None:
    """An integer as the hint says: `d-2` has a point before its last two digits, `x`, `o` and `b`
    are other bases. `None` if the hint is none for integers."""
    found = _INTEGER.fullmatch(hint)
    if found is None:
        return None
    base, places = found.groups()
    sign, size = ("-" if value < 0 else ""), abs(value)
    if base is not None:
        return f"{sign}{size:{base}}"
    decimals = min(int(places or "0"), DECIMALS_MAX)
    if decimals == 0:
        return str(value)
    digits = str(size).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"
