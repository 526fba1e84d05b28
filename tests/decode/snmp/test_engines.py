import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.decode.snmp.engines import (
    CLOCKS_MAX,
    FOLLOWED_AFTER_S,
    INFORMS_RECENT_MAX,
    MARK_BYTES,
    PASSING_MAX,
    TRAPS_RECENT_MAX,
    Clock,
    EngineMemory,
    Heard,
)
from trapgate.model import NS_PER_S

ID = b"\x80engine"
MAX = 2**31 - 1


def heard(
    engine_id: bytes = ID,
    *,
    boots: int = 1,
    time: int = 0,
    at_s: int = 0,
    digest: bytes = b"d" * 24,
) -> Heard:
    return Heard(engine_id, "noc", "10.0.0.7", boots, time, digest, at_s * NS_PER_S)


def clock_of(memory: EngineMemory, user: str = "noc") -> Clock:
    known = memory.known(ID)
    assert known is not None
    return known.clocks[user]


def engine_clock(boots: int, time: int) -> Clock:
    memory = EngineMemory()
    memory.hear(heard(boots=boots, time=time), passing=False)
    return clock_of(memory)


@pytest.mark.parametrize(
    ("boots", "time", "at_s", "inside"),
    [
        (5, 1_000, 0, True),
        (5, 850, 0, True),
        (5, 849, 0, False),
        (5, 1_000, 150, True),
        (5, 1_000, 151, False),
        (5, 1_001, 86_400, True),  # a slow clock: later than anything heard before
        (5, 900_000, 0, True),
        (4, 900_000, 0, False),
        (6, 0, 0, True),
        (5, 850, -3_600, True),  # our own clock was set back
        (5, 849, -3_600, False),
        (MAX, 0, 0, False),
    ],
)
def test_the_time_window(boots: int, time: int, at_s: int, inside: bool) -> None:
    assert engine_clock(5, 1_000).in_window(boots, time, at_s * NS_PER_S) is inside


def test_an_engine_at_the_end_of_its_boots_is_outside_for_ever() -> None:
    assert not engine_clock(MAX, 5).in_window(MAX, 6, 0)


SMALL = st.integers(0, 400)
MESSAGES = st.lists(st.tuples(st.integers(0, 3), SMALL, st.integers(0, 300)), max_size=30)


class Model:
    """RFC 3414 §3.2.7 b, word for word: update first, then judge by what is known then."""

    def __init__(self) -> None:
        self.boots = self.latest = self.time = self.at = -1

    def inside(self, boots: int, time: int, at: int) -> bool:
        local_time = self.time + max(0, at - self.at)
        if boots > self.boots or (boots == self.boots and time > self.latest):
            self.boots, self.time, self.latest, self.at = boots, time, time, at
            local_time = time
        return boots >= self.boots and not (boots == self.boots and time < local_time - 150)


@given(MESSAGES)
def test_the_time_window_is_that_of_the_rfc(messages: list[tuple[int, int, int]]) -> None:
    memory, model, at_s = EngineMemory(), Model(), 0
    for boots, time, later in messages:
        at_s += later
        known = memory.known(ID)
        inside = known is None or known.clocks["noc"].in_window(boots, time, at_s * NS_PER_S)
        assert inside == model.inside(boots, time, at_s)
        if inside:  # enforced: nothing else is heard
            memory.hear(heard(boots=boots, time=time, at_s=at_s), passing=False)


@given(MESSAGES)
def test_what_is_saved_is_what_is_restored(messages: list[tuple[int, int, int]]) -> None:
    memory = EngineMemory()
    for number, (boots, time, at_s) in enumerate(messages):
        digest = number.to_bytes(24, "big")
        message = heard(b"\x80e%d" % boots, boots=boots, time=time, at_s=at_s, digest=digest[::-1])
        memory.hear(message, passing=boots == 2)
        memory.hear_inform(digest)
    twin = EngineMemory.restored(memory.saved())
    assert (twin.learned, twin.passing) == (memory.learned, memory.passing)
    assert twin.saved() == memory.saved()


@pytest.mark.parametrize(
    "saved", [b"", b"\x00", b"junk", b"\x94\x01\x80\x80\xc4\x01x", b"\xff" * 50]
)
def test_a_damaged_memory_starts_anew(saved: bytes) -> None:
    assert EngineMemory.restored(saved).saved() == b""


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_no_damage_raises(junk: bytes, at: int, byte: int) -> None:
    memory = EngineMemory()
    memory.hear(heard(), passing=False)
    saved = bytearray(memory.saved())
    saved[at % len(saved)] = byte
    EngineMemory.restored(bytes(saved)).saved()
    EngineMemory.restored(junk).saved()


