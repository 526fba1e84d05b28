"""The bounds of an event's values, so that every store can hold and find all of each.

A term of Elasticsearch's index has 32,766 bytes at most: a field's value in it with its name. What
a store cannot index cannot be found, and would be found in the other store.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from trapgate.model import Event, FieldValue, Problem
from trapgate.query.fields import INTEGER_MAX, INTEGER_MIN

VALUE_CHARS_MAX = 4_096
"""Of one value of a field: 16 KiB if each takes four bytes. The message is no such value: it is
found by its words."""

CUT = "…"
"""Ends a value that was cut."""

SHORT_BYTES = VALUE_CHARS_MAX // 4
"""A byte is shown as four characters at most (`\\x00`), so that nothing in a shorter datagram can
be too long."""

VALUE_CUT = Problem("value-cut", "warning", f"a value was cut after {VALUE_CHARS_MAX:,} characters")


def bounded(event: Event, size_bytes: int) -> Event:
    """The event of a datagram of `size_bytes`, with values of `VALUE_CHARS_MAX` characters at most
    and the problem `value-cut` if one was longer."""
    if size_bytes <= SHORT_BYTES:
        return event
    fields = _cut_fields(event.fields)
    code, device = cut_text(event.code), cut_text(event.device)
    if fields == event.fields and (code, device) == (event.code, event.device):
        return event
    problems = (*event.problems, VALUE_CUT)
    return replace(event, code=code, device=device, fields=fields, problems=problems)


def cut_text(text: str) -> str:
    """A text that is no longer than a value may be."""
    if len(text) <= VALUE_CHARS_MAX:
        return text
    return text[: VALUE_CHARS_MAX - len(CUT)] + CUT


def is_number(value: int) -> bool:
    """Whether stores have this number: an INTEGER of SNMP may have 72 bits."""
    return INTEGER_MIN <= value <= INTEGER_MAX


def _cut_fields(fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
    return {name: _cut(value) for name, value in fields.items()}


def _cut(value: FieldValue) -> FieldValue:
    if isinstance(value, str):
        return cut_text(value)
    if isinstance(value, tuple):
        return tuple([cut_text(text) for text in value])
    return value
