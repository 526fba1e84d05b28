"""One datagram → one syslog message, whatever it holds.

The steps: bytes to text, PRI, then RFC 5424's header or else the scanner for all older ones, then
the instant of its time, then what the text itself says. No step can fail: each falls back to
knowing less.
"""

import re
from collections.abc import Callable
from datetime import tzinfo
from typing import Self

from trapgate.decode.syslog.cisco import recognise
from trapgate.decode.syslog.header import Header
from trapgate.decode.syslog.rfc3164 import scan_3164
from trapgate.decode.syslog.rfc5424 import scan_5424
from trapgate.decode.syslog.text import BLANK, NOT_UTF8, legible
from trapgate.decode.syslog.times import instant, plausible
from trapgate.model import Datagram, Decoded, Now, Problem, SyslogMessage

PRIORITY_MAX = 191
"""RFC 5424 §6.2.1: facility 23, severity 7."""

EMPTY = Problem("empty", "error", "the datagram holds nothing but white space")
NO_PRI = Problem("no-pri", "warning", "the message has no PRI, so no facility and no severity")
BAD_PRI = Problem("bad-pri", "warning", f"the PRI is not a number from 0 to {PRIORITY_MAX}")
BAD_TIME = Problem("bad-time", "warning", "the message's time does not exist")
UNKNOWN_ZONE = Problem(
    "unknown-zone", "warning", "the name of the time zone is not known: the source's was taken"
)

_PRI = re.compile(r"<([0-9]{1,3})>")
_NOT_PRI = re.compile(r"<[0-9]{1,10}>|<")


class SyslogDecoder:
    """Implements `trapgate.ports.Decoder`; `zone_of` tells the zone of the clock of a source, by
    its address, where a message names none. It keeps no state."""

    def __init__(self, zone_of: Callable[[str], tzinfo]) -> None:
        self._zone_of = zone_of

    def decode(self, datagram: Datagram, now: Now) -> Decoded:
        """Decode one datagram; never raises, whatever the bytes, and drops nothing.

        Only a datagram of white space and NUL is malformed (`empty`). Everything odd that a
        message says of itself is a warning on the message.
        """
        data = datagram.data
        if not data.strip(BLANK):
            return Decoded((), data, (EMPTY,))
        text, utf8 = legible(data)
        problems: list[Problem] = [] if utf8 else [NOT_UTF8]
        priority, at = _priority(text, problems)
        header = scan_5424(text, at) or scan_3164(text, at)
        if header.format == "unparsed" and priority is None:
            header = Header("unparsed", text)
        return Decoded((self._message(datagram, priority, header, problems),), data)

    def saved(self) -> bytes:
        return b""

    def restored(self, saved: bytes) -> Self:
        return self

    def _message(
        self, datagram: Datagram, priority: int | None, header: Header, problems: list[Problem]
    ) -> SyslogMessage:
        problems.extend(header.problems)
        timestamp, trusted = self._time(datagram, header, problems)
        body = recognise(header.text)
        # without a tag it is a device's own line, whoever put a host before it
        bare = header.format != "rfc5424" and header.appname is None
        return SyslogMessage(
            format="cisco-ios" if bare and body is not None else header.format,
            facility=None if priority is None else priority >> 3,
            severity=None if priority is None else priority & 7,
            timestamp=timestamp,
            clock_trusted=trusted,
            hostname=header.hostname,
            appname=header.appname,
            procid=header.procid,
            msgid=header.msgid,
            structured_data=header.structured_data,
            sequence=header.sequence,
            provider=None if body is None else body.provider,
            code=None if body is None else body.code,
            vendor_severity=None if body is None else body.severity,
            fields={} if body is None else body.fields,
            message=header.text,
            raw=datagram.data,
            problems=tuple(problems),
        )

    def _time(
        self, datagram: Datagram, header: Header, problems: list[Problem]
    ) -> tuple[int | None, bool]:
        """The instant of the header's time and whether to trust the clock that said so."""
        if header.civil is None:
            return None, False
        home = self._zone_of(datagram.peer.address)
        timestamp, known = instant(header.civil, header.zone, home, datagram.received_at)
        if not known:
            problems.append(UNKNOWN_ZONE)
        if timestamp is None:
            problems.append(BAD_TIME)
            return None, False
        return timestamp, not header.marked and plausible(timestamp, datagram.received_at)


def _priority(text: str, problems: list[Problem]) -> tuple[int | None, int]:
    """The PRI's number (`None` without a valid one) and where the header begins."""
    found = _PRI.match(text)
    if found is not None and int(found[1]) <= PRIORITY_MAX:
        return int(found[1]), found.end()
    wrong = _NOT_PRI.match(text)
    problems.append(NO_PRI if wrong is None else BAD_PRI)
    return None, 0 if wrong is None else wrong.end()
