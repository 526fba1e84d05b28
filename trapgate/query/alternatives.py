"""What an `or` offers, sorted so that every back end asks for many values of a field at once."""

from collections.abc import Iterator, Mapping

from trapgate.model.query import Or, Query, Word
from trapgate.query.fields import field_kind
from trapgate.query.oids import meant


def alternatives(
    operands: tuple[Query, ...],
) -> tuple[Mapping[str, frozenset[str]], tuple[Query, ...]]:
    """The values that each keyword or address may have (both forms of a trap's OID), which is one
    look-up however many there are; and the operands that are something else, in order. Those of an
    `or` among them are alternatives, too."""
    values: dict[str, set[str]] = {}
    rest: list[Query] = []
    for operand in _flat(operands):
        if isinstance(operand, Word) and field_kind(operand.field) != "number":
            values.setdefault(operand.field, set()).update(meant(operand.field, operand.value))
        else:
            rest.append(operand)
    return {field: frozenset(wanted) for field, wanted in values.items()}, tuple(rest)


def _flat(operands: tuple[Query, ...]) -> Iterator[Query]:
    for operand in operands:
        if isinstance(operand, Or):
            yield from _flat(operand.operands)
        else:
            yield operand
