"""The contract: another back end finds exactly the events that the predicate does.

Many events and many queries are asked in one go, because a server answers a thousand questions as
fast as ten. What differs is asked again alone and made smaller, as long as it still differs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from trapgate.model import Event
from trapgate.model.query import And, Not, Or, Query
from trapgate.query import predicate, query_text

Search = Callable[[Sequence[Event], Sequence[Query]], Sequence[set[int]]]
"""A back end: for each query the places of the events that it finds."""

T = TypeVar("T")

SMALLER_MAX = 50
"""Steps of making a difference smaller."""


def generated(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """So many different examples, or somewhat fewer."""
    found: dict[str, T] = {}

    @settings(
        max_examples=2 * count,  # hypothesis likes to come back to what it had
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: T) -> None:
        found.setdefault(repr(example), example)

    collect()
    return list(found.values())[:count]


def assert_agreed(search: Search, events: Sequence[Event], queries: Sequence[Query]) -> None:
    """Fail with the smallest event and query found of which the back end says something else."""
    differing = [
        (events[place], query)
        for query, found in zip(queries, search(events, queries), strict=True)
        for place in found ^ _met(events, query)
    ]
    if not differing:
        return
    event, query = min(differing, key=lambda pair: len(query_text(pair[1])) + len(repr(pair[0])))
    query = _smallest(search, event, query)
    met = predicate(query)(event)
    raise AssertionError(
        f"{len(differing)} differ; the predicate says {met} of the query\n"
        f"  {query_text(query)}\n  {query}\nfor the event\n  {event}"
    )


def _met(events: Sequence[Event], query: Query) -> set[int]:
    test = predicate(query)
    return {place for place, event in enumerate(events) if test(event)}


def _smallest(search: Search, event: Event, query: Query) -> Query:
    for _ in range(SMALLER_MAX):
        parts = list(_parts(query))
        answers = search([event], parts) if parts else []
        expected = [_met([event], part) for part in parts]
        still = [
            part for part, *two in zip(parts, answers, expected, strict=True) if two[0] != two[1]
        ]
        if not still:
            return query
        query = min(still, key=lambda part: len(query_text(part)))
    return query


def _parts(query: Query) -> Iterator[Query]:
    """Queries with a bit less."""
    match query:
        case Not(operand):
            yield operand
            yield from map(Not, _parts(operand))
        case And(operands) | Or(operands):
            yield from operands
            if len(operands) > 2:
                for place in range(len(operands)):
                    yield type(query)(operands[:place] + operands[place + 1 :])
