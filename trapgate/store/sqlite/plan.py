"""What of a query is answered by facets, what by words, and what is asked of each row."""

import msgspec

from trapgate.model import Endpoint, Event, Position
from trapgate.model.query import And, Everything, Not, Or, Phrase, Query
from trapgate.store.sqlite.row import Facet

HOT_FIELDS = frozenset(
    (
        "event.code",
        "event.dataset",
        "event.module",
        "event.severity",
        "host.name",
        "source.ip",
    )
)
"""The fields that a facet holds: conditions on these are judged once for thousands of events."""


class Plan(msgspec.Struct, frozen=True):
    """A query in parts that must all be met: `hot` speaks of facets only (`None`: any will do),
    `rest` is asked of rows. `phrases` are words of the message without which `rest` is not met."""

    hot: Query | None
    rest: Query
    phrases: tuple[Phrase, ...]


def planned(query: Query) -> Plan:
    """Take a query apart."""
    hot: list[Query] = []
    rest: list[Query] = []
    for operand in _demanded(query):
        (hot if is_hot(operand) else rest).append(operand)
    phrases = (each for each in rest if isinstance(each, Phrase) and each.field == "message")
    return Plan(_joined(hot) if hot else None, _joined(rest), tuple(phrases))


def is_hot(query: Query) -> bool:
    """Whether a query speaks of hot fields only, so that a facet answers it."""
    match query:
        case And(operands) | Or(operands):
            return all(map(is_hot, operands))
        case Not(operand):
            return is_hot(operand)
        case Everything():
            return True
    return query.field in HOT_FIELDS


def facet_event(facet: Facet) -> Event:
    """An event of which only the hot fields are known."""
    return Event(
        id="",
        position=_NOWHERE,
        timestamp=0,
        received_at=0,
        clock="",
        kind=facet.dataset,
        source=Endpoint(facet.source, 0),
        device=facet.device,
        severity=facet.severity,
        code=facet.code,
        labels={},
        fields={},
        message="",
        raw=b"",
    )


_NOWHERE = Position("", 0)


def _demanded(query: Query) -> list[Query]:
    """The conditions that must all be met; `Everything` is none."""
    if isinstance(query, And):
        return [each for operand in query.operands for each in _demanded(operand)]
    return [] if isinstance(query, Everything) else [query]


def _joined(queries: list[Query]) -> Query:
    if not queries:
        return Everything()
    return queries[0] if len(queries) == 1 else And(tuple(queries))
