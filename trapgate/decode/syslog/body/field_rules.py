"""What dialects take from messages, and the shape in which values become fields.

In: a message and the rules of its dialect. Out: fields. Addresses are checked, vendors' words for
the same state replaced by one.
"""

from collections.abc import Mapping

import msgspec

from trapgate.decode.syslog.body.patterns import PARTS, Parts, Pattern
from trapgate.decode.syslog.header.names import is_address

ADDRESS = ".ip"
"""How fields end that are addresses."""

PORT_DIGITS_MAX = 5

Values = Mapping[str, Mapping[str, str]]
"""Values to replace, by field."""

_KEPT: Mapping[str, str] = {}


class Column(msgspec.Struct, frozen=True):
    """What becomes of one group of a pattern."""

    field: str
    replaced: Mapping[str, str] = _KEPT
    address: bool = False

    @classmethod
    def of(cls, field: str, values: Values) -> "Column":
        """The column of a field in a dialect with these values."""
        return cls(field, values.get(field, _KEPT), field.endswith(ADDRESS))

    def add(self, fields: Parts, value: str) -> None:
        """Add the field, unless its value is nothing or, of an address, none."""
        if self.replaced:
            value = self.replaced.get(value, value)
        if self.address:
            add_address(fields, self.field, value)
        elif value:
            fields[self.field] = value


class FieldRule(msgspec.Struct, frozen=True):
    """What to take from a message that has one of `contains` (if there are any): the groups of
    `pattern` (if there is one), and what it sets.

    A rule is `plain` if it gives fields and no other parts, each once: then it fills them in itself
    by its `columns`, and `given` are those that it sets. Otherwise they must be merged with what
    else is known of the line before they are given their shape.
    """

    contains: tuple[str, ...]
    pattern: Pattern | None
    set: Mapping[str, str]
    plain: bool
    columns: tuple[Column, ...]
    given: Mapping[str, str]

    @classmethod
    def of(
        cls,
        contains: tuple[str, ...],
        pattern: Pattern | None,
        given: Mapping[str, str],
        values: Values,
    ) -> "FieldRule":
        """The rule in a dialect with these values."""
        names = (*given, *(() if pattern is None else pattern.names))
        shaped: Parts = {}
        for field, value in given.items():
            Column.of(field, values).add(shaped, value)
        return cls(
            contains,
            pattern,
            given,
            len(set(names)) == len(names) and PARTS.isdisjoint(names),
            () if pattern is None else tuple(Column.of(name, values) for name in pattern.names),
            shaped,
        )

    def holds(self, message: str) -> bool:
        """Whether the message has one of `contains`."""
        for literal in self.contains:  # a loop: `any` of a generator costs twice as much
            if literal in message:
                return True
        return not self.contains

    def fill(self, fields: Parts, message: str) -> bool:
        """Add what a plain rule takes from a message that it holds for, which is no longer than a
        value may be; whether it fits."""
        if self.pattern is None:
            fields.update(self.given)
            return True
        found = self.pattern.groups(message)
        if found is None:
            return False
        if self.given:
            fields.update(self.given)
        for column, value in zip(self.columns, found):  # noqa: B905 - `strict` costs a third
            if value:
                if column.replaced:
                    column.add(fields, value)
                elif column.address:
                    add_address(fields, column.field, value)
                else:
                    fields[column.field] = value
        return True

    def taken(self, message: str) -> Mapping[str, str] | None:
        """What any rule takes from a message that it holds for, as written; `None` if it does not
        fit."""
        if self.pattern is None:
            return self.set
        found = self.pattern.groups(message)
        if found is None:
            return None
        return {**self.set, **self.pattern.parts(found)}


def add_address(fields: Parts, field: str, value: str) -> None:
    """Add a field that is an address, as written: what ends a sentence or a list may stand behind
    it, and a port, which is a field of its own. Nothing if it is none."""
    value = value.rstrip(".,")
    if value[-1:] == ":" and not is_address(value):  # `2001:db8::` is one
        value = value.rstrip(".:,")
    if is_address(value):
        fields[field] = value
        return
    address, _, port = value.rpartition(":")
    if port.isdigit() and len(port) <= PORT_DIGITS_MAX and is_address(address.strip("[]")):
        fields[field] = address.strip("[]")
        fields[field.removesuffix(ADDRESS) + ".port"] = port
