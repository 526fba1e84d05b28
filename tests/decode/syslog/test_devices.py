"""Whose line it is, for lines of the field: the device that an engineer would name, or none.

`devices.txt` holds them with the host, the code and the time that they name. None may be lost
behind a relay, without a PRI or with what some senders leave at the end, and above all none may be
invented: an alert would be filed under a device that does not exist.
"""

import re
from datetime import UTC
from pathlib import Path
from typing import NamedTuple

import pytest

from decode.syslog.bundled import DIALECTS
from decode.syslog.lines import RECEIVED, datagram
from trapgate.decode.syslog import SyslogDecoder
from trapgate.model import Now, SyslogMessage, parse_rfc3339, rfc3339

SENDER = "10.0.0.1"
RELAY = "192.0.2.200"
DECODER = SyslogDecoder(lambda address: UTC, DIALECTS)
NOW = Now(parse_rfc3339(RECEIVED), 0)
UNASKED = "."


class Line(NamedTuple):
    """A line and what it says; `None` for what it does not say, `.` for what is not asked."""

    host: str | None
    code: str | None
    time: str | None
    text: str


def line_of(row: str) -> Line:
    *words, text = row.split(" ", 3)
    host, code, time = (None if word == "-" else word for word in words)
    return Line(host, code, time, text)


ROWS = (Path(__file__).parent / "devices.txt").read_text().splitlines()
LINES = [line_of(row) for row in ROWS if row and not row.startswith("#")]
NAMED = [line for line in LINES if line.host is not None]
PRI = re.compile(r"<(?:0|[1-9][0-9]{0,2})>")
QUOTED = [
    line
    for line in NAMED
    # no second relay of the same kind, no time that is unusual twice over
    if PRI.match(line.text) and " - - - - " not in line.text and ">17828" not in line.text
    if "<190>%" not in line.text and "Original Address" not in line.text
]
"""Lines that a relay could put into its own whole, with their PRI."""

every_line = pytest.mark.parametrize("line", LINES, ids=lambda line: line.text[:60])
every_quoted_line = pytest.mark.parametrize("line", QUOTED, ids=lambda line: line.text[:60])


def read(data: bytes) -> SyslogMessage:
    (message,) = DECODER.decode(datagram(data, RECEIVED, SENDER), NOW).messages
    assert isinstance(message, SyslogMessage)
    return message


@every_line
def test_a_line_names_its_device_or_none(line: Line) -> None:
    message = read(line.text.encode())
    assert message.hostname == line.host
    if line.code != UNASKED:
        assert (message.code or message.msgid) == line.code
    if line.time != UNASKED:
        stamp = message.timestamp
        assert (None if stamp is None else rfc3339(stamp, digits=0)[:-1]) == line.time


@every_line
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\0", b"\n\0"], ids=repr)
def test_what_senders_leave_at_the_end_changes_nothing(line: Line, end: bytes) -> None:
    whole, ended = read(line.text.encode()), read(line.text.encode() + end)
    assert (ended.hostname, ended.message) == (line.host, whole.message)


@every_line
def test_a_lost_pri_loses_no_device(line: Line) -> None:
    bare = PRI.sub("", line.text, count=1)
    if bare:
        assert read(bare.encode()).hostname == line.host


@every_quoted_line
def test_a_relay_takes_no_device_away(line: Line) -> None:
    quoted = f"<13>1 2026-07-01T02:02:02Z {RELAY} - - - - {line.text}"
    assert read(quoted.encode()).hostname == line.host


def test_there_are_lines_of_both_kinds() -> None:
    assert len(LINES) - len(NAMED) > 300 < len(NAMED)
