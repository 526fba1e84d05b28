"""The DSL on an index of its own of a genuine Elasticsearch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import httpx
import msgspec

from trapgate.model import Event
from trapgate.model.query import Query
from trapgate.query.dsl import query_dsl
from trapgate.query.indexed import INDEX_FIELDS, indexed

TIMEOUT_S = 60.0

MAPPINGS: Mapping[str, object] = {
    "dynamic": False,
    "_source": {"enabled": False},
    "properties": {"trapgate": {"properties": INDEX_FIELDS}},
}

HITS_MAX = 10_000
"""What a server gives in one answer."""


class _Hit(msgspec.Struct):
    id: str = msgspec.field(name="_id")


class _Hits(msgspec.Struct):
    hits: list[_Hit]


class _Answer(msgspec.Struct):
    hits: _Hits | None = None
    error: object = None


class _Answers(msgspec.Struct):
    responses: list[_Answer]


class _Bulk(msgspec.Struct):
    errors: bool


class Index:
    """One index, emptied for each search."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self._name = name

    def search(self, events: Sequence[Event], queries: Sequence[Query]) -> Sequence[set[int]]:
        """For each query the places of the events that Elasticsearch finds."""
        self.fill(events)
        return self.ask(queries)

    def fill(self, events: Sequence[Event]) -> None:
        """Let the index hold these events and nothing else."""
        self.delete()
        settings = {"number_of_shards": 1, "number_of_replicas": 0}
        body = msgspec.json.encode({"settings": settings, "mappings": MAPPINGS})
        self._send("PUT", "", body)
        lines: list[object] = []
        for place, event in enumerate(events):
            lines += [{"create": {"_id": str(place)}}, {"trapgate": indexed(event)}]
        answer = self._send("POST", "/_bulk?refresh=true", _ndjson(lines))
        assert not msgspec.json.decode(answer, type=_Bulk).errors, answer

    def ask(self, queries: Sequence[Query]) -> Sequence[set[int]]:
        """For each query the places of the events that are found."""
        lines: list[object] = []
        for query in queries:
            # as a store asks: beside other conditions, one level deeper
            whole = {"bool": {"filter": [query_dsl(query)]}}
            lines += [{}, {"query": whole, "size": HITS_MAX, "_source": False}]
        answer = self._send("POST", "/_msearch", _ndjson(lines))
        return [_places(each) for each in msgspec.json.decode(answer, type=_Answers).responses]

    def delete(self) -> None:
        self._client.request("DELETE", f"/{self._name}?ignore_unavailable=true").raise_for_status()

    def _send(self, method: str, path: str, body: bytes) -> bytes:
        kind = "application/x-ndjson" if body.endswith(b"\n") else "application/json"
        response = self._client.request(
            method, f"/{self._name}{path}", content=body, headers={"Content-Type": kind}
        )
        assert response.is_success, response.text[:2_000]
        return response.content


@contextmanager
def own_index(url: str, name: str) -> Iterator[Index]:
    """An index with this name on a server, deleted afterwards."""
    with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
        index = Index(client, name)
        try:
            yield index
        finally:
            index.delete()


def _ndjson(lines: Iterable[object]) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _places(answer: _Answer) -> set[int]:
    assert answer.hits is not None, answer.error
    return {int(hit.id) for hit in answer.hits.hits}
