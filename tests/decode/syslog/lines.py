"""Lines as devices write them, and what the decoder has to make of their headers.

The lines are our own, after the documented formats. `Expected` leaves out what is as usual.
"""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import NamedTuple

from trapgate.decode.syslog import SyslogDecoder
from trapgate.model import Datagram, Endpoint, Now, SyslogMessage, parse_rfc3339, rfc3339

RECEIVED = "2026-07-15T12:00:00Z"

DOWN = "%LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down"
PROTO = "%LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet0/0, changed state to up"


class Expected(NamedTuple):
    format: str
    message: str
    timestamp: str | None = None
    trusted: bool = False
    hostname: str | None = None
    appname: str | None = None
    procid: str | None = None
    msgid: str | None = None
    sequence: int | None = None
    level: int | None = None
    relay: str | None = None
    node: str | None = None
    repeated: int | None = None
    structured_data: Mapping[str, Mapping[str, str]] = {}
    priority: int | None = None
    problems: tuple[str, ...] = ()


def datagram(data: bytes, received: str = RECEIVED, peer: str = "192.0.2.1") -> Datagram:
    at = parse_rfc3339(received)
    return Datagram(data, Endpoint(peer, 514), Endpoint("192.0.2.99", 5514), "syslog", at)


def message_of(line: bytes | str, *, received: str = RECEIVED, home: tzinfo = UTC) -> SyslogMessage:
    """The one message of a line, received at a moment from a source whose clock is in `home`."""
    data = line if isinstance(line, bytes) else line.encode()
    decoder = SyslogDecoder(lambda address: home)
    decoded = decoder.decode(datagram(data, received), Now(parse_rfc3339(received), 0))
    assert decoded.raw == data
    assert decoded.problems == ()
    (message,) = decoded.messages
    assert isinstance(message, SyslogMessage)
    assert message.raw == data
    return message


def read(message: SyslogMessage) -> Expected:
    """A message in the form of the table."""
    pri = None
    if message.facility is not None and message.severity is not None:
        pri = message.facility * 8 + message.severity
    return Expected(
        message.format,
        message.message,
        None if message.timestamp is None else rfc3339(message.timestamp),
        message.clock_trusted,
        message.hostname,
        message.appname,
        message.procid,
        message.msgid,
        message.sequence,
        message.vendor_severity,
        message.relay,
        message.node,
        message.repeated,
        message.structured_data,
        pri,
        tuple(problem.code for problem in message.problems),
    )


_DOWN = {"message": DOWN}
_PROTO = {"message": PROTO}
_JULY = {"timestamp": "2026-07-01T01:00:40.000Z", "trusted": True}
_JULY_MS = {"timestamp": "2026-07-01T01:00:40.123Z", "trusted": True}


def _line(format: str, *parts: Mapping[str, object], **rest: object) -> Expected:
    values: dict[str, object] = {"format": format, "priority": 189}
    for part in (*parts, rest):
        values.update(part)
    return Expected(**values)  # type: ignore[arg-type]


