"""A rule as data, and a match: the fact that one event met a rule's condition or its clear."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from trapgate.model.datagram import Position
from trapgate.model.problem import Span
from trapgate.model.query import Query

RULE_LABEL = "alertname"


class By(msgspec.Struct, frozen=True):
    """One part of a rule's key: its label, and the fields of which the first present wins."""

    label: str
    fields: tuple[str, ...]


class Rule(msgspec.Struct, frozen=True):
    """What turns events into an alert.

    `uid` is a hash of group, alert, match, clear and by: editing labels or annotations keeps the
    rule's state. `labels` and `annotations` hold Jinja2 template text; `captures` are the event's
    fields that they mention, so that a match can carry them.
    """

    uid: str
    group: str
    alert: str
    match: Query
    clear: Query | None
    by: tuple[By, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    captures: tuple[str, ...]
    span: Span


class Match(msgspec.Struct, frozen=True, gc=False):
    """One event met one rule's condition (`raise`) or clear.

    `key` holds the values of the rule's `by`, in its order, "" where the event has none of the
    fields. `timestamp` and `clock` are the event's; order is judged by timestamps of one clock
    only. `captured` holds the fields that the rule's templates mention.
    """

    rule: str
    key: tuple[str, ...]
    verb: Literal["raise", "clear"]
    event_id: str
    timestamp: int
    received_at: int
    clock: str
    captured: Mapping[str, str]


class EventMatches(msgspec.Struct, frozen=True, gc=False):
    """All matches of one event: the record of the `matches` spool. `position` is the event's in
    the raw spool, by which a replay is recognised."""

    position: Position
    matches: tuple[Match, ...]


MATCHES_SCHEMA = 1
"""Version of the persisted form of `EventMatches`: MessagePack, (version, matches)."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, EventMatches]).decode


def encode_matches(matches: EventMatches) -> bytes:
    """The record of the `matches` spool. Raises `ValueError` for text that is not Unicode,
    `OverflowError` for a number over 64 bits."""
    return _encode((MATCHES_SCHEMA, matches))


def decode_matches(payload: bytes) -> EventMatches | None:
    """What a record of the `matches` spool says; `None` if it cannot be read: it is damaged, or
    of another version."""
    try:
        version, matches = _decode(payload)
    except (msgspec.DecodeError, ValueError):
        return None
    return matches if version == MATCHES_SCHEMA else None
