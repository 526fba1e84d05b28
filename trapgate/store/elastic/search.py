"""Events by query, position or id, and how many there are by the values of their fields.

Nothing here is approximate: an answer of a part of the shards is an error, totals are not the
server's estimates, and what an index does not hold exactly is counted from the documents.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from trapgate.model import NEVER, Event, Place, Position, rfc3339
from trapgate.model.query import Query
from trapgate.normalize.stored import event_of
from trapgate.query import field_kind
from trapgate.query.dsl import Dsl, query_dsl
from trapgate.query.fields import FIELDS
from trapgate.store.elastic.client import JSON, Cluster, Refused
from trapgate.store.elastic.template import data_streams
from trapgate.store.elastic.words import words_of_shards
from trapgate.store.errors import StoreUnavailable, TooManyRows, TooManyWords
from trapgate.store.groups import GROUPS_MAX, Groups


class Bounds(msgspec.Struct, frozen=True):
    """How much is asked for at a time, and how much one question may come to."""

    page_events: int = 1_000
    """Events in one answer: some megabytes; the server gives 10,000 at most."""

    page_groups: int = 5_000
    """Groups in one answer; the server gives 65,536 at most."""

    groups_max: int = GROUPS_MAX
    """Groups of an aggregation, as in the SQLite store."""

    rows_max: int = 200_000
    """Events that one aggregation reads because no index can count them: a minute or two."""


IDS_MAX = 5_000
"""Ids that are asked for at a time: half of the hits that the server gives in one answer, for two
gateways may have stored one event twice."""

_TIMES = ("event.start", "event.end")
"""Fields whose mapping has another form than their text."""

_NEWEST_FIRST = (
    {"event.created": {"order": "desc", "numeric_type": "date_nanos"}},
    {"trapgate.position.stream": {"order": "desc"}},
    {"trapgate.position.sequence": {"order": "desc"}},
)

_LENIENT = {"ignore_unavailable": "true"}
"""What is missing and what is closed is passed over."""

_NOTHING: JSON = {"hits": {"hits": []}, "count": 0}
"""The answer of no data stream at all."""

_TOO_MANY_WORDS = "maxClauseCount"
"""In the server's refusal of a phrase whose last word may be too many."""

_OURS: Dsl = {"exists": {"field": "trapgate.position.sequence"}}
"""Documents that somebody else writes into these data streams are not events."""

_ODD: Dsl = {
    "bool": {
        "should": [{"term": {"trapgate.odd": True}}, {"exists": {"field": "_ignored"}}],
        "minimum_should_match": 1,
    }
}
"""Documents with a value that an index does not hold as it is."""