CISCO: Mapping[str, Expected] = {
    f"<189>{DOWN}": _line("cisco-ios", _DOWN),
    f"<189> {DOWN}": _line("cisco-ios", _DOWN),
    DOWN: _line("cisco-ios", _DOWN, priority=None, problems=("no-pri",)),
    f"<189>45: {DOWN}": _line("cisco-ios", _DOWN, sequence=45),
    f"<189>: {DOWN}": _line("cisco-ios", _DOWN),
    f"<189>45: 000046: {DOWN}": _line("cisco-ios", _DOWN, sequence=46),
    f"<189>45: r1: {DOWN}": _line("cisco-ios", _DOWN, sequence=45, hostname="r1"),
    f"<189>45: Jul  1 01:00:40: {DOWN}": _line("cisco-ios", _DOWN, _JULY, sequence=45),
    f"<189>Jul  1 01:00:40.123: {DOWN}": _line("cisco-ios", _DOWN, _JULY_MS),
    f"Jul  1 01:00:40.123: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY_MS, priority=None, problems=("no-pri",)
    ),
    f"<189>45: *Jul  1 01:00:40.123: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY_MS, sequence=45, trusted=False
    ),
    f"<189>45: .Jul  1 01:00:40.123 UTC: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY_MS, sequence=45, trusted=False
    ),
    f"<189>45: r1: *Jul  1 03:00:40.123 CEST: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY_MS, sequence=45, hostname="r1", trusted=False
    ),
    f"<189>45: r1: 000123: Jul  1 2026 01:00:40: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY, sequence=123, hostname="r1"
    ),
    f"<189>45: 192.0.2.7: Jul  1 01:00:40: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY, sequence=45, hostname="192.0.2.7"
    ),
    f"<189>45: 2001:db8::7: 7: Jul  1 01:00:40: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY, sequence=7, hostname="2001:db8::7"
    ),
    f"<189>r1.example.net: Jul  1 01:00:40: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY, hostname="r1.example.net"
    ),
    f"<189>45: Jul  1 2026 01:00:40.5 AM: {DOWN}": _line(
        "cisco-ios", _DOWN, sequence=45, timestamp="2026-07-01T01:00:40.500Z", trusted=True
    ),
    f"<189>45: Jul  1 01:00:40 PM: {DOWN}": _line(
        "cisco-ios", _DOWN, sequence=45, timestamp="2026-07-01T13:00:40.000Z", trusted=True
    ),
    f"<189>45: 00:01:01: {DOWN}": _line("cisco-ios", _DOWN, sequence=45),
    f"<189>00:01:01: {DOWN}": _line("cisco-ios", _DOWN),
    f"<189>45: 2y10w: {DOWN}": _line("cisco-ios", _DOWN, sequence=45),
    f"<189>45: r1: 3d04h: {DOWN}": _line("cisco-ios", _DOWN, sequence=45, hostname="r1"),
    f"<189>45: Jul  1 01:00:40 LAB: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY, sequence=45, problems=("unknown-zone",)
    ),
    f"<189>45: Jul  1 08:30:40 UTC+07:30: {DOWN}": _line("cisco-ios", _DOWN, _JULY, sequence=45),
    f"<189>: 2026 Jul  1 01:00:40 UTC: {DOWN}": _line("cisco-ios", _DOWN, _JULY),
    f'<189>45: [syslog@9 s_sn="44"]: r1: Jul  1 01:00:40: {DOWN}': _line(
        "cisco-ios",
        _DOWN,
        _JULY,
        sequence=45,
        hostname="r1",
        structured_data={"syslog@9": {"s_sn": "44"}},
    ),
    "<189>45: *Jul  1 01:00:40.123: NTP Core (NOTICE): peer lost": _line(
        "cisco-ios",
        _JULY_MS,
        sequence=45,
        trusted=False,
        message="NTP Core (NOTICE): peer lost",
    ),
    f"<189>Jul  1 01:05:00 192.0.2.8 45: r1: 46: Jul  1 2026 01:00:40: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY, sequence=46, hostname="r1", relay="192.0.2.8"
    ),
    f"<189>Jul  1 01:05:00 sw1 45: *Jul  1 01:00:40.123: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY_MS, sequence=45, hostname="sw1", trusted=False
    ),
    f"<189>Jul  1 01:05:00 sw1 : 2026 Jul  1 01:00:40 UTC: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY, hostname="sw1"
    ),
    f"<189>Jul  1 01:05:00 sw1 45: 2y10w: {DOWN}": _line(
        "cisco-ios", _DOWN, sequence=45, hostname="sw1"
    ),
    f"<189>Jul  1 01:00:40 sw1 45: {DOWN}": _line(
        "cisco-ios", _DOWN, _JULY, sequence=45, hostname="sw1"
    ),
    f"<189>Jul  1 01:00:40 sw1 {DOWN}": _line("cisco-ios", _DOWN, _JULY, hostname="sw1"),
    f"<189>Jul  1 11:00:40 sw1 AEST: {DOWN}": _line("cisco-ios", _DOWN, _JULY, hostname="sw1"),
    f"<189>2026-06-30T20:00:40.123456-05:00 sw1 {PROTO}": _line(
        "cisco-ios", _PROTO, _JULY_MS, hostname="sw1"
    ),
    "<166>Jul  1 2026 01:00:40: %ASA-4-106023: Deny tcp src": _line(
        "cisco-ios",
        _JULY,
        message="%ASA-4-106023: Deny tcp src",
        priority=166,
    ),
    "<190>7: Jul  1 01:00:40: %SYS-SW1-6-LOGOUT_C6K: User x left": _line(
        "cisco-ios",
        _JULY,
        message="%SYS-SW1-6-LOGOUT_C6K: User x left",
        sequence=7,
        priority=190,
    ),
}

