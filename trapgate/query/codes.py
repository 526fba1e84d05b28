"""What a query demands of `event.code`, so that a rule is asked about few events only."""

from trapgate.model.query import And, Or, Query, Word
from trapgate.query.oids import meant

CODE = "event.code"


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
