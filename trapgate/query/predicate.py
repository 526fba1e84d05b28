"""Tree → a Python function that says whether an event meets it.

All looking at the tree is done once; what remains per event are dictionary lookups and
comparisons. The rules of comparison (the other back ends follow them): a keyword compares exactly
and case-sensitively, a number numerically, an address as canonical text; a missing field meets
nothing, so `not` of it holds; of several values any one suffices; the OID of a trap meets both of
its forms (`oids`).
"""

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt

from trapgate.model import Event
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
from trapgate.query.reading import read_field
from trapgate.query.texts import TextTest, fits, phrase_needle, says, texts_of, within
from trapgate.query.values import number_of

Predicate = Callable[[Event], bool]
"""Whether an event meets a query."""

_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def predicate(query: Query) -> Predicate:
    """Compile a query into a function of an event; it never raises."""
    match query:
        case And(operands):
            return _all(operands)
        case Or(operands):
            return _any(operands)
        case Not(operand):
            inner = predicate(operand)
            return lambda event: not inner(event)
        case Word(field, value) if field_kind(field) == "number":
            return _equal_number(field, number_of(value))
        case Word(field, value):
            return _equal(field, meant(field, value))
        case Wildcard(field, pattern):
            return _any_text(field, fits(pattern))
        case Present(field):
            read = read_field(field)
            return lambda event: read(event) not in (None, ())
        case Phrase(field, sought, prefix):
            return _any_text(field, says(phrase_needle(sought, prefix)))
        case Range(field, operator, bound):
            return _in_range(field, operator, bound)
        case Network(field, cidr):
            return _any_text(field, within(cidr))
        case Everything():
            return lambda event: True


def _all(operands: tuple[Query, ...]) -> Predicate:
    # searching for words costs most: ask last
    tests = [predicate(q) for q in sorted(operands, key=lambda q: isinstance(q, Phrase))]

    def test(event: Event) -> bool:
        for each in tests:  # noqa: SIM110 - `all()` over a generator takes twice as long
            if not each(event):
                return False
        return True

    return test


def _any(operands: tuple[Query, ...]) -> Predicate:
    tests = _alternatives(operands)

    def test(event: Event) -> bool:
        for each in tests:  # noqa: SIM110 - as above
            if each(event):
                return True
        return False

    return tests[0] if len(tests) == 1 else test


def _alternatives(operands: tuple[Query, ...]) -> list[Predicate]:
    values, rest = alternatives(operands)
    return [*(_equal(field, wanted) for field, wanted in values.items()), *map(predicate, rest)]


def _equal(field: str, wanted: frozenset[str]) -> Predicate:
    read = read_field(field)

    def test(event: Event) -> bool:
        value = read(event)
        if value.__class__ is str:
            return value in wanted
        return any(text in wanted for text in texts_of(value))

    return test


def _equal_number(field: str, wanted: float) -> Predicate:
    read = read_field(field)

    def test(event: Event) -> bool:
        value = read(event)
        return value.__class__ is int and value == wanted

    return test


def _in_range(field: str, operator: str, bound: float) -> Predicate:
    read = read_field(field)
    relation = _RELATIONS[operator]

    def test(event: Event) -> bool:
        value = read(event)
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return relation(value, bound)

    return test


def _any_text(field: str, holds: TextTest) -> Predicate:
    read = read_field(field)

    def test(event: Event) -> bool:
        value = read(event)
        if isinstance(value, str):
            return holds(value)
        return any(map(holds, texts_of(value)))

    return test
