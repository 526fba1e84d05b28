"""One datagram → its syslog messages, whatever it holds.

The steps: messages apart, bytes to text, PRI, then RFC 5424's header or else the scanners for all
others, then what the text itself says, then the instant of its time. No step can fail: each falls
back to knowing less.
"""

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Self

import msgspec
from msgspec.structs import replace

from trapgate.decode.syslog.body.body import Body
from trapgate.decode.syslog.body.dialects import Dialects
from trapgate.decode.syslog.header.careful import careful_header
from trapgate.decode.syslog.header.header import Header, Step
from trapgate.decode.syslog.header.times import Civil, instant, plausible
from trapgate.decode.syslog.header.usual.scan import scan_usual
from trapgate.decode.syslog.repeats import repeats
from trapgate.decode.syslog.text import (
    BLANK,
    SEVERAL,
    SHOWN_CHARS_MAX,
    TRUNCATED,
    legible,
    pieces,
    shown,
)
from trapgate.model import NS_PER_S, Datagram, Decoded, Now, Problem, SyslogMessage

PRIORITY_MAX = 191
"""RFC 5424 §6.2.1: facility 23, severity 7."""

EMPTY = Problem("empty", "error", "the datagram holds nothing but white space")
NO_PRI = Problem("no-pri", "warning", "the message has no PRI, so no facility and no severity")
BAD_PRI = Problem("bad-pri", "warning", f"the PRI is not a number from 0 to {PRIORITY_MAX}")
BAD_TIME = Problem("bad-time", "warning", "the message's time does not exist")
UNKNOWN_ZONE = Problem(
    "unknown-zone", "warning", "the name of the time zone is not known: the source's was taken"
)

NO_DIALECTS = Dialects()
"""Of a decoder that only reads headers."""

_PRIORITIES = {
    f"<{number:0{digits}}>": number for digits in (1, 2, 3) for number in range(PRIORITY_MAX + 1)
}
"""Every PRI as it may be written (`<7>`, `<007>`): looking it up costs half of reading it."""

SENDERS_CACHED_MAX = 16_384
"""Addresses whose settings are remembered; a scan of spoofed ones empties the memory, no more."""

_NOT_PRI = re.compile(r"<-?[0-9]{0,10}>|<[0-9]{1,3}(?=[A-Za-z :*.%])|<")
"""A number that is none of `PRIORITY_MAX`, none at all, or one whose end was lost."""

_DRIFT_NS_MAX = 3_600 * NS_PER_S
"""Between the time in a body and the one of its header, if both are of one clock: PAN-OS and
FortiMail send a log minutes after what it tells."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One message and how it was read: its legible `text`, and which part of it each step took
    (`steps`, from the left; the last one is the text behind the header). `body` is what its dialect
    made of that text."""

    text: str
    steps: tuple[Step, ...]
    body: Body | None
    message: SyslogMessage


class _Sender(msgspec.Struct, frozen=True, gc=False):
    """What the user says of a source."""

    zone: tzinfo
    vendor: str | None
    charset: str | None


class SyslogDecoder:
    """Implements `trapgate.ports.Decoder`. It asks, by a source's address: `zone_of` for the zone
    of its clock, where a message names none; `vendor_of` for what its devices are, which decides
    between dialects that are alike; `charset_of` for the encoding of its messages (`None`: UTF-8,
    else Latin-1). `dialects` read what stands behind the header. It keeps no state."""

    def __init__(
        self,
        zone_of: Callable[[str], tzinfo],
        dialects: Dialects = NO_DIALECTS,
        vendor_of: Callable[[str], str | None] = lambda address: None,
        charset_of: Callable[[str], str | None] = lambda address: None,
    ) -> None:
        self._zone_of = zone_of
        self._dialects = dialects
        self._vendor_of = vendor_of
        self._charset_of = charset_of
        self._senders: dict[str, _Sender] = {}

    def decode(self, datagram: Datagram, now: Now) -> Decoded:
        """Decode one datagram; never raises, whatever the bytes, and drops nothing.

        Only a datagram of white space and NUL is malformed (`empty`). Everything odd that a
        message says of itself is a warning on the message.
        """
        data = datagram.data
        if not data.strip(BLANK):
            return Decoded((), data, (EMPTY,))
        if SEVERAL not in data:
            return Decoded((self._read(datagram, data, False)[3],), data)
        messages = [self._read(datagram, piece, False)[3] for piece in pieces(data)]
        return Decoded(tuple(messages), data)

    def readings(self, datagram: Datagram) -> tuple[Reading, ...]:
        """The messages of a datagram with the steps that read them (`--explain`); none if it holds
        nothing but white space. They take the careful way, to the same messages."""
        data = datagram.data
        if not data.strip(BLANK):
            return ()
        return tuple([Reading(*self._read(datagram, piece, True)) for piece in pieces(data)])

    def remembers(self, data: bytes) -> bool:
        return False

    def saved(self) -> bytes:
        return b""

    def restored(self, saved: bytes) -> Self:
        return self

    def _sender(self, address: str) -> _Sender:
        if len(self._senders) >= SENDERS_CACHED_MAX:
            self._senders.clear()
        zone, vendor = self._zone_of(address), self._vendor_of(address)
        sender = self._senders[address] = _Sender(zone, vendor, self._charset_of(address))
        return sender

    def _read(
        self, datagram: Datagram, data: bytes, explain: bool
    ) -> tuple[str, tuple[Step, ...], Body | None, SyslogMessage]:
        """The parts of a `Reading`; without its steps unless they are to `explain` it, which takes
        the careful way to the header."""
        address = datagram.peer.address
        sender = self._senders.get(address) or self._sender(address)
        text, problem = legible(data, sender.charset)
        problems: list[Problem] = [] if problem is None else [problem]
        at = text.find(">", 1, 5) + 1
        priority = _PRIORITIES.get(text[:at])
        if priority is None:
            at = _without_priority(text, problems)
        header = None if explain else scan_usual(text, at)
        if header is None:
            header = careful_header(text, at)
        if header.format == "unparsed" and priority is None:
            header, at = Header("unparsed", text), 0
        steps: tuple[Step, ...] = ()
        if explain:
            end = len(text)
            steps = (*_pri_step(at), *header.steps, ("text", end - len(header.text), end))
        repeated = repeats(header.text) if "repeated" in header.text else None
        if repeated is not None:
            header = replace(header, text=repeated[1])
        body = self._dialects.body(header, sender.vendor)
        if body is not None and body.corrects:
            header = _corrected(header, body, sender.zone, datagram.received_at)
        if header.problems:
            problems.extend(header.problems)
        if header.priority is not None:  # the device's own, inside its relay's
            priority = header.priority
        count = None if repeated is None else repeated[0]
        timestamp, trusted = _time(header, sender.zone, datagram.received_at, problems)
        message = _message(data, priority, timestamp, trusted, header, body, count, problems)
        return text, steps, body, message


