"""A field and what was written after it → one condition, by the field's kind."""

import math
import re
from ipaddress import ip_address, ip_network
from typing import Literal

from trapgate.model import unmapped
from trapgate.model.query import Network, Phrase, Present, Query, Range, Wildcard, Word
from trapgate.query.errors import QueryError
from trapgate.query.fields import FieldKind
from trapgate.query.scanner import Token
from trapgate.query.words import words

Operator = Literal["<", "<=", ">", ">="]

WILDCARD_CHARS_MAX = 96
"""Of a value with stars. Elasticsearch makes an automaton of it, and refuses the work for some of
128; nobody writes one of half the length."""

PHRASE_WORDS_MAX = 256
"""Of a phrase: more than a line of log has, and a quarter of the clauses that Elasticsearch takes.
"""

SEVERITY_FIELDS = frozenset(("event.severity", "log.syslog.severity.code"))
"""Numbers that may be written as names."""

SEVERITY_NAMES = {
    name: code
    for code, names in enumerate(
        (
            ("emerg", "emergency", "panic"),
            ("alert",),
            ("crit", "critical"),
            ("err", "error"),
            ("warning", "warn"),
            ("notice",),
            ("info", "informational"),
            ("debug",),
        )
    )
    for name in names
}
"""Names of syslog's severities (RFC 5424, 6.2.1) as `logger` and people write them. They become
numbers here, so that every back end compares the same."""

_DIGITS = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,3})?", re.ASCII)
# 18 digits always fit an int64, which is what the stores compare.


def equality(field: str, kind: FieldKind, value: Token) -> Query:
    """`field:value`. Raises `QueryError` for a value that the field's kind cannot have."""
    if value.pieces == ("", ""):
        return Present(field)
    if kind == "text":
        return _phrase(field, value)
    if kind == "keyword":
        return Word(field, value.text) if len(value.pieces) == 1 else _wildcard(field, value)
    if len(value.pieces) > 1:
        hint = f"write {field}:10.0.0.0/8" if kind == "ip" else f"write {field} >= 3"
        raise QueryError(value.offset, f'"{field}" takes no wildcards', hint)
    if kind == "ip":
        return _address(field, value)
    return Word(field, number_text(_number(field, value)))


def comparison(field: str, kind: FieldKind, operator: Operator, bound: Token) -> Query:
    """`field >= 3`, `event.severity <= err`. Raises `QueryError` unless both are numbers."""
    if kind != "number":
        summary = f'"{field}" is no number, so it has no "{operator}"'
        raise QueryError(bound.offset, summary, f"write {field}:value")
    return Range(field, operator, float(_number(field, bound)))


def number_text(number: float) -> str:
    """The one written form of a number: `3` for 3.0."""
    return str(int(number)) if number == int(number) and abs(number) < 2**53 else str(number)


def number_of(text: str) -> int | float:
    """The number that a condition has as text (`number_text`)."""
    return float(text) if "." in text or "e" in text else int(text)


def _wildcard(field: str, value: Token) -> Query:
    if len(value.text) > WILDCARD_CHARS_MAX:
        summary = f"a value with stars has at most {WILDCARD_CHARS_MAX} characters"
        raise QueryError(value.offset, summary, "leave out its middle: begin*end")
    return Wildcard(field, value.pieces)


def _phrase(field: str, value: Token) -> Query:
    prefix = len(value.pieces) == 2 and value.pieces[1] == ""
    if len(value.pieces) > 1 and not prefix:
        summary = f'in "{field}" a star may only end a word'
        raise QueryError(value.offset, summary, f"write {field}:begin*")
    found = words(value.pieces[0])
    if not found:
        raise QueryError(value.offset, f'"{value.text}" has no letter and no digit to look for')
    if len(found) > PHRASE_WORDS_MAX:
        raise QueryError(value.offset, f"a phrase has at most {PHRASE_WORDS_MAX} words")
    if prefix and words(value.pieces[0][-1]) == ():
        summary = f'the star in "{value.text}" ends no word'
        raise QueryError(value.offset, summary, f'write {field}:"{" ".join(found)}"')
    return Phrase(field, found, prefix)


def _number(field: str, value: Token) -> int | float:
    of_severity = field in SEVERITY_FIELDS
    if of_severity and value.text.lower() in SEVERITY_NAMES:
        return SEVERITY_NAMES[value.text.lower()]
    if _DIGITS.fullmatch(value.text) and not _NUMBER.fullmatch(value.text):
        summary = f'"{value.text}" is too long for a number, which has 64 bits'
        raise QueryError(value.offset, summary, "write 18 digits at most")
    if not _NUMBER.fullmatch(value.text):
        summary = f'"{value.text}" is not a number' if value.text else "a number must follow"
        hint = "write 0 to 7, or a name: emerg, alert, crit, err, warning, notice, info, debug"
        raise QueryError(value.offset, summary, hint if of_severity else "")
    try:
        return int(value.text)
    except ValueError:
        number = float(value.text)
    if not math.isfinite(number):
        raise QueryError(value.offset, f'"{value.text}" is too large')
    return number


def _address(field: str, value: Token) -> Query:
    """An address in its canonical form, as events have it, or a network."""
    if "/" in value.text:
        return Network(field, _network(value))
    try:
        address = ip_address(value.text)
    except ValueError:
        hint = "write 10.0.0.1, 2001:db8::1 or 10.0.0.0/8"
        raise QueryError(value.offset, f'"{value.text}" is not an IP address', hint) from None
    return Word(field, str(unmapped(address)))


def _network(value: Token) -> str:
    try:
        return str(ip_network(value.text))
    except ValueError:
        pass
    try:
        meant = ip_network(value.text, strict=False)
    except ValueError:
        hint = "write 10.0.0.0/8 or 2001:db8::/32"
        raise QueryError(value.offset, f'"{value.text}" is not a network', hint) from None
    summary = f'"{value.text}" has bits set behind its prefix'
    raise QueryError(value.offset, summary, f"write {meant}")
