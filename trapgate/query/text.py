"""Tree → query text, such that parsing it gives the same tree again."""

import re

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
from trapgate.query.values import number_text

_PLAIN = re.compile(r"(?!(?:and|or|not)$)[\w./@%-]+", re.ASCII | re.IGNORECASE)
_SPECIAL = re.compile(r"""[\s\\():<>="*{}]""")


def query_text(query: Query) -> str:
    """Write a tree as a query; whatever `parse_query` returns is read back as an equal tree."""
    match query:
        case And(operands):
            return " and ".join(map(_nested, operands))
        case Or(operands):
            return " or ".join(map(_nested, operands))
        case Not(operand):
            return f"not {_nested(operand)}"
        case Everything():
            return "*"
        case Range(field, operator, bound):
            return f"{_escaped(field)} {operator} {number_text(bound)}"
    return f"{_escaped(query.field)}:{_value(query)}"


def _nested(query: Query) -> str:
    text = query_text(query)
    return f"({text})" if isinstance(query, And | Or) else text


def _value(query: Word | Wildcard | Present | Phrase | Network) -> str:
    match query:
        case Word(_, value):
            return _quoted(value)
        case Network(_, cidr):
            return _quoted(cidr)
        case Wildcard(_, pattern):
            return "*".join(map(_escaped, pattern))
        case Phrase(_, words, True):
            return "-".join(words) + "*"  # any character that separates words would do
        case Phrase(_, words):
            return _quoted(" ".join(words))
        case Present():
            return "*"


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    return '"' + value.replace("\\", r"\\").replace('"', r"\"") + '"'


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)