BSD: Mapping[str, Expected] = {
    f"<189>Jul  1 01:00:40 vm root: {DOWN}": _line(
        "rfc3164", _DOWN, _JULY, hostname="vm", appname="root"
    ),
    f"<189>Jul  1 01:00:40 sw1 Rib: {PROTO}": _line(
        "rfc3164", _PROTO, _JULY, hostname="sw1", appname="Rib"
    ),
    f"<189>Jul  1 01:00:40 Rib: {PROTO}": _line("rfc3164", _PROTO, _JULY, appname="Rib"),
    f"<189>root: {DOWN}": _line("rfc3164", _DOWN, appname="root"),
    **{
        f"<189>{line}": _line("rfc3164", _JULY, **values)
        for line, values in {
            "Jul  1 01:00:40 r1 sshd[42]: hello": {
                "hostname": "r1",
                "appname": "sshd",
                "procid": "42",
                "message": "hello",
            },
            "Jul 1 01:00:40 r1 sshd[42]: hello": {
                "hostname": "r1",
                "appname": "sshd",
                "procid": "42",
                "message": "hello",
            },
            "Jul 01 01:00:40  r1  rpd[2902]: RPD_X: hello": {
                "hostname": "r1",
                "appname": "rpd",
                "procid": "2902",
                "message": "RPD_X: hello",
            },
            "Jul  1 01:00:40 core postfix/smtp[7]: a: b": {
                "hostname": "core",
                "appname": "postfix/smtp",
                "procid": "7",
                "message": "a: b",
            },
            "Jul  1 01:00:40 sudo: pam: hello": {"appname": "sudo", "message": "pam: hello"},
            "Jul  1 01:00:40 sshd[42]: hello": {
                "appname": "sshd",
                "procid": "42",
                "message": "hello",
            },
            "Jul  1 03:00:40 CEST r1 cron: hello": {
                "hostname": "r1",
                "appname": "cron",
                "message": "hello",
            },
            "Jul  1 03:00:40 CEST cron: hello": {"appname": "cron", "message": "hello"},
            "Jul  1 01:00:40 192.0.2.7 Use the fork": {
                "hostname": "192.0.2.7",
                "message": "Use the fork",
            },
            "Jul  1 01:00:40 192.0.2.7: Use the fork": {
                "hostname": "192.0.2.7",
                "message": "Use the fork",
            },
            "Jul  1 01:00:40 2001:db8::7 app: hello": {
                "hostname": "2001:db8::7",
                "appname": "app",
                "message": "hello",
            },
            "Jul  1 01:00:40 sw1 port 3 is down": {"hostname": "sw1", "message": "port 3 is down"},
            "Jul  1 01:00:40 Link down on 3": {"message": "Link down on 3"},
            "Jul  1 01:00:40 ether1 link down": {"message": "ether1 link down"},
            "Jul  1 01:00:40 4711 errors": {"message": "4711 errors"},
            "Jul  1 01:00:40 vm : hello": {"hostname": "vm", "message": "hello"},
            "Jul  1 01:00:40: hello": {"message": "hello"},
            "Jul  1 01:00:40 r1 see http://192.0.2.1/ now": {
                "hostname": "r1",
                "message": "see http://192.0.2.1/ now",
            },
            "Jul  1 01:00:40": {"message": ""},
            "2026-07-01T01:00:40Z r1 app[9]: hello": {
                "hostname": "r1",
                "appname": "app",
                "procid": "9",
                "message": "hello",
            },
            "2026-07-01T03:00:40.000000+02:00 r1 app: hello": {
                "hostname": "r1",
                "appname": "app",
                "message": "hello",
            },
            " 2026-7-1 01:00:40 r1 app: hello": {
                "hostname": "r1",
                "appname": "app",
                "message": "hello",
            },
            "2026 Jul  1 01:00:40 TZ-0 core.example.net hello": {
                "hostname": "core.example.net",
                "message": "hello",
            },
        }.items()
    },
    "<189>Jul  1 01:00:40 last message repeated 2 times": _line(
        "rfc3164", _JULY, message="last message repeated 2 times", repeated=2
    ),
    "<0>sshd[42]: no time": _line(
        "rfc3164", priority=0, appname="sshd", procid="42", message="no time"
    ),
    "<191>r1 sshd[42]: no time": _line(
        "rfc3164", priority=191, hostname="r1", appname="sshd", procid="42", message="no time"
    ),
    "<13>Jul  1 01:00:40 cat: hello": _line(
        "rfc3164", _JULY, priority=13, appname="cat", message="hello"
    ),
    "<13>dhcpd: Jul  1 01:00:40: hello": _line(
        "rfc3164", priority=13, appname="dhcpd", message="Jul  1 01:00:40: hello"
    ),
    "<13>dhcpd: Jul  1 01:00:40 r1 hello": _line(
        "rfc3164", priority=13, appname="dhcpd", message="Jul  1 01:00:40 r1 hello"
    ),
    "<13>Feb 30 01:00:40 r1 app: hello": _line(
        "rfc3164",
        priority=13,
        hostname="r1",
        appname="app",
        message="hello",
        problems=("bad-time",),
    ),
    "Jul  1 01:00:40 r1 app: hello": _line(
        "rfc3164",
        _JULY,
        priority=None,
        hostname="r1",
        appname="app",
        message="hello",
        problems=("no-pri",),
    ),
    "<192>Jul  1 01:00:40 r1 app: hello": _line(
        "rfc3164",
        _JULY,
        priority=None,
        hostname="r1",
        appname="app",
        message="hello",
        problems=("bad-pri",),
    ),
}

