"""What of a query the indexes can answer: the rest is left to the predicate."""

import msgspec

from trapgate.model.query import And, Query, Word
from trapgate.query import meant


class Narrowing(msgspec.Struct, frozen=True):
    """Values that every event of the answer has; `None` is any."""

    code: str | None = None
    device: str | None = None


def narrowing(query: Query) -> Narrowing:
    """The event's code and the device's name, where the query asks for exactly one."""
    operands = query.operands if isinstance(query, And) else (query,)
    code = device = None
    for operand in operands:
        if isinstance(operand, Word) and operand.field == "event.code":
            values = meant(operand.field, operand.value)
            code = operand.value if len(values) == 1 else code  # a trap's OID has two forms
        elif isinstance(operand, Word) and operand.field == "host.name":
            device = operand.value
    return Narrowing(code, device)
