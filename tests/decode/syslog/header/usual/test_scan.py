"""The short way to a header finds what the careful one finds, or leaves the line to it."""

import re
from datetime import UTC, tzinfo
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from decode.syslog.bundled import DIALECTS
from decode.syslog.lines import RECEIVED, datagram
from trapgate.decode.syslog import SyslogDecoder
from trapgate.decode.syslog.body import dialect
from trapgate.decode.syslog.decoder import SENDERS_CACHED_MAX
from trapgate.decode.syslog.header.careful import careful_header
from trapgate.decode.syslog.header.usual import dated, time
from trapgate.decode.syslog.header.usual.scan import scan_usual
from trapgate.model import Message, Now, labels
from trapgate.model.time import parse_rfc3339

HERE = Path(__file__).parents[2]

NOW = Now(parse_rfc3339(RECEIVED), 0)

USUAL_SHARE = 0.9
"""Of the golden lines: below it the short way is not worth its code."""

_PART = re.compile(
    r"^<\d{1,3}>|[A-Z][a-z]{2} [ \d]\d |\d\d:\d\d:\d\d|\d+|[^\s\d:%]+:?|.", re.DOTALL
)
"""What is exchanged: PRIs, dates and times as a whole, numbers, words."""

ODD = (
    "", " ", "  ", ":", ": ", " : ", "::", "*", ".", "%", "%$ VDC %$ ", "[", "]", "<", "<13>", "-",
    "1", "2026", "12:00:00", "Jul  1 01:00:40", "*Jul  1 01:00:40.123: ", "2026-07-01T01:00:40Z",
    "UTC", "CEST: ", "+02:00", "PM ", "DST ", "root", "INFO ", "notice ", "fpc0 ", "Interface ",
    "45: ",
    "000124: ", "r1: ", "10.0.0.1 ", "2001:db8::1 ", "00179 ", "mgr: ", "sshd[1]: ", "kernel: ",
    "%LINK-3-UPDOWN: ", "CEF:0|", "RP/0/RSP1/CPU0:", "bgp[1]: ", "last message repeated 3 times",
    "é", "2y10w", "00:01:01: ", "2026/07/01-01:00:45, ", "2026-7-1 01:00:40.270.1 ", "PM: ",
    "*spamApTask1: ", "1,2026/07/01 01:00:43,", "20 Base BGP-WARNING-x-2002 [", "n9k1 : ",
    "192.0.2.80-1 ", "interface,info ", "1782867640.774247467 ", "events ", '[action:"Drop"; ',
    "LAB ", "local3.notice: ", "user.info ", "0.0.0.0 ", "<Info:vlan.x> ", "IFNET/3/DOWN: ",
    "41: %", "%%10IFNET/3/DOWN: ", "%ASA-6-302013: ", "July", "- ", " +06", "security_event ",
    "UTC[1]: ", "Rib: ", ": 2026 May  2 12:55:22 UTC: ", "Jan ", "12: ",
)  # fmt: skip
"""What may stand where it was not expected."""


@cache
def _golden() -> tuple[str, ...]:
    files = sorted((HERE / "vendors").glob("*.txt"))
    return tuple(line for path in files for line in path.read_text().splitlines())


@cache
def _lines() -> tuple[str, ...]:
    """The golden lines, and those in the shapes of many devices."""
    shapes = [
        line.split(" ", 3)[3]
        for line in (HERE / "devices.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    return (*_golden(), *shapes, *BEHIND_A_RELAY, *SHORT_OF_A_PART)


def _begin(text: str) -> int:
    found = re.match(r"<[0-9]{1,3}>", text)
    return 0 if found is None else found.end()


def _agree(text: str) -> None:
    at = _begin(text)
    found = scan_usual(text, at)
    if found is not None:
        assert found == replace(careful_header(text, at), steps=())


@st.composite
def _mangled(draw: st.DrawFn) -> str:
    """A line with a few of its parts exchanged, left out, doubled, cut or replaced."""
    parts = _PART.findall(draw(st.sampled_from(_lines())))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, min(len(parts), 16)))
        kind = draw(st.sampled_from(("insert", "replace", "remove", "swap", "graft")))
        if kind == "insert":
            parts.insert(place, draw(st.sampled_from(ODD)))
        elif kind == "replace":
            parts[place : place + 1] = [draw(st.sampled_from(ODD))]
        elif kind == "remove":
            del parts[place : place + 1]
        elif kind == "swap":
            parts[place : place + 2] = reversed(parts[place : place + 2])
        else:
            other = _PART.findall(draw(st.sampled_from(_lines())))
            parts = parts[:place] + other[draw(st.integers(0, min(len(other), 16))) :]
    return "".join(parts)


