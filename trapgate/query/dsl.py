"""Tree → Elasticsearch's query DSL, over the fields that `indexed` gives an event.

In: a query. Out: a JSON object that stands where a query stands, best in a filter: there is no
score. It means what the predicate means; nothing in it is approximate.
Source: https://www.elastic.co/guide/en/elasticsearch/reference/8.19/query-dsl.html
"""

import math
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_network

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
from trapgate.query.fields import INTEGER_MAX, INTEGER_MIN, field_kind
from trapgate.query.indexed import (
    ADDRESSES,
    NUMBERS,
    PAIRS,
    WORDS,
    address_bits,
    pair_begin,
)
from trapgate.query.oids import meant
from trapgate.query.values import number_of

Dsl = Mapping[str, object]
"""A query of Elasticsearch as JSON."""

TERM_BYTES_MAX = 32_766
"""The longest term that Lucene has; no event has a longer pair, and the server refuses to look."""

_ALL: Dsl = {"match_all": {}}
_NONE: Dsl = {"match_none": {}}

_WILD = re.compile(r"[\\*?]")


def query_dsl(query: Query) -> Dsl:
    """The query as DSL.

    Any query that can be parsed stays within the server's defaults: 1,024 clauses, 30 queries in
    each other, patterns of 10,000 steps, prefixes of 1,000 characters. With one exception, phrases
    of several words of which the last is the beginning of a word: each of their words is a clause,
    and if the beginning is longer than `PREFIX_CHARS_MAX`, each word that begins so. The server
    refuses what is too much with status 400 ("exceeds maxClauseCount").
    """
    match query:
        case And() | Not():
            return _bool([query])
        case Or(operands):
            return _one_of(_choices(operands))
        case Word(field, value) if field_kind(field) == "number":
            number = number_of(value)
            return _between(field, math.ceil(number), math.floor(number))
        case Word(field, value):
            return _terms(field, meant(field, value))
        case Wildcard(field, pattern):
            escaped = (_WILD.sub(r"\\\g<0>", piece) for piece in (pair_begin(field), *pattern))
            begin, first, *rest = escaped
            return {"wildcard": {PAIRS: {"value": "*".join((begin + first, *rest))}}}
        case Present(field):
            return {"prefix": {PAIRS: {"value": pair_begin(field)}}}
        case Phrase(field, sought, prefix):
            return _phrase(f"{WORDS}.{field}", sought, prefix)
        case Range(field, operator, bound):
            return _in_range(field, operator, bound)
        case Network(field, cidr):
            return {"prefix": {ADDRESSES: {"value": pair_begin(field) + _network_bits(cidr)}}}
        case Everything():
            return _ALL


class _Clauses:
    """The parts of a `bool` query; `either` are the alternatives of which one must hold."""

    def __init__(self) -> None:
        self.all: list[Dsl] = []
        self.none: list[Dsl] = []
        self.either: tuple[Query, ...] = ()

    def add(self, query: Query) -> None:
        match query:
            case And(operands):
                for operand in operands:
                    self.add(operand)
            case Not(Not(operand)):
                self.add(operand)
            case Not(Or(operands)):
                self.none += _choices(operands)
            case Not(operand):
                self.none.append(query_dsl(operand))
            case Or(operands) if _depth(query) > _depth(Or(self.either)):
                if self.either:
                    self.all.append(query_dsl(Or(self.either)))
                self.either = operands
            case _:
                self.all.append(query_dsl(query))


def _bool(queries: Iterable[Query]) -> Dsl:
    """Queries that must all hold. The deepest `or` among them needs no `bool` of its own: so the
    parentheses of a query do not come to more than the server's 30 levels."""
    clauses = _Clauses()
    for query in queries:
        clauses.add(query)
    body: dict[str, object] = {}
    if clauses.all:
        body["filter"] = clauses.all
    if clauses.none:
        body["must_not"] = clauses.none
    if clauses.either:
        body["should"] = _choices(clauses.either)
        body["minimum_should_match"] = 1
    return {"bool": body}


def _choices(operands: tuple[Query, ...]) -> list[Dsl]:
    values, rest = alternatives(operands)
    return [*(_terms(field, wanted) for field, wanted in values.items()), *map(query_dsl, rest)]


def _one_of(choices: list[Dsl]) -> Dsl:
    if len(choices) == 1:
        return choices[0]
    return {"bool": {"should": choices, "minimum_should_match": 1}}


def _depth(query: Query) -> int:
    match query:
        case And(operands) | Or(operands):
            return 1 + max(map(_depth, operands), default=0)
        case Not(operand):
            return 1 + _depth(operand)
    return 0


def _terms(field: str, values: Iterable[str]) -> Dsl:
    begin = pair_begin(field)
    terms = sorted(begin + value for value in values)
    fit = [term for term in terms if len(term.encode()) <= TERM_BYTES_MAX]
    if not fit:
        return _NONE
    return {"terms": {PAIRS: fit}} if len(fit) > 1 else {"term": {PAIRS: {"value": fit[0]}}}


def _phrase(name: str, sought: tuple[str, ...], prefix: bool) -> Dsl:
    *before, last = sought
    if not prefix:
        if not before:
            return {"term": {name: {"value": last}}}
        return {"match_phrase": {name: {"query": " ".join(sought)}}}
    if not before:
        return {"prefix": {name: {"value": last}}}
    # `match_phrase_prefix` takes the first 50 words that begin so, and says nothing of it; with a
    # larger number it can end the server; `intervals` takes 128
    ending: Dsl = {"span_multi": {"match": {"prefix": {name: {"value": last}}}}}
    clauses: list[Dsl] = [*({"span_term": {name: {"value": word}}} for word in before), ending]
    return {"span_near": {"clauses": clauses, "slop": 0, "in_order": True}}


def _in_range(field: str, operator: str, bound: float) -> Dsl:
    """Numbers are whole, so each relation is one of whole numbers, both ends included."""
    match operator:
        case "<":
            return _between(field, INTEGER_MIN, math.ceil(bound) - 1)
        case "<=":
            return _between(field, INTEGER_MIN, math.floor(bound))
        case ">":
            return _between(field, math.floor(bound) + 1, INTEGER_MAX)
    return _between(field, math.ceil(bound), INTEGER_MAX)


def _between(field: str, least: int, most: int) -> Dsl:
    least, most = max(least, INTEGER_MIN), min(most, INTEGER_MAX)
    if least > most:
        return _NONE
    return {"range": {f"{NUMBERS}.{field}": {"gte": least, "lte": most}}}


def _network_bits(cidr: str) -> str:
    network = ip_network(cidr)
    return address_bits(str(network.network_address))[: 1 + network.prefixlen]