_SILENT = Body("")


def _message(
    data: bytes,
    priority: int | None,
    timestamp: int | None,
    trusted: bool,
    header: Header,
    body: Body | None,
    repeated: int | None,
    problems: list[Problem],
) -> SyslogMessage:
    said = body or _SILENT
    text = header.text if said.message is None else said.message
    if len(text) > SHOWN_CHARS_MAX:
        text = shown(text)
        problems.append(TRUNCATED)
    return SyslogMessage(  # by position: names would cost a microsecond
        header.format,
        None if priority is None else priority >> 3,
        None if priority is None else priority & 7,
        timestamp,
        trusted,
        header.hostname,
        header.appname,
        header.procid,
        header.msgid,
        header.structured_data,
        header.sequence,
        said.provider,
        said.code,
        header.level if said.severity is None else said.severity,
        said.fields,
        text,
        data,
        tuple(problems),
        header.relay,
        header.node,
        repeated,
    )


def _time(
    header: Header, home: tzinfo, received_at: int, problems: list[Problem]
) -> tuple[int | None, bool]:
    """The instant of the header's time and whether to trust the clock that said so."""
    if header.civil is None:
        return None, False
    timestamp, known = instant(header.civil, header.zone, home, received_at)
    if not known:
        problems.append(UNKNOWN_ZONE)
    if timestamp is None:
        problems.append(BAD_TIME)
        return None, False
    return timestamp, not header.marked and plausible(timestamp, received_at)


def _corrected(header: Header, body: Body, home: tzinfo, received_at: int) -> Header:
    """The header with what the body itself says of the device, the time and the program; a host
    that the body does not name is then its relay."""
    dated = body.civil is not None
    if not dated and body.hostname is None and body.process is None and body.sequence is None:
        return header
    hostname = body.hostname or header.hostname
    relayed = header.relay is None and not _are_one(hostname, header.hostname)
    return Header(  # by position: `replace` takes three times as long
        header.format,
        header.text,
        _in_offset(body, header.civil, home, received_at) if dated else header.civil,
        body.zone if dated else header.zone,
        header.marked,
        hostname,
        body.process or header.appname,
        body.pid or header.procid,
        header.msgid,
        header.sequence if body.sequence is None else body.sequence,
        header.structured_data,
        header.problems,
        header.hostname if relayed else header.relay,
        header.node,
        header.level,
        header.priority,
        header.steps,
    )


def _are_one(one: str | None, other: str | None) -> bool:
    """Whether two names are of one device: the same, or the same before its domain."""
    if one == other or one is None or other is None:
        return one == other
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _in_offset(body: Body, outer: Civil | None, home: tzinfo, received_at: int) -> Civil | None:
    """The time that a body says, with the offset of its header's time if that brings the two near
    to each other, and nearer than the zone of the source does: they are of one clock then."""
    civil = body.civil
    if outer is None or outer.offset_s is None or civil is None:
        return civil
    if civil.offset_s is not None or body.zone is not None or (outer.offset_s == 0 and home is UTC):
        return civil
    offset = replace(civil, offset_s=outer.offset_s)
    sent, there = (instant(each, None, home, received_at)[0] for each in (outer, offset))
    if sent is None or there is None or abs(sent - there) >= _DRIFT_NS_MAX:
        return civil
    here = instant(civil, None, home, received_at)[0]
    return civil if here is None or abs(sent - here) <= abs(sent - there) else offset


def _without_priority(text: str, problems: list[Problem]) -> int:
    """Where the header of a message without a valid PRI begins."""
    wrong = _NOT_PRI.match(text)
    problems.append(NO_PRI if wrong is None else BAD_PRI)
    return 0 if wrong is None else wrong.end()


def _pri_step(end: int) -> tuple[Step, ...]:
    return (("pri", 0, end),) if end else ()