BEHIND_A_RELAY = (
    "<189>Jul  1 09:09:09 192.0.2.8 47: r1: 000123: *Jul  1 01:00:42.123 CEST: %LINK-5-CHANGED: x",
    "<189>Jul  1 09:09:09 192.0.2.8 r1: Jul  1 01:00:42: %LINK-5-CHANGED: x",
    "<189>Jul  1 09:09:09 192.0.2.8 : 2026 May  2 12:55:22 UTC: %ETHPORT-5-IF_UP: x",
    "<189>2026-07-01T09:09:09.5+02:00 2001:db8::8 47: Jul  1 01:00:42: %LINK-5-CHANGED: x",
    "<189>Jul  1 09:09:09 r1 47: .Jul  1 01:00:42: %LINK-5-CHANGED: x",
    "<189>Jul  1 09:09:09 sw1 47: .Jul  1 01:00:42: %LINK-5-CHANGED: x",
    "<189>Jul  1 09:09:09 n9k1 : 2026 May  2 12:55:22 UTC: %ETHPORT-5-IF_UP: x",
    "<189>Jul  1 09:09:09 r1 : 2026 May  2 12:55:22 UTC: %ETHPORT-5-IF_UP: x",
)

SHORT_OF_A_PART = (
    "<189>Jul  1 01:00:43 Rib: %OSPF-4-OSPF_ADJACENCY_ESTABLISHED: x",
    "<38>Jul  1 01:00:43 sshd[42]: Accepted",
    "<14>Jul  1 01:00:43 1,2026/07/01 01:00:43,001801000001,CONFIG,0,0",
    "<188>Jan  2 18:43:26 192.0.2.50 : 20 Base BGP-WARNING-bgpBackwardTransition-2002 [P]: x",
    "<188>Jan  2 18:43:26 core : 20 vprn100 BGP-WARNING-bgpEstablished-2001 [P]: x",
    "<189>r1: *Jul  1 01:00:42: %LINK-5-CHANGED: x",
    "<189>88: 10.1.1.1: 000087: Jul  1 01:00:40.001: %SYS-5-CONFIG_I: x",
    "<189>53: r1: 000123: *2y10w: %DUAL-5-NBRCHANGE: x",
    "<164>:Jul 01 01:00:40 UTC: %ASA-session-6-302013: x",
    "<134>wlc1: *spamApTask1: Jul 01 01:00:40.123: #CAPWAP-3-DTLS_CLOSED_ERR: x",
    "<134>1 1782867642 ms1 events port 3 status changed from down to 100fdx",
    "<190>Jul  1 01:00:50 leaf1 Acl: 41: %ACL-6-IPACCESS: x",
    "<166>Jul  1 01:00:40 sw-b7 <Info:vlan.msgs.portLinkStateUp> Port 1:5 link up",
    "<189>110: RP/0/RP0/CPU0:2026 Jul  1 01:00:40.678 +06: ifmgr[7]: %PKT_INFRA-LINK-5-CHANGED : x",
    "<190>45: r1: Jul  1 2026 01:00:40 -03: %LINK-5-CHANGED: x",
    "<190>45: r1: Jul  1 2026 01:00:40 UTRECHT: %LINK-5-CHANGED: x",
)


@pytest.mark.parametrize("text", [*BEHIND_A_RELAY, *SHORT_OF_A_PART])
def test_unusual_lines_that_are_usual_nevertheless(text: str) -> None:
    assert scan_usual(text, _begin(text)) is not None
    _agree(text)


@pytest.mark.parametrize("text", _lines())
def test_known_lines(text: str) -> None:
    _agree(text)


