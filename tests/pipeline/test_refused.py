"""Who is refused is in the log, and the log stays small."""

import structlog
from structlog.testing import capture_logs

from trapgate.model import NS_PER_S, Now, Outcome, Refusal
from trapgate.pipeline.refused import AGAIN_S, TOLD_MAX, Refused

DIGEST = Refusal(Outcome.USM, "wrong-digest", "noc")


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> Now:
        return Now(0, int(self.seconds * NS_PER_S))


def test_the_first_is_told_at_once_and_the_rest_once_a_minute() -> None:
    clock = Clock()
    refused = Refused(structlog.get_logger(), clock)
    with capture_logs() as lines:
        for second in range(AGAIN_S + 1):
            clock.seconds = second
            refused.note("10.0.0.7", DIGEST)
    first, second_line = lines
    assert first == {
        "event": "ingest.refused",
        "log_level": "info",
        "peer": "10.0.0.7",
        "outcome": "usm",
        "reason": "wrong-digest",
        "user": "noc",
        "count": 1,
    }
    assert second_line["count"] == AGAIN_S


def test_each_sender_reason_and_user_is_told() -> None:
    refused = Refused(structlog.get_logger(), Clock())
    with capture_logs() as lines:
        for peer, reason, subject in (
            ("10.0.0.7", "wrong-digest", "noc"),
            ("10.0.0.8", "wrong-digest", "noc"),
            ("10.0.0.7", "decryption-error", "noc"),
            ("10.0.0.7", "wrong-digest", "core"),
        ):
            refused.note(peer, Refusal(Outcome.USM, reason, subject))
        refused.note("10.0.0.7", Refusal(Outcome.COMMUNITY_DENIED, "unknown-community"))
    assert len(lines) == 5
    assert "user" not in lines[-1]


def test_what_nobody_has_to_correct_is_not_told() -> None:
    refused = Refused(structlog.get_logger(), Clock())
    with capture_logs() as lines:
        for outcome, reason in (
            (Outcome.USM, "discovery"),
            (Outcome.DUPLICATE, "replayed"),
            (Outcome.RATE_LIMITED, "repeat"),
        ):
            refused.note("10.0.0.7", Refusal(outcome, reason))
    assert lines == []


def test_a_flood_of_forged_addresses_fills_neither_log_nor_memory() -> None:
    clock = Clock()
    refused = Refused(structlog.get_logger(), clock)
    with capture_logs() as lines:
        for number in range(TOLD_MAX * 3):
            refused.note(f"2001:db8::{number:x}", DIGEST)
        refused.note("2001:db8::0", DIGEST)
    assert len(lines) == TOLD_MAX
    clock.seconds = AGAIN_S
    with capture_logs() as lines:
        refused.note("10.0.0.7", DIGEST)
    (line,) = lines
    assert (line["count"], line["untold"]) == (1, TOLD_MAX * 2 + 1)


def test_no_refusal_is_missing_from_the_lines() -> None:
    """Counts and `untold` add up, once everybody has been told again."""
    clock = Clock()
    refused = Refused(structlog.get_logger(), clock)
    total = 0
    with capture_logs() as lines:
        for second in range(500):
            clock.seconds = second
            for number in range(3):
                refused.note(f"10.0.{second % 200}.{number}", DIGEST)
                total += 1
        clock.seconds = 1_000
        for number in range(TOLD_MAX + 1):
            refused.note(f"10.1.0.{number}", DIGEST)
            total += 1
    told = sum(line["count"] + line.get("untold", 0) for line in lines)
    assert told + 1 == total  # the very last found the table full


def test_the_one_told_longest_ago_gives_way() -> None:
    clock = Clock()
    refused = Refused(structlog.get_logger(), clock)
    with capture_logs() as lines:
        refused.note("10.0.0.7", DIGEST)
        clock.seconds = 1
        for number in range(TOLD_MAX - 1):
            refused.note(f"10.1.0.{number}", DIGEST)
        clock.seconds = AGAIN_S
        refused.note("10.0.0.7", DIGEST)
        clock.seconds = AGAIN_S + 1
        refused.note("10.0.0.8", DIGEST)
    assert [line["peer"] for line in lines[-2:]] == ["10.0.0.7", "10.0.0.8"]
