"""The stored events of a running trapgate, over its HTTP API."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

import httpx
import msgspec

from trapgate.app.records import NotAnswered, Span
from trapgate.model import Event, rfc3339
from trapgate.model.query import Query
from trapgate.normalize.stored import event_of
from trapgate.query import query_text

PAGE_EVENTS = 1_000
"""As many as the API gives at once."""

TIMEOUT_S = 60.0
"""Of one request: a page may have to look at 200,000 events."""

_Answer = TypeVar("_Answer")


class _Page(msgspec.Struct, frozen=True):
    events: list[dict[str, object]]
    next: str | None = None
    damaged: tuple[str, ...] = ()


class _Group(msgspec.Struct, frozen=True):
    by: dict[str, str]
    count: int


class _Counts(msgspec.Struct, frozen=True):
    groups: list[_Group]
    damaged: tuple[str, ...] = ()


class _NotKnown(msgspec.Struct, frozen=True):
    damaged: tuple[str, ...]


class RemoteEvents:
    """What `trapgate.app.records.StoredEvents` is for a store. `transport` is for tests.

    Every method raises `NotAnswered`.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        """Raises `ValueError` for what is no URL."""
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f'"{url}" is no URL: {error}') from error
        if parts.scheme not in ("http", "https") or not parts.host:
            raise ValueError(f'"{url}" is no URL: write http://127.0.0.1:9093')
        self._damaged: set[str] = set()
        self._url = url.rstrip("/")
        self._client = httpx.Client(timeout=TIMEOUT_S, transport=transport)

    def newest_first(self, query: Query, span: Span, limit: int | None = None) -> Iterator[Event]:
        """The newest `limit` events that meet the query, all if `None`; asked for as they are
        taken."""
        parameters = self._parameters(query, span)
        left = limit
        while left is None or left > 0:
            size = PAGE_EVENTS if left is None else min(left, PAGE_EVENTS)
            page = self._get("/api/v1/events", {**parameters, "limit": str(size)}, _Page)
            self._damaged.update(page.damaged)
            for each in page.events:
                yield self._event(each)
            left = None if left is None else left - len(page.events)
            if page.next is None:
                return
            parameters["cursor"] = page.next

    def count(self, query: Query, by: Sequence[str], span: Span) -> Mapping[tuple[str, ...], int]:
        """How many events meet the query, by the values of these fields ("" for none)."""
        parameters = {**self._parameters(query, span), "by": ",".join(by)}
        counts = self._get("/api/v1/events/count", parameters, _Counts)
        self._damaged.update(counts.damaged)
        return {tuple(group.by[name] for name in by): group.count for group in counts.groups}

    def named(self, event_id: str) -> Event | None:
        """The event with this id; `None`, too, if it may be in a file that is `damaged`."""
        found = self._asked(f"/api/v1/events/{event_id}", {})
        if found.status_code == httpx.codes.NOT_FOUND:
            return None
        damaged = _named_as_damaged(found)
        if damaged:
            self._damaged.update(damaged)
            return None
        return self._event(self._decoded(found, dict[str, object]))

    def damaged(self, span: Span) -> Sequence[str]:
        """What the answers so far have named as damaged, whatever their time was."""
        return sorted(self._damaged)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _parameters(self, query: Query, span: Span) -> dict[str, str]:
        return {
            "query": query_text(query),
            "start": rfc3339(span.start, digits=9),
            "end": rfc3339(span.end, digits=9),
        }

    def _get(self, path: str, parameters: Mapping[str, str], kind: type[_Answer]) -> _Answer:
        return self._decoded(self._asked(path, parameters), kind)

    def _asked(self, path: str, parameters: Mapping[str, str]) -> httpx.Response:
        try:
            return self._client.get(self._url + path, params=parameters)
        except httpx.HTTPError as error:
            raise NotAnswered(f"{self._url}: {error or type(error).__name__}") from error

    def _decoded(self, answer: httpx.Response, kind: type[_Answer]) -> _Answer:
        try:
            if answer.status_code != httpx.codes.OK:
                said = msgspec.json.decode(answer.content, type=str)
                raise NotAnswered(f"{self._url}: {said}")
            return msgspec.json.decode(answer.content, type=kind)
        except ValueError:
            what = f"status {answer.status_code}, and no answer of trapgate's API"
            raise NotAnswered(f"{self._url}: {what}") from None

    def _event(self, document: dict[str, object]) -> Event:
        try:
            return event_of(document)
        except ValueError as error:
            raise NotAnswered(f"{self._url}: an event of another version: {error}") from error


def _named_as_damaged(answer: httpx.Response) -> tuple[str, ...]:
    """The files because of which it is not known whether there is an event."""
    if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
        return ()
    try:
        return msgspec.json.decode(answer.content, type=_NotKnown).damaged
    except ValueError:  # another reason, which is a text
        return ()
