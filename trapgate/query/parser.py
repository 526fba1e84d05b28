"""Query text → tree, by recursive descent.

    either    := both ("or" both)*
    both      := negated ("and" negated)*
    negated   := "not" negated | "(" either ")" | unit
    unit      := "*" | field ":" value | field ":" "(" either of values ")" | field [":"] op number

The keywords are case-insensitive. The same three upper levels serve conditions and the values of
`field:(a or not b)`; only the unit at the bottom differs.
"""

from collections.abc import Callable
from typing import cast

from trapgate.model.query import And, Everything, Not, Or, Query
from trapgate.query.errors import QueryError
from trapgate.query.fields import FieldKind, check_field, field_kind
from trapgate.query.scanner import Scanner, Token
from trapgate.query.values import Operator, comparison, equality

QUERY_CHARS_MAX = 65_536
"""A list of a thousand long names still fits; a pasted log file does not."""

CONDITIONS_MAX = 1_000
"""Below the 1,024 clauses that Elasticsearch takes in a query by default."""

DEPTH_MAX = 20
"""Parentheses and `not` within each other: far more than anybody can read, and far from Python's
recursion limit in every back end."""

_JOIN = "join conditions with and / or; put a value that has blanks in quotes"


def parse_query(text: str) -> Query:
    """Read a query; an empty one is `Everything`.

    Raises `QueryError` for anything that is not a query, names a field that no event can have, or
    exceeds a limit of this module. Syntax: Kibana's KQL, of which this is a subset; differences:
    values may hold colons, text needs its field (`message:word`).
    """
    if len(text) > QUERY_CHARS_MAX:
        raise QueryError(QUERY_CHARS_MAX, f"the query has more than {QUERY_CHARS_MAX} characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # an argument of a command whose bytes are no UTF-8
        summary = "the query is not Unicode text"
        raise QueryError(error.start, summary, "write it in UTF-8") from None
    return _Parser(text).whole()


class _Parser:
    """One walk over one text."""

    def __init__(self, text: str) -> None:
        self.scan = Scanner(text)
        self.end = len(text)
        self.depth = 0
        self.conditions = 0

    def whole(self) -> Query:
        if self.scan.offset == self.end:
            return Everything()
        tree = self.either(self.condition)
        offset = self.scan.offset
        if self.scan.symbol(")"):
            raise QueryError(offset, 'this ")" closes nothing')
        if offset < self.end:
            seen = self.scan.seen_at(self.scan.offset)
            raise QueryError(offset, f'"and", "or" or the end must follow, not "{seen}"', _JOIN)
        return tree

    def either(self, unit: Callable[[], Query]) -> Query:
        operands = [self.both(unit)]
        while self.scan.keyword("or"):
            operands.append(self.both(unit))
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def both(self, unit: Callable[[], Query]) -> Query:
        operands = [self.negated(unit)]
        while self.scan.keyword("and"):
            operands.append(self.negated(unit))
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def negated(self, unit: Callable[[], Query]) -> Query:
        if self.scan.keyword("not"):
            self.deeper()
            operand = self.negated(unit)
            self.depth -= 1
            return Not(operand)
        return self.nested(unit) if self.scan.next_is("(") else unit()

    def nested(self, unit: Callable[[], Query]) -> Query:
        offset = self.scan.offset
        self.scan.symbol("(")
        self.deeper()
        tree = self.either(unit)
        self.depth -= 1
        if not self.scan.symbol(")"):
            if self.scan.offset == self.end:
                raise QueryError(offset, 'this "(" is not closed')
            seen = self.scan.seen_at(self.scan.offset)
            summary = f'"and", "or" or ")" must follow, not "{seen}"'
            raise QueryError(self.scan.offset, summary, _JOIN)
        return tree

    def condition(self) -> Query:
        self.counted()
        if self.scan.next_is('"'):
            quoted = self.scan.value()
            hint = f'write message:"{quoted.text}"'
            raise QueryError(quoted.offset, "this value has no field", hint)
        field = self.scan.field()
        operator = self.scan.symbol(":", "<=", ">=", "<", ">")
        if field.pieces == ("", "") and operator in ("", ":"):
            return self.everything(operator)
        if not operator or len(field.pieces) > 1 or not field.text:
            raise self.no_field(field)
        kind = check_field(field.text, field.offset)
        if operator != ":":
            return self.compared(field.text, kind, operator)
        operator = self.scan.symbol("<=", ">=", "<", ">")
        if operator:
            return self.compared(field.text, kind, operator)
        if self.scan.next_is("("):
            self.conditions -= 1  # its values are counted instead
            return self.nested(lambda: self.listed(field.text, kind))
        return self.single(field.text, kind)

    def everything(self, operator: str) -> Query:
        """`*` and Kibana's `*:*`."""
        if operator and self.scan.value().pieces != ("", ""):
            raise QueryError(self.scan.offset, "a value needs a field", "write message:word")
        return Everything()

    def no_field(self, field: Token) -> QueryError:
        """What is wrong where a condition should stand."""
        if self.scan.next_is("=") or self.scan.next_is("!="):
            name = field.text.rstrip("!")
            hint = f"write {name}:value, or not {name}:value"
            return QueryError(self.scan.offset, 'there is no operator "="', hint)
        if not field.text or field.text.lower() in ("and", "or", "not"):
            ends = field.offset == self.end
            seen = "the query ends" if ends else f'"{self.scan.seen_at(field.offset)}" stands here'
            summary = f"a condition must follow here, but {seen}"
            return QueryError(field.offset, summary, "write field:value")
        if len(field.pieces) > 1:
            summary = f'"{field.text}": a star can stand in values, not in names of fields'
            return QueryError(field.offset, summary, f"write message:{field.text}")
        if field_kind(field.text):
            summary = f'"{field.text}" has no value'
            return QueryError(field.offset, summary, f"write {field.text}:value")
        return QueryError(
            field.offset, f'"{field.text}" has no field', f"write message:{field.text}"
        )

    def compared(self, field: str, kind: FieldKind, operator: str) -> Query:
        return comparison(field, kind, cast(Operator, operator), self.scan.value())

    def listed(self, field: str, kind: FieldKind) -> Query:
        self.counted()
        return self.single(field, kind)

    def single(self, field: str, kind: FieldKind) -> Query:
        offset = self.scan.offset
        if self.scan.keyword("and", "or", "not"):
            hint = 'put it in quotes if it is the value: "or"'
            raise QueryError(offset, f'a value of "{field}" must stand here, not a keyword', hint)
        value = self.scan.value()
        if not value.quoted and value.pieces == ("",):
            seen = self.scan.seen_at(self.scan.offset)
            raise QueryError(offset, f'a value of "{field}" must stand here, not "{seen}"')
        return equality(field, kind, value)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise QueryError(self.scan.offset, f"nested more than {DEPTH_MAX} deep")

    def counted(self) -> None:
        self.conditions += 1
        if self.conditions > CONDITIONS_MAX:
            raise QueryError(self.scan.offset, f"more than {CONDITIONS_MAX} conditions")