def test_recent_digests_are_bounded() -> None:
    memory = EngineMemory()
    digests = [number.to_bytes(24, "little") for number in range(1, 400)]
    for digest in digests:
        memory.hear(heard(digest=digest), passing=False)
        memory.hear_inform(digest)
    known = memory.learned[ID]
    assert len(known.recent) == TRAPS_RECENT_MAX * MARK_BYTES
    assert known.repeats(digests[-TRAPS_RECENT_MAX])
    assert not known.repeats(digests[-TRAPS_RECENT_MAX - 1])
    assert memory.repeats_inform(digests[-INFORMS_RECENT_MAX])
    assert not memory.repeats_inform(digests[-INFORMS_RECENT_MAX - 1])


def test_passing_engines_give_way_to_younger_ones() -> None:
    memory = EngineMemory()
    for number in range(PASSING_MAX):
        memory.hear(heard(b"\x80%d" % number), passing=True)
    memory.hear(heard(b"\x800"), passing=True)
    memory.hear(heard(b"\x80new"), passing=True)
    assert len(memory.passing) == PASSING_MAX
    assert memory.known(b"\x800") is not None
    assert memory.known(b"\x801") is None


def test_an_engine_that_passed_is_learned_when_a_user_learns() -> None:
    memory = EngineMemory()
    memory.hear(heard(), passing=True)
    memory.hear(heard(time=5), passing=False)
    assert (memory.passing, memory.learned[ID].count) == ({}, 2)
    memory.hear(heard(time=6), passing=True)
    assert memory.learned[ID].count == 3


def test_what_is_known_of_an_engine() -> None:
    memory = EngineMemory()
    memory.hear(heard(boots=1, time=10, at_s=1), passing=False)
    second = msgspec.structs.replace(heard(boots=1, time=8, at_s=9), address="10.0.0.8", user="b")
    memory.hear(second, passing=False)
    known = memory.learned[ID]
    assert (known.user, known.address, known.count) == ("b", "10.0.0.8", 2)
    assert (known.first_seen, known.last_seen) == (NS_PER_S, 9 * NS_PER_S)
    assert known.clock == Clock(1, 8, 9 * NS_PER_S)
    assert known.clocks["noc"] == Clock(1, 10, NS_PER_S)


def test_a_clock_goes_back_only_after_a_day_of_its_own() -> None:
    memory, day = EngineMemory(), FOLLOWED_AFTER_S
    memory.hear(heard(boots=9, time=90_000), passing=False)
    for at_s in (1_000, 1_000 + day // 2, 1_000 + day - 1):
        memory.hear(heard(boots=1, time=at_s, at_s=at_s), passing=False)
        assert clock_of(memory).boots == 9
    memory.hear(heard(boots=1, time=1_000 + day, at_s=1_000 + day), passing=False)
    assert clock_of(memory) == Clock(1, 1_000 + day, (1_000 + day) * NS_PER_S)


@pytest.mark.parametrize(
    ("boots", "time"),
    [(9, 140_000), (9, 133_100), (10, 1), (1, 10)],
    ids=["the old clock", "the old clock, a little behind", "a later boot", "set back again"],
)
def test_what_does_not_go_on_begins_its_day_anew(boots: int, time: int) -> None:
    memory, day = EngineMemory(), FOLLOWED_AFTER_S
    memory.hear(heard(boots=9, time=90_000), passing=False)
    memory.hear(heard(boots=1, time=1_000, at_s=1_000), passing=False)
    memory.hear(heard(boots=boots, time=time, at_s=day // 2), passing=False)
    memory.hear(heard(boots=1, time=1_000 + day, at_s=1_000 + day), passing=False)
    assert clock_of(memory).boots >= 9


def test_each_user_has_a_clock_of_its_own() -> None:
    memory = EngineMemory()
    memory.hear(heard(boots=9, time=10_000), passing=False)
    for time in (10, 20):
        other = msgspec.structs.replace(heard(boots=1, time=time), user="other")
        memory.hear(other, passing=False)
    assert (clock_of(memory).boots, clock_of(memory, "other").time) == (9, 20)


def test_the_clocks_of_an_engine_are_bounded() -> None:
    memory = EngineMemory()
    for number in range(CLOCKS_MAX + 3):
        memory.hear(msgspec.structs.replace(heard(), user=f"user{number}"), passing=False)
        memory.hear(heard(), passing=False)
    clocks = memory.learned[ID].clocks
    assert len(clocks) == CLOCKS_MAX
    assert "noc" in clocks
    assert "user3" not in clocks


@pytest.mark.parametrize("passing", [True, False])
def test_an_engine_is_forgotten(passing: bool) -> None:
    memory = EngineMemory()
    memory.hear(heard(at_s=10), passing=passing)
    memory.hear(heard(b"\x80other", at_s=10), passing=passing)
    for instant, received_at in ((10, 99), (11, 10)):
        memory.forget({ID: instant * NS_PER_S}, received_at * NS_PER_S)
        assert memory.known(ID) is not None
    memory.forget({ID: 11 * NS_PER_S}, 11 * NS_PER_S)
    assert memory.known(ID) is None
    assert memory.known(b"\x80other") is not None
