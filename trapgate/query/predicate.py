"""Tree → a Python function that says whether an event meets it.

All looking at the tree is done once; what remains per event are dictionary lookups and
comparisons. The rules of comparison (the other back ends follow them): a keyword compares exactly
and case-sensitively, a number numerically, an address as canonical text; a missing field meets
nothing, so `not` of it holds; of several values any one suffices; the OID of a trap meets both of
its forms (`oids`).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from operator import ge, gt, le, lt

from trapgate.model import Event, FieldValue
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
from trapgate.query.fields import field_kind
from trapgate.query.oids import meant
from trapgate.query.words import words

Predicate = Callable[[Event], bool]
"""Whether an event meets a query."""

Reader = Callable[[Event], FieldValue | None]

ADDRESSES_CACHED_MAX = 16_384
"""Parsed addresses that are remembered, one table for all queries: parsing costs 2 µs, and a
network has fewer devices than this."""

_COLUMNS: Mapping[str, Reader] = {
    "error.code": lambda event: tuple(problem.code for problem in event.problems),
    "error.message": lambda event: tuple(problem.summary for problem in event.problems),
    "event.code": lambda event: event.code or None,
    "event.dataset": lambda event: event.kind,
    "event.id": lambda event: event.id,
    "event.module": lambda event: event.kind.partition(".")[0],
    "event.severity": lambda event: event.severity,
    "host.name": lambda event: event.device or None,
    "message": lambda event: event.message or None,
    "source.ip": lambda event: event.source.address,
    "source.port": lambda event: event.source.port,
}

_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def read_field(name: str) -> Reader:
    """A function that reads a field by its flat dotted name; `None` if the event has it not.

    Attributes of `Event` go by their ECS names (`host.name`, `message`, `source.ip`), an empty
    one is missing. `labels.x` is the user's label `x`; all others come from `Event.fields`.
    """
    column = _COLUMNS.get(name)
    if column is not None:
        return column
    if name.startswith("labels."):
        label = name.removeprefix("labels.")
        return lambda event: event.labels.get(label)
    return lambda event: event.fields.get(name)


def is_column(name: str) -> bool:
    """Whether a field is an attribute of `Event`, which `Event.fields` does not hold."""
    return name in _COLUMNS


def field_text(value: FieldValue | None) -> str:
    """A field's value as one text: several values joined by ", ", "" for a missing one."""
    return value if isinstance(value, str) else ", ".join(_texts(value))


def read_text(name: str) -> Callable[[Event], str]:
    """A function that reads a field as text (see `read_field`, `field_text`)."""
    read = read_field(name)
    return lambda event: field_text(read(event))


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
            return _equal_number(
                field, float(value) if "." in value or "e" in value else int(value)
            )
        case Word(field, value):
            return _equal(field, meant(field, value))
        case Wildcard(field, pattern):
            return _any_text(field, _fits(pattern))
        case Present(field):
            read = read_field(field)
            return lambda event: read(event) not in (None, ())
        case Phrase(field, sought, prefix):
            return _any_text(field, _says(sought, prefix))
        case Range(field, operator, bound):
            return _in_range(field, operator, bound)
        case Network(field, cidr):
            return _any_text(field, _within(cidr))
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
    """The values that one keyword may have are one lookup, however many there are."""
    values: dict[str, set[str]] = {}
    rest: list[Query] = []
    for operand in operands:
        if isinstance(operand, Word) and field_kind(operand.field) != "number":
            values.setdefault(operand.field, set()).update(meant(operand.field, operand.value))
        else:
            rest.append(operand)
    return [
        *(_equal(field, frozenset(wanted)) for field, wanted in values.items()),
        *map(predicate, rest),
    ]


def _equal(field: str, wanted: frozenset[str]) -> Predicate:
    read = read_field(field)

    def test(event: Event) -> bool:
        value = read(event)
        if value.__class__ is str:
            return value in wanted
        return any(text in wanted for text in _texts(value))

    return test


def _equal_number(field: str, wanted: float) -> Predicate:
    read = read_field(field)

    def test(event: Event) -> bool:
        value = read(event)
        return value.__class__ in (int, float) and value == wanted

    return test


def _in_range(field: str, operator: str, bound: float) -> Predicate:
    read = read_field(field)
    relation = _RELATIONS[operator]

    def test(event: Event) -> bool:
        value = read(event)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return relation(value, bound)

    return test


def _any_text(field: str, fits: Callable[[str], bool]) -> Predicate:
    read = read_field(field)

    def test(event: Event) -> bool:
        value = read(event)
        if isinstance(value, str):
            return fits(value)
        return any(map(fits, _texts(value)))

    return test


def _texts(value: FieldValue | None) -> tuple[str, ...]:
    """The values as texts, as a keyword field has them."""
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (str(value),)


def _fits(pattern: tuple[str, ...]) -> Callable[[str], bool]:
    """Literal pieces in order: the leftmost place for each is the best one, so that this is
    linear in the text whatever the number of stars (a backtracking regex is not)."""
    first, *middle, last = pattern

    def fits(text: str) -> bool:
        at, end = len(first), len(text) - len(last)
        if at > end or not (text.startswith(first) and text.endswith(last)):
            return False
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return fits


def _says(sought: tuple[str, ...], prefix: bool) -> Callable[[str], bool]:
    """Words have no blanks, so a phrase is a substring of the words joined by blanks."""
    needle = " " + " ".join(sought) + ("" if prefix else " ")
    return lambda text: needle in f" {' '.join(words(text))} "


def _within(cidr: str) -> Callable[[str], bool]:
    network = ip_network(cidr)

    def fits(text: str) -> bool:
        address = _address(text)
        return address is not None and address in network

    return fits


@lru_cache(maxsize=ADDRESSES_CACHED_MAX)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without a zone id: networks have none. `None` for anything else."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