@settings(max_examples=3_000)
@given(_mangled())
def test_mangled_lines(text: str) -> None:
    _agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "<14>Jul  1 01:00:40 10.0.0.1 00435 UTC: %ASA-6-302013: Built",
        "<14>Jul  1 01:00:41 20260701T010040.123Z 00076 ports: port 12 is now on-line",
        "<133>2026-07-01T01:00:41Z bigip2 notice Switch: *Mar  1 00:01:00.123: %LINK-3-UPDOWN: x",
        "<134>Jul  1 01:00:42 sonic1 INFO bgp#bgpd[48]:50: %BGP-3-NOTIFICATION: sent",
        "Jul  1 01:00:40 soni ERR swss#orchagent:  1: Jul  1 01:00:40: %LINK-5-B: x",
        "<14>Jul  1 01:00:40 soni ERR swss#orchag: ent:  1: Jul  1 01:00:40: %LINK-5-B: x",
        "<30>Jul  1 01:00:40 CCR dhcp,info 12: *Mar  1 00:00:36: %SYS-5-RESTART: restarted",
        "<14>Jul  1 01:00:40Z r1 sshd[1]: x",
        '<14>1 2026-07-01T01:00:40Z r1 su 1 ID47 - [a@1 x="1"] text',
        '<14>1 2026-07-01T01:00:40Z r1 su 1 ID47 [a@1 x="1"]text',
        '<14>1 2026-07-01T01:00:40Z r1 su 1 ID47 [timeQuality isSynced="0"] text',
        "<14>1 2026-07-01T01:00:40Z r1 su 1 - - \ufefftext",
        "<14>1 2026-07-01T01:00:40Z r1 su 1 - - <13>Jul  1 01:00:40 r2 su: text",
        "<14>1 2026-07-01T01:00:40Z r1 su 1 - - r2: %LINK-3-UPDOWN: text",
        "<14>1 2026-07-01T01:00:40Z r1 %ASA-4-106023: 1 - - text",
        "<14>1 2026-07-01T24:00:40Z - - - - - text",
        "<14>45: fpc0: Jul  1 01:00:40: %LINK-3-UPDOWN: x",
        '<166>2023-07-01T01:00:40Z r1 rpd 1 TAG [junos@2636 a="b"] text',
        "<14>Jul  1 01:00:40 EST sshd[1]: x",
        "<14>Jul  1 01:00:40 2026 : %LINK-5-B: x",
        "<14>Jul 32 01:00:40 r1 sshd[1]: x",
        "<14>Foo  1 01:00:40 r1 sshd[1]: x",
        "<14>2026-07-01T01:00:40Z r1 sshd[1]: a b - x",
        "<14>Jul  1 01:00:40 r1 raslogd: 2026/07/01-01:00:45: %LINK-5-B: x",
        "<14>Jul  1 01:00:40 192.0.2.80-1 TRAPMGR[1]: 45: %LINK-5-B: x",
        "<14>Jul  1 01:00:40 192.0.2.800-1 TRAPMGR[1]: x",
        "<14>Jul  1 01:00:40 UTC: %LINK-5-B: x",
        "<14>Jul  1 01:00:40 LAB: %LINK-5-B: x",
        "<14>Jul  1 01:00:40 sshd[1]: 45: %LINK-5-B: x",
        "<14>Jul  1 01:00:40 utc : 20 Base BGP-WARNING-x-2002 [Peer]: x",
        "<14>Jul  1 01:00:40 info : 20 Base BGP-WARNING-x-2002 [Peer]: x",
        "<14>Jul  1 01:00:40 1,2026/07/01 01:00:43: %LINK-5-B: x",
        "<14>2026-07-01 01:00:40 UTC sw1 %%01A/4/B(l)[1]:x",
        "<14>2026-07-01 01:00:40.1.123 sw1 %%01A/4/B(l)[1]:x",
        "<14>2026-13-01 01:00:40 sw1 %%01A/4/B(l)[1]:x",
        "<14>r1: %LINK-3-UPDOWN: x",
        "<14>root: %LINK-3-UPDOWN: x",
        "<14>utc: Jul  1 01:00:42: %LINK-5-B: x",
        "<14>2y10w UTC: %LINK-5-B: x",
        "<14>:r1: Jul  1 01:00:42: %LINK-5-B: x",
        "<14>r1 *spamApTask1: Jul 01 01:00:40.123: %LINK-5-B: x",
        "<14>*spamApTask1: Jul 41 01:00:40.123: %LINK-5-B: x",
        "<14>Jul  1 09:09:09 sw1 47: r1: Jul  1 01:00:42: %LINK-5-B: x",
        "<14>Jul  1 09:09:09 sw1 47: 2y10w: %LINK-5-B: x",
        "<14>Jul  1 09:09:09 utc 47: Jul  1 01:00:42: %LINK-5-B: x",
        "<14>Jul  1 09:09:09 info 47: Jul  1 01:00:42: %LINK-5-B: x",
        "<14>Jul  1 09:09:09 00012 47: Jul  1 01:00:42: %LINK-5-B: x",
        "<14>Jul 41 09:09:09 192.0.2.8 47: Jul  1 01:00:42: %LINK-5-B: x",
        "<14>Jul  1 09:09:09 192.0.2.8 47: Jul 41 01:00:42: %LINK-5-B: x",
        "<14>Jul  1 09:09:09 sw1 47: 000124: .Jul  1 01:00:42: %LINK-5-B: x",
        "<14>utc: *spamApTask1: Jul 01 01:00:40.123: %LINK-5-B: x",
        "<14>Jul  1 01:00:40 UTC[1]: 2026-Jul-01 01:00:40 r1 sshd[9]: x",
        "<14>Jul  1 01:00:40 r1 /7: 2026/07/01-01:00:45, x",
        "<14>Jul  1 01:00:40 fw-a _: %ASA-6-302013: x",
        "<14>1 1782867640.774 utc events type=x",
        "<14>1 1782867640 mx84 events  type=x",
        "<14>1 2782867640.1 mx84 events type=x",
        '<14>1 2026-07-01T01:00:40Z gw1 CheckPoint 1 - [action:"Drop"; x:": %LINK-5-B: x"]',
        "<14>interface,info ether1: Jul  1 01:00:42: %LINK-5-B: x",
        "<14>interface,001122334455,info ether1 x",
    ],
)
def test_lines_that_only_look_usual(text: str) -> None:
    _agree(text)