MODERN: Mapping[str, Expected] = {
    f'<13>1 2026-07-01T01:00:40.123456+00:00 vm root - - [timeQuality tzKnown="1"] {DOWN}': _line(
        "rfc5424",
        _DOWN,
        _JULY_MS,
        priority=13,
        hostname="vm",
        appname="root",
        structured_data={"timeQuality": {"tzKnown": "1"}},
    ),
    '<13>1 2026-07-01T01:00:40Z vm root - - [timeQuality tzKnown="1" isSynced="0"] x': _line(
        "rfc5424",
        _JULY,
        trusted=False,
        priority=13,
        hostname="vm",
        appname="root",
        structured_data={"timeQuality": {"tzKnown": "1", "isSynced": "0"}},
        message="x",
    ),
    "<34>1 2026-07-01T01:00:40.123Z r1.example.net su 7 ID47 - \ufeffhello": _line(
        "rfc5424",
        _JULY_MS,
        priority=34,
        hostname="r1.example.net",
        appname="su",
        procid="7",
        msgid="ID47",
        message="hello",
    ),
    '<165>1 - r1 app - ID [a@1 x="1" y="a\\"b\\\\c\\]d\\n"][b@1 z=""] hello': _line(
        "rfc5424",
        priority=165,
        hostname="r1",
        appname="app",
        msgid="ID",
        structured_data={"a@1": {"x": "1", "y": 'a"b\\c]d\\n'}, "b@1": {"z": ""}},
        message="hello",
    ),
    '<165>1 - r1 app - ID [a@1 ip="192.0.2.1" ip="192.0.2.2"][empty@1]': _line(
        "rfc5424",
        priority=165,
        hostname="r1",
        appname="app",
        msgid="ID",
        structured_data={"a@1": {"ip": "192.0.2.1, 192.0.2.2"}, "empty@1": {}},
        message="",
    ),
    "<165>1 - - - - - -": _line("rfc5424", priority=165, message=""),
    "<165>1 - - - - - - hello": _line("rfc5424", priority=165, message="hello"),
    "<13>1 2026-07-01T01:00:40Z vm  - - - hello": _line(
        "rfc5424", _JULY, priority=13, hostname="vm", message="hello"
    ),
    "<13>1 2026-07-01T01:00:40Z vm": _line(
        "rfc5424",
        _JULY,
        priority=13,
        hostname="vm",
        message="",
        problems=("short-header",),
    ),
    '<13>1 2026-07-01T01:00:40Z vm app - - [a x="1" hello': _line(
        "rfc5424",
        _JULY,
        priority=13,
        hostname="vm",
        appname="app",
        message='[a x="1" hello',
        problems=("bad-structured-data",),
    ),
    "<13>1 2026-07-01T01:00:40Z vm app - - no element": _line(
        "rfc5424",
        _JULY,
        priority=13,
        hostname="vm",
        appname="app",
        message="no element",
        problems=("bad-structured-data",),
    ),
    "<13>1 2026-13-01T01:00:40Z vm app - - - x": _line(
        "rfc5424",
        priority=13,
        hostname="vm",
        appname="app",
        message="x",
        problems=("bad-time",),
    ),
}

OTHER: Mapping[str, Expected] = {
    "hello world": _line("unparsed", priority=None, message="hello world", problems=("no-pri",)),
    "<13>Interface status: down": _line("unparsed", priority=13, message="Interface status: down"),
    "<13>hello world": _line("unparsed", priority=13, message="hello world"),
    "<999>hello world": _line(
        "unparsed", priority=None, message="<999>hello world", problems=("bad-pri",)
    ),
    "<x>hello": _line("unparsed", priority=None, message="<x>hello", problems=("bad-pri",)),
    "<13>": _line("unparsed", priority=13, message=""),
    "<13>45: hello": _line("unparsed", priority=13, message="45: hello"),
    "<13>1 hello": _line("unparsed", priority=13, message="1 hello"),
    "<189>date=2026-07-01 time=01:00:40 devname=fw": _line(
        "unparsed", message="date=2026-07-01 time=01:00:40 devname=fw"
    ),
    "<13>%%01IFNET/4/IF_STATE(l)[4997]:x": _line(
        "unparsed", priority=13, message="%%01IFNET/4/IF_STATE(l)[4997]:x"
    ),
}

LINES: Mapping[str, Expected] = {**CISCO, **BSD, **MODERN, **OTHER}
