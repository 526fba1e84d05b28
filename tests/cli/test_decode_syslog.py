"""`trapgate decode syslog`: one event a line, repeatable, and how each line was read."""

import json
from typing import Any

import pytest

from cli.conftest import Trapgate
from golden import Golden

LINES = """\
<189>45: r1: *Jan  1 01:00:40.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down
<189>99: r1: Nov 21 10:00:40.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up
<30>Nov 21 08:23:43 192.168.100.2 sw01: 3132779: Nov 21 2026 08:23:44.123 CET: %SYS-5-RESTART: x
last message repeated 3 times
"""
REPEATABLE = ("--received-at", "2026-11-21T10:00:00Z", "--from", "10.0.0.1")


def events(trapgate: Trapgate, *options: str, text: str = LINES) -> list[dict[str, Any]]:
    ran = trapgate("decode", "syslog", "-", *REPEATABLE, *options, stdin=text.encode())
    assert (ran.exit_code, ran.stderr) == (0, "")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_each_line_is_one_event(trapgate: Trapgate) -> None:
    """Also where numbers are missing between two lines."""
    assert [event["host"]["name"] for event in events(trapgate)] == ["r1", "r1", "sw01", "10.0.0.1"]


def test_it_is_repeatable(trapgate: Trapgate) -> None:
    assert events(trapgate) == events(trapgate)


@pytest.mark.parametrize(
    ("options", "at"),
    [
        ((), "2026-11-21T10:00:40.123000Z"),
        (("--zone", "Europe/Berlin"), "2026-11-21T09:00:40.123000Z"),
    ],
)
def test_the_zone_of_clocks_that_name_none(
    trapgate: Trapgate, options: tuple[str, ...], at: str
) -> None:
    found = events(trapgate, *options)
    assert found[1]["@timestamp"] == at
    assert found[2]["@timestamp"] == "2026-11-21T07:23:44.123000Z"


def test_a_zone_must_be_one(trapgate: Trapgate) -> None:
    ran = trapgate("decode", "syslog", "-", "--zone", "Mars/Base", stdin=b"x")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr == '"Mars/Base" is not a time zone: write Europe/Berlin\n'


def test_many_lines_of_one_sender_are_all_shown(trapgate: Trapgate) -> None:
    assert len(events(trapgate, text="<189>%LINK-3-UPDOWN: again\n" * 12_000)) == 12_000


def test_how_each_line_was_read(trapgate: Trapgate, golden: Golden) -> None:
    ran = trapgate("decode", "syslog", "-", *REPEATABLE, "--explain", stdin=LINES.encode())
    assert ran.exit_code == 0
    golden.check("decode-explain.txt", ran.stdout)
