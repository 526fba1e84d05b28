"""What the decoder remembers of other engines: who was authenticated, their clocks, recent digests.

`EngineMemory` is all that the verdict on an SNMPv3 message depends on beside the message and the
configuration. It is changed by authenticated messages only, and takes the time from
`received_at`, so that the same datagrams in the same order always lead to the same verdicts.
"""

from typing import Self

import msgspec

from trapgate.decode.snmp.v3 import INT_MAX
from trapgate.model import NS_PER_S

ENGINES_SCHEMA = 1
"""Version of what `EngineMemory.saved` returns; another one is not read."""

ENGINE_ID_BYTES = (5, 32)
"""RFC 3411 §5, SnmpEngineID."""

TIME_WINDOW_S = 150
"""RFC 3414 §2.2.3."""

MARK_BYTES = 6
"""How much of a digest is remembered: two digests share that by an accident of 2^-48."""

TRAPS_RECENT_MAX = 8
"""Digests remembered of each engine: copies of a trap follow it closely, and the time window is
what ends older ones. More would make 10,000 engines more than about 1 MB."""

INFORMS_RECENT_MAX = 256
"""Digests remembered of all informs: they share one engine, ours."""

PASSING_MAX = 4_096
"""Engines of users with the policy `any` whose clock is remembered, about 1 MB; the one that was
silent longest gives way, and is then met as if for the first time."""


class Engine(msgspec.Struct, array_like=True, gc=False):
    """One engine, known by an authenticated message.

    `user` is the entry that the last one came for, `address` its peer; `first_seen` and
    `last_seen` are instants, `count` says how many messages were taken. `boots` and `time` are the
    latest clock of the device and `heard_at` the instant at which it was heard; `recent` are the
    marks of the last digests, oldest first.
    """

    user: str
    address: str
    first_seen: int
    last_seen: int
    count: int
    boots: int
    time: int
    heard_at: int
    recent: bytes

    def in_window(self, boots: int, time: int, received_at: int) -> bool:
        """Whether a clock is not behind what is known (RFC 3414 §3.2.7 b).

        One-sided: an engine that is heard later than ever before sets the clock, as the RFC has it,
        so a device whose clock runs slow is never outside.
        """
        if boots == INT_MAX:
            return False
        if boots != self.boots:
            return boots > self.boots
        if time > self.time:
            return True
        elapsed_s = max(0, received_at - self.heard_at) // NS_PER_S
        return time >= self.time + elapsed_s - TIME_WINDOW_S

    def repeats(self, digest: bytes) -> bool:
        """Whether a message with this digest was taken lately."""
        return digest[:MARK_BYTES] in self.recent


class Heard(msgspec.Struct, frozen=True, gc=False):
    """An authenticated message that is taken, as far as the memory is concerned."""

    engine_id: bytes
    user: str
    address: str
    boots: int
    time: int
    digest: bytes
    received_at: int


class _Saved(msgspec.Struct, array_like=True, frozen=True):
    schema: int
    learned: dict[bytes, Engine]
    passing: dict[bytes, Engine]
    informs: bytes


class EngineMemory:
    """Engines by their IDs: `learned` ones are kept for ever, `passing` ones (of users with the
    policy `any`) while there is room."""

    def __init__(self) -> None:
        self.learned: dict[bytes, Engine] = {}
        self.passing: dict[bytes, Engine] = {}
        self._informs = b""

    def known(self, engine_id: bytes) -> Engine | None:
        """What is known of an engine."""
        return self.learned.get(engine_id) or self.passing.get(engine_id)

    def hear(self, heard: Heard, *, passing: bool, outside: bool = False) -> None:
        """Remember a message; a clock `outside` the time window is taken over as it is, since
        the device now has that one.

        The caller has seen to it that there is room for a new engine that is not `passing`.
        """
        known = self.known(heard.engine_id)
        mark = heard.digest[:MARK_BYTES]
        if known is None:
            self._meet(heard, mark, passing=passing)
            return
        if not passing and heard.engine_id not in self.learned:
            self.learned[heard.engine_id] = self.passing.pop(heard.engine_id)
        known.user, known.address, known.last_seen = heard.user, heard.address, heard.received_at
        known.count += 1
        known.recent = (known.recent + mark)[-TRAPS_RECENT_MAX * MARK_BYTES :]
        if outside or (heard.boots, heard.time) > (known.boots, known.time):
            known.boots, known.time, known.heard_at = heard.boots, heard.time, heard.received_at
        if heard.engine_id in self.passing:
            self.passing[heard.engine_id] = self.passing.pop(heard.engine_id)  # the youngest

    def repeats_inform(self, digest: bytes) -> bool:
        """Whether an inform with this digest was taken lately."""
        return digest[:MARK_BYTES] in self._informs

    def hear_inform(self, digest: bytes) -> None:
        """Remember an inform; the oldest gives way."""
        marks = self._informs + digest[:MARK_BYTES]
        self._informs = marks[-INFORMS_RECENT_MAX * MARK_BYTES :]

    def saved(self) -> bytes:
        """The memory, about 100 bytes an engine; empty if there is none."""
        if not (self.learned or self.passing or self._informs):
            return b""
        return msgspec.msgpack.encode(
            _Saved(ENGINES_SCHEMA, self.learned, self.passing, self._informs)
        )

    @classmethod
    def restored(cls, saved: bytes) -> Self:
        """A memory as it was saved; an empty, a damaged one or another version's starts anew."""
        memory = cls()
        if not saved:
            return memory
        try:
            read = msgspec.msgpack.decode(saved, type=_Saved)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return memory
        if read.schema == ENGINES_SCHEMA:
            memory.learned, memory.passing = read.learned, read.passing
            memory._informs = read.informs
        return memory

    def _meet(self, heard: Heard, mark: bytes, *, passing: bool) -> None:
        engines = self.passing if passing else self.learned
        if passing and len(engines) >= PASSING_MAX:
            del engines[next(iter(engines))]
        engines[heard.engine_id] = Engine(
            heard.user,
            heard.address,
            heard.received_at,
            heard.received_at,
            1,
            heard.boots,
            heard.time,
            heard.received_at,
            mark,
        )