def test_most_lines_are_usual() -> None:
    found = sum(scan_usual(line, _begin(line)) is not None for line in _golden())
    assert found / len(_golden()) >= USUAL_SHARE


def test_the_short_way_is_taken_for_messages_and_the_careful_one_to_explain() -> None:
    decoder = _decoder()
    for line in _golden():
        received = datagram(line.encode())
        (message,) = decoder.decode(received, NOW).messages
        (reading,) = decoder.readings(received)
        assert message == reading.message
        assert reading.steps[-1][0] == "text"


@given(st.lists(_mangled(), min_size=1, max_size=12))
def test_what_was_read_before_changes_nothing(lines: list[str]) -> None:
    one = _decoder()
    for line in (*lines, *reversed(lines)):
        assert _read(one, line) == _read(_decoder(), line)


def test_memories_are_bounded() -> None:
    for remembered, size_max in (
        (time.usual_clock, time.STAMPS_CACHED_MAX),
        (time.usual_epoch, time.STAMPS_CACHED_MAX),
        (dated._is_pair, dated.PAIRS_CACHED_MAX),
        (dialect.written_time, dialect.TIMES_CACHED_MAX),
        (labels._fingerprint, labels.FINGERPRINTS_CACHED_MAX),
    ):
        assert remembered.cache_info().maxsize == size_max


def test_the_memory_of_senders_is_bounded() -> None:
    asked: list[str] = []

    def zone_of(address: str) -> tzinfo:
        asked.append(address)
        return UTC

    decoder = SyslogDecoder(zone_of)
    for number in range(SENDERS_CACHED_MAX + 2):
        decoder.decode(datagram(b"x", peer=f"2001:db8::{number:x}"), NOW)
        assert len(decoder._senders) <= SENDERS_CACHED_MAX
    decoder.decode(datagram(b"x", peer=asked[-1]), NOW)
    assert len(asked) == SENDERS_CACHED_MAX + 2, "each is asked for once while it is remembered"


def _decoder() -> SyslogDecoder:
    return SyslogDecoder(lambda address: UTC, DIALECTS)


def _read(decoder: SyslogDecoder, line: str) -> tuple[Message, ...]:
    return decoder.decode(datagram(line.encode()), NOW).messages
