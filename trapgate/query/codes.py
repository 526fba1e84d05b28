"""What a query demands of `event.code`, so that a rule is asked about few events only, and what is
left to ask of an event whose code is known."""

from trapgate.model.query import And, Everything, Not, Or, Query, Word
from trapgate.query.oids import meant

CODE = "event.code"

EVERYTHING: Query = Everything()
NOTHING: Query = Not(EVERYTHING)


def required_codes(query: Query) -> frozenset[str] | None:
    """The values of `event.code` without which the query cannot be true; `None` if it can be true
    with any (or none). The empty set: it can never be true."""
    match query:
        case Word(field, value) if field == CODE:
            return meant(field, value)
        case And(operands):
            demands = [codes for codes in map(required_codes, operands) if codes is not None]
            return frozenset.intersection(*demands) if demands else None
        case Or(operands):
            choices = [required_codes(operand) for operand in operands]
            known = [codes for codes in choices if codes is not None]
            return frozenset.union(*known) if len(known) == len(choices) else None
    return None


def given_code(query: Query, code: str) -> Query:
    """What the query asks of an event that has this code ("": none), which is not asked again."""
    match query:
        case Word(field, value) if field == CODE:
            return EVERYTHING if code and code in meant(field, value) else NOTHING
        case Not(operand):
            left = given_code(operand, code)
            return EVERYTHING if left == NOTHING else Not(left)
        case And(operands):
            rest = [left for q in operands if (left := given_code(q, code)) != EVERYTHING]
            if NOTHING in rest:
                return NOTHING
            return EVERYTHING if not rest else rest[0] if len(rest) == 1 else And(tuple(rest))
        case Or(operands):
            rest = [left for q in operands if (left := given_code(q, code)) != NOTHING]
            if EVERYTHING in rest:
                return EVERYTHING
            return NOTHING if not rest else rest[0] if len(rest) == 1 else Or(tuple(rest))
    return query
