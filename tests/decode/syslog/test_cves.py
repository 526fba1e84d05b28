"""What brought other syslog receivers down, by its CVE."""

from datetime import UTC

import pytest

from decode.syslog.lines import RECEIVED, datagram
from trapgate.decode.syslog import SyslogDecoder
from trapgate.model import Now, SyslogMessage, parse_rfc3339

NOW = Now(parse_rfc3339(RECEIVED), 0)
DECODER = SyslogDecoder(lambda address: UTC)

PREFIX = "<13>Oct 11 22:14:15 host app: text"


@pytest.mark.parametrize(
    "line",
    [
        *(PREFIX[:size] for size in range(1, len(PREFIX))),
        "<13>Oct 11 22:14:15.",
        "<13>Oct 11 22:14:15." + "9" * 1_000,
        "<13>Oct 11 22:14:15 +",
        "<13>Oct 11 22:14:15+99:99 host app: text",
        "<13>Oct 11 22:14:60 2147483648 host",
        "<13>2026",
        "<13>2026-",
        "<13>2026-10-11T22:14:15." + "1" * 500 + "Z host app: text",
        "<13>99999999999999999999999 host",
        "<" + "9" * 500 + ">Oct 11 22:14:15 host app: text",
    ],
)
def test_cve_2022_38725(line: str) -> None:
    """syslog-ng read behind the end of an RFC 3164 line whose time was cut short or had endless
    digits: here it is a message, with the text that is there."""
    (message,) = DECODER.decode(datagram(line.encode()), NOW).messages
    assert isinstance(message, SyslogMessage)
    assert message.raw == line.encode()
    (after,) = DECODER.decode(datagram(PREFIX.encode()), NOW).messages
    assert isinstance(after, SyslogMessage)
    assert (after.appname, after.message) == ("app", "text")
