"""What says the same again: to a rule, and to a person."""

from typing import Literal

import pytest

from query.events import event
from trapgate.model import FieldValue, Match
from trapgate.normalize.repeats import Seen, Space, Verbs, digest_of


def match(
    verb: Literal["raise", "clear"] = "raise",
    *,
    rule: str = "r",
    key: str = "k",
    clock: str = "arrival",
    at: int = 1,
) -> Match:
    return Match(rule, (key,), verb, "e", at, at, clock, {})


@pytest.mark.parametrize(
    ("other", "changes"),
    [
        (match(at=2), False),
        (match("clear"), True),
        (match(rule="r2"), True),
        (match(key="k2"), True),
        (match(clock="device:r1"), True),
    ],
)
def test_what_changes_a_rules_state(other: Match, changes: bool) -> None:
    verbs = Verbs(Space(10))
    verbs.note([match()])
    assert verbs.changed_by([other]) == changes
    assert verbs.changed_by([match(), other]) == changes


def test_stamps_count_on_a_device_clock() -> None:
    verbs = Verbs(Space(10))
    verbs.note([match(clock="device:r1")])
    assert not verbs.changed_by([match(clock="device:r1")])
    assert verbs.changed_by([match(clock="device:r1", at=2)])


def test_what_has_no_room_is_never_a_repeat_and_what_is_known_stays_true() -> None:
    verbs = Verbs(Space(1))
    verbs.note([match(key="a"), match(key="b")])
    verbs.note([match("clear", key="a")])
    assert not verbs.changed_by([match("clear", key="a")])
    assert verbs.changed_by([match(key="b")])


def test_digests_are_bounded_by_size_and_by_space() -> None:
    space = Space(3)
    one, two = Seen(space, 2), Seen(space, 2)
    assert [one.add(digest) for digest in (b"a", b"b", b"c", b"a")] == [True, True, False, True]
    assert [two.add(digest) for digest in (b"a", b"b")] == [True, False]
    assert b"c" not in one
    assert b"a" in two


TRAP: dict[str, FieldValue] = {"snmp.varbinds": ("a = 1", "b = 2"), "snmp.uptime": 1}


def test_uptime_and_request_id_make_no_difference() -> None:
    again = {**TRAP, "snmp.uptime": 2, "snmp.request_id": 7}
    assert digest_of(event(fields=TRAP)) == digest_of(event(fields=again, id="e2", received_at=5))


@pytest.mark.parametrize(
    "other",
    [
        event(fields={"snmp.varbinds": ("a = 1", "b = 3")}),
        event(fields={"snmp.varbinds": ("a = 1",)}),
        event(fields=TRAP, code="x"),
        event(fields=TRAP, device="r2"),
        event(),
    ],
)
def test_what_makes_a_difference(other: object) -> None:
    assert digest_of(event(fields=TRAP)) != digest_of(other)  # type: ignore[arg-type]


def test_without_variables_the_text_is_what_was_said() -> None:
    assert digest_of(event(message="a")) != digest_of(event(message="b"))
    assert digest_of(event(message="\udc00")) == digest_of(event(message="\udc00"))
