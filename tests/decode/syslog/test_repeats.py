"""Lines that stand for several."""

import pytest

from decode.syslog.lines import message_of
from trapgate.decode.syslog.repeats import repeats


@pytest.mark.parametrize(
    ("text", "count", "message"),
    [
        ("last message repeated 3 times", 3, None),
        ("last message repeated 1 time", 1, None),
        ("message repeated 3 times in last 10 sec", 3, None),
        ("last message repeated 12 times in 30 seconds", 12, None),
        ("Last message repeated 3 times.", 3, None),
        ("previous message repeated 4 times", 4, None),
        ("message repeated 5 times: [ Failed password for x]", 5, "Failed password for x"),
        ("message repeated 5 times: [Failed [x] y]", 5, "Failed [x] y"),
        ("Last message 'link down' repeated 3 times", 3, "link down"),
        ("last message 'link down' repeated 3 times, suppressed by r1", 3, "link down"),
        ("link down (message repeated 2 times)", 2, "link down"),
        ("link down [repeated 2 times]", 2, "link down"),
        ("link down (repeated 7 times)", 7, "link down"),
    ],
)
def test_counts(text: str, count: int, message: str | None) -> None:
    assert repeats(text) == (count, message or text)
    decoded = message_of(f"<13>Jul  1 01:00:40 r1 {text}")
    assert (decoded.hostname, decoded.repeated, decoded.message) == ("r1", count, message or text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-- MARK --",
        "the test was repeated 3 times and passed",
        "message repeated times",
        "last message repeated 0 times",
        "last message repeated 9999999999 times",
        "last message repeated",
        "message repeated 5 times: []",
        "(message repeated 2 times)",
        "message repeated 5 times: disk full",
    ],
)
def test_what_stands_for_itself(text: str) -> None:
    assert repeats(text) is None


def test_behind_a_tag() -> None:
    message = message_of("<38>Jul  1 01:00:40 r1 sshd[7]: message repeated 2 times: [ bad user]")
    assert (message.appname, message.repeated, message.message) == ("sshd", 2, "bad user")
