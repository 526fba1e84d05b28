"""Tree → a condition in SQL, for SQLite 3.40 and newer.

In: a query, and where a store keeps what (its `Layout`). Out: an expression that is 1 or 0, never
NULL, and the values that it binds: nothing of a query stands in the text but names of columns,
which are the store's. It means what the predicate means.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec

from trapgate.model.query import (
    And,
    Everything,
    Network,
    Not,
    Or,
    Phrase,
    Present,
    Query,
    Range,
    Wildcard,
    Word,
)
from trapgate.query.alternatives import alternatives
from trapgate.query.fields import field_kind
from trapgate.query.oids import meant
from trapgate.query.reading import LABELS
from trapgate.query.texts import (
    ADDRESSES_CACHED_MAX,
    TextTest,
    fits,
    phrase_needle,
    says,
    within,
)
from trapgate.query.values import number_of

Bound = str | int | float

CHAINED_MAX = 32
"""Operands that stand in one row, `a AND b AND ...`: each is one deeper than the one behind it, and
SQLite takes 1,000. More are rows in parentheses: so the 1,000 conditions of a query are 64 deep."""

TESTS_CACHED_MAX = 1_024
"""Patterns, phrases and networks that are kept compiled: those of one query with the most
conditions."""


class Layout(msgspec.Struct, frozen=True):
    """Where a store keeps an event's fields.

    `columns` are expressions for the fields that are no JSON, each NULL where the event has not
    the field (so `nullif(code, '')`). `document` is an expression for JSON text: an object with
    the objects `fields` and `labels` (by flat dotted names) and the list `problems` (objects with
    `code` and `summary`).
    """

    columns: Mapping[str, str]
    document: str


class Condition(msgspec.Struct, frozen=True):
    """An SQL expression and what its question marks stand for, in order."""

    text: str
    parameters: tuple[Bound, ...] = ()


def sql_condition(query: Query, layout: Layout) -> Condition:
    """The condition that is 1 for the events that meet the query and 0 for all others.

    It calls the `FUNCTIONS`, which the connection must know. Any query that can be parsed stays
    within SQLite's own limits (expressions 1,000 deep, 32,766 values, a parser's stack of 100).
    """
    return _Compiler(layout).condition(query)


_TEXT_OF_VALUE = (
    "CASE v.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'"
    " ELSE CAST(v.value AS TEXT) END"
)  # fmt: skip
"""A value of JSON as a keyword has it."""

_VALUES_AS_LIST = (
    "CASE f.type WHEN 'array' THEN f.value WHEN 'true' THEN '[true]' WHEN 'false' THEN '[false]'"
    " WHEN 'null' THEN '[]' ELSE json_array(f.value) END"
)

_PROBLEM_PARTS: Mapping[str, str] = {"error.code": "$.code", "error.message": "$.summary"}


class _Compiler:
    """One walk over one tree."""

    def __init__(self, layout: Layout) -> None:
        self._columns = layout.columns
        self._document = layout.document

    def condition(self, query: Query) -> Condition:
        match query:
            case And(operands):
                return _chain("AND", map(self._nested, sorted(operands, key=self._order)))
            case Or(operands):
                return self._any(operands)
            case Not(operand):
                inner = self.condition(operand)
                return Condition(f"NOT ({inner.text})", inner.parameters)
            case Word(field, value) if field_kind(field) == "number":
                return self._number(field, "=", number_of(value))
            case Range(field, operator, bound):
                return self._number(field, operator, bound)
            case Word(field, value):
                return self._one_of(field, meant(field, value))
            case Wildcard(field, pattern):
                written = msgspec.json.encode(pattern).decode()
                return self._texts(field, "trapgate_fits({}, ?)", written)
            case Phrase(field, sought, prefix):
                return self._texts(field, "trapgate_says({}, ?)", phrase_needle(sought, prefix))
            case Network(field, cidr):
                return self._texts(field, "trapgate_within({}, ?)", cidr)
            case Present(field):
                return self._texts(field, "{} IS NOT NULL")
            case Everything():
                return Condition("1")

    def _any(self, operands: tuple[Query, ...]) -> Condition:
        values, rest = alternatives(operands)
        several = [self._one_of(field, wanted) for field, wanted in values.items()]
        return _chain("OR", [*map(self._nested, sorted(rest, key=self._order)), *several])

    def _nested(self, query: Query) -> Condition:
        condition = self.condition(query)
        if isinstance(query, And | Or):
            return Condition(f"({condition.text})", condition.parameters)
        return condition

    def _order(self, query: Query) -> tuple[int, int]:
        """The deepest operand first, where it takes least of the parser's stack; then what costs
        least to judge."""
        if isinstance(query, And | Or | Not):
            return -_depth(query), 0
        if isinstance(query, Phrase):
            return 0, 2  # searching for words costs most
        return 0, isinstance(query, Everything) or query.field not in self._columns

    def _one_of(self, field: str, wanted: Iterable[str]) -> Condition:
        values = sorted(wanted)
        if len(values) == 1:
            return self._texts(field, "{} IS ?", *values)
        marks = ", ".join("?" * len(values))
        return self._texts(field, f"ifnull({{}} IN ({marks}), 0)", *values)

    def _number(self, field: str, operator: str, bound: float) -> Condition:
        column = self._columns.get(field)
        if column is not None:
            return Condition(f"ifnull({column} {operator} ?, 0)", (bound,))
        test = f"v.type = 'integer' AND v.value {operator} ?"
        return self._among(field, test, (bound,))

    def _texts(self, field: str, test: str, *parameters: str) -> Condition:
        """Whether a test, with braces for the text, holds for any of a field's values."""
        column = self._columns.get(field)
        if column is not None:
            return Condition(test.format(column), parameters)
        part = _PROBLEM_PARTS.get(field)
        if part is not None:
            text = test.format(f"json_extract(v.value, '{part}')")
            each = f"json_each({self._document}, '$.problems') AS v"
            return Condition(f"EXISTS (SELECT 1 FROM {each} WHERE {text})", parameters)
        return self._among(field, test.format(_TEXT_OF_VALUE), parameters)

    def _among(self, field: str, test: str, parameters: tuple[Bound, ...]) -> Condition:
        """Whether a test holds for any of the values that JSON has, which are `v`."""
        inside, key = "fields", field
        if field.startswith(LABELS):
            inside, key = "labels", field.removeprefix(LABELS)
        if _is_plain(key):
            each = f"json_each({self._document}, ?) AS v"
            text = f"EXISTS (SELECT 1 FROM {each} WHERE {test})"
            return Condition(text, (f'$.{inside}."{key}"', *parameters))
        # twice as slow, but a path of SQLite 3.40 cannot name such a key
        each = f"json_each({self._document}, '$.{inside}') AS f, json_each({_VALUES_AS_LIST}) AS v"
        text = f"EXISTS (SELECT 1 FROM {each} WHERE f.key = ? AND {test})"
        return Condition(text, (key, *parameters))


