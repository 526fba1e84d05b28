"""What is remembered of one key of one rule, and its stored form."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Literal

import msgspec

from trapgate.model import EVENT_IDS_MAX, NS_PER_S, Labels, Match

STATE_SCHEMA = 1
"""Version of the stored form of `KeyState`."""

STATE_PREFIX = "r/"
"""Begins the keys of all rule states in the `StateStore`."""

KEY_HASH_BYTES = 8
"""64 bits: among the keys of one rule no two meet."""

REORDER_MAX_S = 300
"""By how much messages overtake each other: the longest that relays and retries hold one back. What
seems later than this is a device's clock that was set back, and must not keep a clear out."""

REORDER_MAX_NS = REORDER_MAX_S * NS_PER_S

ARRIVAL = "arrival"
"""The clock of events whose device gave no time that can be trusted."""


class StateUnreadable(Exception):
    """A stored state that this version cannot read: `schema` is its version, 0 if it has none."""

    def __init__(self, schema: int) -> None:
        super().__init__(
            f"rule state of schema {schema}, this version reads {STATE_SCHEMA}"
            if schema
            else "rule state that is damaged"
        )
        self.schema = schema


class KeyState(msgspec.Struct, frozen=True):
    """One key of one rule. An absent state is a cleared one about which nothing is known.

    `key` are the values of `by`. `labels` (with their `fingerprint`) are fixed at the raise;
    `annotations` are those of the last one. `starts_at` is when the episode began. `at`, `clock`
    and `arrived_at` are those of the last match in order, by which a late one is recognised.
    `count` counts the raises of the episode, its first included; `event_ids` are the first event
    and the newest ones, `EVENT_IDS_MAX` in all. `ends_at` is the end that was told, 0 if none was.
    `changed_at` is our wall clock at the last change. A clear that found nothing raised is kept
    without labels.
    """

    condition: Literal["raised", "cleared"]
    key: tuple[str, ...]
    at: int
    clock: str
    arrived_at: int
    changed_at: int
    labels: Labels = {}
    fingerprint: str = ""
    annotations: Labels = {}
    starts_at: int = 0
    ends_at: int = 0
    count: int = 0
    event_ids: tuple[str, ...] = ()
    schema: int = STATE_SCHEMA

    def is_newer_than(self, match: Match) -> bool:
        """Whether a match is late."""
        return is_behind(self.at, self.clock, self.arrived_at, match)


def is_behind(at: int, clock: str, arrived_at: int, match: Match) -> bool:
    """Whether a match is late after one of this instant, clock and arrival: its device says that
    it happened before that one, and a message can be as late as that. Without one clock for both
    (`ARRIVAL` is none: it is always in order) nobody can say; what arrived later counts as later.
    """
    if match.clock == ARRIVAL or clock != match.clock:
        return False
    waited_ns = match.received_at - arrived_at
    return 0 < at - match.timestamp <= REORDER_MAX_NS and waited_ns <= REORDER_MAX_NS


class _Version(msgspec.Struct):
    schema: int = 0


def state_key(match: Match) -> str:
    """The key under which the `StateStore` has the state that a match is about:
    `r/<rule uid>/<hash of the key values>`."""
    data = msgspec.msgpack.encode(match.key)
    digest = blake2b(data, digest_size=KEY_HASH_BYTES).hexdigest()
    return f"{STATE_PREFIX}{match.rule}/{digest}"


def rule_of(key: str) -> str:
    """The uid of the rule that a state's key belongs to."""
    return key.split("/", 2)[1]


def encode_state(state: KeyState) -> bytes:
    """The stored form: MessagePack with names, so that a later version may add fields."""
    return _ENCODER.encode(state)


def decode_state(data: bytes) -> KeyState:
    """Read a stored state. Raises `StateUnreadable` for another schema, or none."""
    try:
        schema = _VERSION.decode(data).schema
        if schema != STATE_SCHEMA:
            raise StateUnreadable(schema)
        return _DECODER.decode(data)
    except msgspec.DecodeError:
        raise StateUnreadable(0) from None


def with_events(ids: Sequence[str], more: Iterable[str]) -> tuple[str, ...]:
    """The ids with more of them, each once where it follows itself; beyond `EVENT_IDS_MAX` the
    second goes: the first raised it all."""
    kept = list(ids)
    for event_id in more:
        if event_id not in kept[-1:]:
            kept.append(event_id)
    return tuple(kept if len(kept) <= EVENT_IDS_MAX else (kept[0], *kept[1 - EVENT_IDS_MAX :]))


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(KeyState)
_VERSION = msgspec.msgpack.Decoder(_Version)
