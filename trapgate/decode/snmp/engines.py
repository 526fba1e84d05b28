"""What the decoder remembers of other engines: who was authenticated, their clocks, recent digests.

`EngineMemory` is all that the verdict on an SNMPv3 message depends on beside the message and the
configuration. It is changed by authenticated messages only, and takes the time from
`received_at`, so that the same datagrams in the same order always lead to the same verdicts.
"""

from collections.abc import Mapping
from typing import Self

import msgspec

from trapgate.decode.snmp.v3 import INT_MAX
from trapgate.model import NS_PER_S

ENGINES_SCHEMA = 2
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

CLOCKS_MAX = 16
"""Entries of the configuration whose clocks are remembered of one engine, far more than a device
has users; the one that was silent longest gives way. Only names that are configured no more pile
up."""

FOLLOWED_AFTER_S = 86_400
"""How long a clock that was set back must go on, and the one before be silent, until it is the
device's: a replay must last as long to be believed, and each message of its first day is noted."""

PASSING_MAX = 4_096
"""Engines of users with the policy `any` whose clock is remembered, about 1 MB; the one that was
silent longest gives way, and is then met as if for the first time."""


class SetBack(msgspec.Struct, array_like=True, gc=False):
    """A clock that lies behind what was known: the first instant at which it was heard, and its
    latest value with the instant of that."""

    since: int
    boots: int
    time: int
    heard_at: int


class Clock(msgspec.Struct, array_like=True, gc=False):
    """The latest clock that an engine has told in the name of one user: boots, seconds since then,
    and the instant at which it was heard. It never goes back, but to a `set_back` one that has gone
    on for `FOLLOWED_AFTER_S` (only where the time window is not enforced)."""

    boots: int
    time: int
    heard_at: int
    set_back: SetBack | None = None

    def in_window(self, boots: int, time: int, received_at: int) -> bool:
        """Whether a message's clock is not behind this one (RFC 3414 §3.2.7 b).

        One-sided: an engine that is heard later than ever before sets the clock, as the RFC has it,
        so a device whose clock runs slow is never outside.
        """
        return _in_window(self, boots, time, received_at)

    def hear(self, boots: int, time: int, received_at: int) -> None:
        """Take over a message's clock, or note that it lies behind."""
        if self.in_window(boots, time, received_at):
            self.set_back = None
            if (boots, time) > (self.boots, self.time):
                self.boots, self.time, self.heard_at = boots, time, received_at
            return
        back = self.set_back
        if back is None or not _in_window(back, boots, time, received_at):
            self.set_back = SetBack(received_at, boots, time, received_at)
            return
        if (boots, time) > (back.boots, back.time):
            back.boots, back.time, back.heard_at = boots, time, received_at
        if received_at - back.since >= FOLLOWED_AFTER_S * NS_PER_S:
            self.boots, self.time, self.heard_at = back.boots, back.time, back.heard_at
            self.set_back = None


def _in_window(clock: Clock | SetBack, boots: int, time: int, received_at: int) -> bool:
    if boots == INT_MAX:
        return False
    if boots != clock.boots:
        return boots > clock.boots
    if time > clock.time:
        return True
    elapsed_s = max(0, received_at - clock.heard_at) // NS_PER_S
    return time >= clock.time + elapsed_s - TIME_WINDOW_S


class Engine(msgspec.Struct, array_like=True, gc=False):
    """One engine, known by an authenticated message.

    `user` is the entry that the last one came for, `address` its peer; `first_seen` and
    `last_seen` are instants, `count` says how many messages were taken. `recent` are the marks of
    the last digests, oldest first. `clocks` are by entry, the one heard last at the end: who has
    the keys of one must not turn back the clock by which another one is judged.
    """

    user: str
    address: str
    first_seen: int
    last_seen: int
    count: int
    recent: bytes
    clocks: dict[str, Clock]

    @property
    def clock(self) -> Clock | None:
        """The clock of the entry that the last message came for."""
        return self.clocks.get(self.user)

    def hear(self, heard: "Heard") -> None:
        """Remember a message of this engine."""
        self.user, self.address, self.last_seen = heard.user, heard.address, heard.received_at
        self.count += 1
        mark = heard.digest[:MARK_BYTES]
        self.recent = (self.recent + mark)[-TRAPS_RECENT_MAX * MARK_BYTES :]
        clock = self.clocks.pop(heard.user, None)
        if clock is None:
            if len(self.clocks) >= CLOCKS_MAX:
                del self.clocks[next(iter(self.clocks))]
            clock = Clock(heard.boots, heard.time, heard.received_at)
        else:
            clock.hear(heard.boots, heard.time, heard.received_at)
        self.clocks[heard.user] = clock

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

    def forget(self, forgotten: Mapping[bytes, int], received_at: int) -> None:
        """Drop every engine that was to be forgotten at an instant not after `received_at`, and was
        known before it. It is then met as if for the first time."""
        for engine_id, instant in forgotten.items():
            for engines in (self.learned, self.passing):
                known = engines.get(engine_id)
                if known is not None and known.first_seen < instant <= received_at:
                    del engines[engine_id]

    def hear(self, heard: Heard, *, passing: bool) -> None:
        """Remember a message.

        The caller has seen to it that there is room for a new engine that is not `passing`.
        """
        known = self.known(heard.engine_id)
        if known is None:
            self._meet(heard, passing=passing)
            return
        known.hear(heard)
        if heard.engine_id in self.passing:
            engine = self.passing.pop(heard.engine_id)
            engines = self.passing if passing else self.learned
            engines[heard.engine_id] = engine  # the youngest of the passing ones, or learned

    def repeats_inform(self, digest: bytes) -> bool:
        """Whether an inform with this digest was taken lately."""
        return digest[:MARK_BYTES] in self._informs

    def hear_inform(self, digest: bytes) -> None:
        """Remember an inform; the oldest gives way."""
        marks = self._informs + digest[:MARK_BYTES]
        self._informs = marks[-INFORMS_RECENT_MAX * MARK_BYTES :]

    def saved(self) -> bytes:
        """The memory, about 100 bytes an engine and 20 for each further user of it; empty if there
        is none."""
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

    def _meet(self, heard: Heard, *, passing: bool) -> None:
        engines = self.passing if passing else self.learned
        if passing and len(engines) >= PASSING_MAX:
            del engines[next(iter(engines))]
        at = heard.received_at
        engine = engines[heard.engine_id] = Engine(heard.user, heard.address, at, at, 0, b"", {})
        engine.hear(heard)