def _is_plain(key: str) -> bool:
    """Whether JSON writes a key as it is, without a backslash."""
    return not any(character in '"\\' or character < " " for character in key)


def _depth(query: Query) -> int:
    match query:
        case And(operands) | Or(operands):
            return 1 + max(map(_depth, operands))
        case Not(operand):
            return 1 + _depth(operand)
    return 0


def _chain(word: str, conditions: Iterable[Condition]) -> Condition:
    """`a AND b AND (c AND d)`: the first row needs no parentheses."""
    chained = list(conditions)
    rows = [chained[at : at + CHAINED_MAX] for at in range(0, len(chained), CHAINED_MAX)]
    texts = [f" {word} ".join(condition.text for condition in row) for row in rows]
    text = f" {word} ".join([texts[0], *(f"({row})" for row in texts[1:])])
    return Condition(text, tuple(each for found in chained for each in found.parameters))


@lru_cache(maxsize=TESTS_CACHED_MAX)
def _fits(pattern: str) -> TextTest:
    return fits(msgspec.json.decode(pattern, type=tuple[str, ...]))


_says = lru_cache(maxsize=TESTS_CACHED_MAX)(says)
_network = lru_cache(maxsize=TESTS_CACHED_MAX)(within)


@lru_cache(maxsize=ADDRESSES_CACHED_MAX)
def _within(text: str | None, cidr: str) -> bool:
    """A store asks of each combination of values, and a device has many."""
    return text is not None and _network(cidr)(text)


def _function(compiled: Callable[[str], TextTest]) -> Callable[[str | None, str], bool]:
    """NULL is a missing field: nothing holds for it."""
    return lambda text, parameter: text is not None and compiled(parameter)(text)


FUNCTIONS: Mapping[str, Callable[[str | None, str], bool]] = {
    "trapgate_fits": _function(_fits),
    "trapgate_says": _function(_says),
    "trapgate_within": _within,
}
"""What the conditions call, by name: deterministic functions of two arguments, for the store to
register on its connection."""
