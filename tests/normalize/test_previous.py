"""Lines that are missing become an event; lines that say "repeated" say what."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import Endpoint, Event, FieldValue, Position
from trapgate.normalize import previous
from trapgate.normalize.previous import (
    GAP_CODE,
    GAP_MAX,
    REORDERED_MAX,
    REPEATED_NS,
    Previous,
)


def line(
    number: int | None = None,
    fields: Mapping[str, FieldValue] | None = None,
    *,
    device: str = "r1",
    code: str = "UPDOWN",
    received_at: int = 2,
) -> Event:
    numbered: Mapping[str, FieldValue] = {} if number is None else {"event.sequence": number}
    return Event(
        id="0a0b0c0d" + "0" * 24,
        position=Position("raw", 7),
        timestamp=1,
        received_at=received_at,
        clock="device:r1",
        kind="syslog.network",
        source=Endpoint("10.0.0.1", 514),
        device=device,
        severity=3,
        code=code,
        labels={"site": "ber1"},
        fields={**numbered, **(fields or {})},
        message="text",
        raw=b"raw",
    )


def lost(*numbers: int, memory: Previous | None = None) -> list[int]:
    """How many lines are missing before each."""
    memory = memory or Previous()
    gaps = [memory.follow(line(number))[1] for number in numbers]
    return [0 if gap is None else int(str(gap.fields["trapgate.gap.lost"])) for gap in gaps]


def test_a_gap_is_an_event_of_its_own() -> None:
    memory = Previous()
    memory.follow(line(4))
    kept, gap = memory.follow(line(8))
    assert kept == line(8)
    assert gap is not None
    assert (gap.code, gap.device, gap.labels) == (GAP_CODE, "r1", {"site": "ber1"})
    assert gap.fields == {
        "trapgate.gap.lost": 3,
        "trapgate.gap.first": 5,
        "trapgate.gap.last": 7,
    }
    assert gap.message == "3 lines of r1 did not arrive: numbers 5 to 7"
    assert gap.position == Position(f"raw/{GAP_CODE}", 7)
    assert gap.id != kept.id
    assert gap.id.startswith("0a0b0c0d")


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 2, 3), [0, 0, 0]),
        ((1, 3), [0, 1]),
        ((9, 1, 2), [0, 0, 0]),  # late by 8, which is not new
        ((1_000, 1, 2, 4), [0, 0, 0, 1]),  # it has started anew
        ((5, 5, 6), [0, 0, 0]),
        ((5, 4, 6), [0, 0, 0]),  # the line that was late does not open a gap behind it
        ((1, 2 + GAP_MAX, 3 + GAP_MAX), [0, GAP_MAX, 0]),
        ((1, 3 + GAP_MAX, 4 + GAP_MAX), [0, 0, 0]),
        ((2**32 - 1, 0, 1), [0, 0, 0]),
    ],
)
def test_which_numbers_are_missing(numbers: tuple[int, ...], expected: list[int]) -> None:
    assert lost(*numbers) == expected


def test_devices_behind_one_relay_count_for_themselves() -> None:
    memory = Previous()
    memory.follow(line(1, device="r1"))
    memory.follow(line(100, device="r2"))
    assert memory.follow(line(2, device="r1"))[1] is None


def test_lines_without_numbers_are_no_gap() -> None:
    memory = Previous()
    memory.follow(line(1))
    memory.follow(line())
    assert memory.follow(line(2))[1] is None


@given(st.lists(st.integers(1, 5 * REORDERED_MAX), min_size=1), st.integers(0))
def test_a_memory_that_was_saved_goes_on_as_if_it_had_not(numbers: list[int], cut: int) -> None:
    cut %= len(numbers)
    memory = Previous()
    before = lost(*numbers[:cut], memory=memory)
    after = lost(*numbers[cut:], memory=Previous(memory.saved()))
    assert before + after == lost(*numbers)


@pytest.mark.parametrize("saved", [b"", b"\0", b"nonsense"])
def test_a_damaged_memory_starts_anew(saved: bytes) -> None:
    assert lost(5, 6, memory=Previous(saved)) == [0, 0]


def test_without_numbers_there_is_nothing_to_save() -> None:
    memory = Previous()
    memory.follow(line())
    assert memory.saved() == b""


def test_what_is_repeated_is_what_was_said() -> None:
    memory = Previous()
    memory.follow(line(None, {"interface.name": "Gi0/1", "event.parser": "cisco-ios"}))
    event, _ = memory.follow(line(None, {"event.repeated": 3, "event.parser": "rfc3164"}, code=""))
    assert event.code == "UPDOWN"
    assert event.fields == {
        "interface.name": "Gi0/1",
        "event.repeated": 3,
        "event.parser": "rfc3164",
    }
    again, _ = memory.follow(line(None, {"event.repeated": 5}, code=""))
    assert again.code == "UPDOWN"


def test_what_was_said_long_ago_is_not_what_is_repeated() -> None:
    memory = Previous()

    def repeat(received_at: int) -> str:
        repeated = line(None, {"event.repeated": 3}, code="", received_at=received_at)
        return memory.follow(repeated)[0].code

    memory.follow(line(received_at=0))
    assert repeat(REPEATED_NS) == "UPDOWN"
    assert repeat(2 * REPEATED_NS) == "UPDOWN"  # it goes on
    assert repeat(3 * REPEATED_NS + 1) == ""  # what is meant was lost
    assert repeat(3 * REPEATED_NS + 2) == ""


def test_a_repeat_of_nothing_stays_as_it_is() -> None:
    event = line(None, {"event.repeated": 3}, code="")
    assert Previous().follow(event) == (event, None)


def test_a_repeat_that_says_its_own_code_keeps_it() -> None:
    memory = Previous()
    memory.follow(line(code="UPDOWN"))
    event = line(None, {"event.repeated": 3}, code="LINK")
    assert memory.follow(event)[0] == event


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previous, "SENDERS_MAX", 3)
    memory = Previous()
    sizes = []
    for number in range(9):
        memory.follow(line(1, device=f"r{number}"))
        sizes.append(len(memory.saved()))
    assert sizes == sizes[:3] * 3


@given(st.lists(st.integers(1, 5 * REORDERED_MAX), min_size=1), st.integers(0))
def test_a_copy_knows_the_same_and_goes_its_own_way(numbers: list[int], cut: int) -> None:
    cut %= len(numbers)
    memory = Previous()
    before = lost(*numbers[:cut], memory=memory)
    copy = memory.copied()
    lost(10_000, memory=copy.copied())
    for one in (copy, memory):
        assert before + lost(*numbers[cut:], memory=one) == lost(*numbers)