class Search:
    """Reads the data streams of one namespace; those that do not exist have no events. One that has
    a closed index is not read at all: the rest would look like the whole."""

    def __init__(self, cluster: Cluster, namespace: str, bounds: Bounds = Bounds()) -> None:  # noqa: B008
        self._cluster = cluster
        self._bounds = bounds
        self._streams = ",".join(data_streams(namespace))

    def newest(
        self, query: Query, start: int, end: int, limit: int, before: Place | None
    ) -> Iterator[Event]:
        """The newest events received in [start, end) that meet the query, behind `before`: by
        arrival, then by position."""
        condition = _received(query, start, end)
        yield from self._pages(condition, limit, before)

    def after(self, position: Position, limit: int) -> Iterator[Event]:
        """Events of a stream behind a position, oldest first."""
        last = position.sequence
        while limit > 0:
            size = min(limit, self._bounds.page_events)
            condition: list[Dsl] = [
                {"term": {"trapgate.position.stream": position.stream}},
                {"range": {"trapgate.position.sequence": {"gt": last}}},
            ]
            body = {
                "query": {"bool": {"filter": condition}},
                "sort": [{"trapgate.position.sequence": {"order": "asc"}}],
                "size": size,
            }
            events = [_event(hit) for hit in _hits(self._ask("_search", body))]
            yield from events
            if len(events) < size:
                return
            last = events[-1].position.sequence
            limit -= size

    def named(self, event_id: str) -> Event | None:
        """The event with this id, of several the first to arrive."""
        body = {
            "query": {"bool": {"filter": [_OURS, {"ids": {"values": [event_id]}}]}},
            "sort": [{"event.created": {"order": "asc"}}],
            "size": 1,
        }
        for hit in _hits(self._ask("_search", body)):
            return _event(hit)
        return None

    def there(self, event_ids: Sequence[str]) -> set[str]:
        """Which of these ids there are, in whatever index that is open, written to the last
        moment. An index is closed long after it was written to."""
        # a search first: where a shard is missing it fails at once, a refresh waits for a minute
        found = self._visible(event_ids)
        rest = [event_id for event_id in event_ids if event_id not in found]
        if rest:
            self._ask("_refresh", None, _LENIENT)
            found |= self._visible(rest)
        return found

    def _visible(self, event_ids: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for first in range(0, len(event_ids), IDS_MAX):
            values = event_ids[first : first + IDS_MAX]
            body = {"query": {"ids": {"values": values}}, "_source": False, "size": 2 * len(values)}
            found.update(hit["_id"] for hit in _hits(self._ask("_search", body, _LENIENT)))
        return found

    def counts(
        self, query: Query, by: Sequence[str], start: int, end: int
    ) -> Counter[tuple[str, ...]]:
        """How many events there are by the values of the fields. Raises `TooManyGroups`,
        `TooManyRows`."""
        condition = _received(query, start, end)
        groups = Groups(by, self._bounds.groups_max)
        if all(map(_is_counted, by)):
            self._count_indexed({**condition, "must_not": [_ODD]}, by, groups)
            condition = {**condition, "filter": [*condition["filter"], _ODD]}
        rows_max = self._bounds.rows_max
        for number, event in enumerate(self._pages(condition, rows_max + 1, None)):
            if number >= rows_max:
                raise TooManyRows(rows_max, number)
            groups.add(event)
        return groups.counts

    def _count_indexed(
        self,
        condition: Mapping[str, object],
        by: Sequence[str],
        groups: Groups,
    ) -> None:
        if not by:
            found = self._ask("_count", {"query": {"bool": condition}})["count"]
            if found:
                groups.add_group((), found)
            return
        sources = [
            {str(n): {"terms": {"field": _column(name), "missing_bucket": True}}}
            for n, name in enumerate(by)
        ]
        after: Mapping[str, object] | None = None
        while True:
            composite: dict[str, object] = {"size": self._bounds.page_groups, "sources": sources}
            if after is not None:
                composite["after"] = after
            body = {
                "query": {"bool": condition},
                "size": 0,
                "aggs": {"groups": {"composite": composite}},
            }
            answer = self._ask("_search", body).get("aggregations")
            if answer is None:  # there is no data stream at all
                return
            for bucket in answer["groups"]["buckets"]:
                key = tuple(_named(bucket["key"][str(n)]) for n in range(len(by)))
                groups.add_group(key, bucket["doc_count"])
            after = answer["groups"].get("after_key")
            if after is None:
                return

    def _pages(
        self, condition: Mapping[str, object], limit: int, before: Place | None
    ) -> Iterator[Event]:
        after = None if before is None else _sort_values(before)
        while limit > 0:
            size = min(limit, self._bounds.page_events)
            body: dict[str, object] = {
                "query": {"bool": condition},
                "sort": _NEWEST_FIRST,
                "size": size,
            }
            if after is not None:
                body["search_after"] = after
            hits = _hits(self._ask("_search", body))
            for hit in hits:
                yield _event(hit)
            if len(hits) < size:
                return
            after = hits[-1]["sort"]
            limit -= size

    def _ask(
        self,
        what: str,
        body: Mapping[str, object] | None,
        params: Mapping[str, str] = {},
    ) -> JSON:
        if what == "_search":
            params = {**params, "allow_partial_search_results": "false"}
            body = {**(body or {}), "track_total_hits": False}
        try:
            answer = self._of_those_there(f"/{what}", body, params)
        except Refused as refused:
            if _TOO_MANY_WORDS in refused.reason:
                raise TooManyWords from refused
            raise StoreUnavailable(f"the search is refused: {refused}") from refused
        shards = answer.get("_shards", {})
        if answer.get("timed_out") or shards.get("failed"):
            why = words_of_shards(shards.get("failures"))
            raise StoreUnavailable(why or "a part of the shards did not answer")
        return answer

    def _of_those_there(
        self, what: str, body: Mapping[str, object] | None, params: Mapping[str, str]
    ) -> JSON:
        """Ask all data streams; if one is missing, those that are there. `ignore_unavailable` would
        pass over closed indices, too. Raises `Refused`."""
        try:
            return self._cluster.ask("POST", f"/{self._streams}{what}", body, params)
        except Refused as refused:
            if refused.status != 404:
                raise
        found = self._cluster.ask("GET", f"/_resolve/index/{self._streams}", params=_LENIENT)
        there = ",".join(stream["name"] for stream in found["data_streams"])
        return self._cluster.ask("POST", f"/{there}{what}", body, params) if there else _NOTHING


def _received(query: Query, start: int, end: int) -> dict[str, Any]:
    """The events received in [start, end) that meet a query, as the parts of a `bool`."""
    bounds = {"gte": _instant(start), "lt": _instant(end)}
    return {"filter": [_OURS, {"range": {"event.created": bounds}}, query_dsl(query)]}


def _instant(instant_ns: int) -> str:
    """An instant as the index takes it: it has none before 1970 and none after 2262."""
    return rfc3339(max(0, min(instant_ns, NEVER)), digits=9)


def _sort_values(place: Place) -> list[object]:
    return [place.received_at, place.position.stream, place.position.sequence]


def _hits(answer: JSON) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = answer["hits"]["hits"]
    return found


def _event(hit: Mapping[str, Any]) -> Event:
    try:
        return event_of(hit["_source"])
    except ValueError as error:
        reason = f"the document {hit['_id']} in {hit['_index']} is not trapgate's: {error}"
        raise StoreUnavailable(reason) from error


def _is_counted(field: str) -> bool:
    """Whether an index has this field's values as they are."""
    return field in FIELDS and field_kind(field) != "text" and field not in _TIMES


def _column(field: str) -> str:
    """Where an index has a field's values to count by."""
    return f"{field}.keyword" if field_kind(field) == "ip" else field


def _named(value: object) -> str:
    return "" if value is None else str(value)
