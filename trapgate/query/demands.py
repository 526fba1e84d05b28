"""What an event must have before it is worth asking a query: one of some codes, or one of some
fields at all. It costs a look-up, where the query costs a microsecond."""

import msgspec

from trapgate.model.query import And, Network, Or, Phrase, Present, Query, Range, Wildcard, Word
from trapgate.query.codes import CODE
from trapgate.query.oids import meant
from trapgate.query.reading import is_column


class Demand(msgspec.Struct, frozen=True):
    """An event can only meet the query if its code is one of `codes` or it has one of `fields` in
    `Event.fields`. With neither, no event can."""

    codes: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()

    def __or__(self, other: "Demand") -> "Demand":
        """What an event must have to meet one of two queries."""
        return Demand(self.codes | other.codes, self.fields | other.fields)


def demand(query: Query) -> Demand | None:
    """What the query demands; `None` if any event may meet it."""
    match query:
        case Word(field, value) if field == CODE:
            return Demand(codes=meant(field, value))
        case Word(field) | Wildcard(field) | Present(field) | Phrase(field):
            return _of_field(field)
        case Range(field) | Network(field):
            return _of_field(field)
        case And(operands):
            known = [found for found in map(demand, operands) if found is not None]
            return _strictest(known) if known else None
        case Or(operands):
            all_of_them = Demand()
            for found in map(demand, operands):
                if found is None:
                    return None
                all_of_them |= found
            return all_of_them
    return None


def _of_field(field: str) -> Demand | None:
    if is_column(field) or field.startswith("labels."):
        return None
    return Demand(fields=frozenset({field}))


def _strictest(demands: list[Demand]) -> Demand:
    """Of several that must all be met: the codes that all allow, else any one of them."""
    coded = [each.codes for each in demands if not each.fields]
    return Demand(codes=frozenset.intersection(*coded)) if coded else demands[0]
