"""The headers that begin with a time and are no Cisco's, found with one look at the line: RFC 3164
and its kin, with a host or without.

In: a text and the place behind its PRI. Out: the header that the careful steps of `rfc3164` would
find, without its steps; `None` if that is not certain.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from trapgate.decode.syslog.header.cisco import MNEMONIC
from trapgate.decode.syslog.header.clock import FIREWALL
from trapgate.decode.syslog.header.header import NO_ELEMENTS, Format, Header
from trapgate.decode.syslog.header.hosts import MEMBER, SERIAL_CHARS, is_serial
from trapgate.decode.syslog.header.names import (
    LEVELS,
    are_words,
    is_host_address,
    may_be_host,
    must_be_host,
)
from trapgate.decode.syslog.header.rfc5424 import scan_5424
from trapgate.decode.syslog.header.shapes import may_start, scan
from trapgate.decode.syslog.header.tags import is_selector, opens_text
from trapgate.decode.syslog.header.usual.cisco import MNEMONIC_NEXT
from trapgate.decode.syslog.header.usual.time import (
    ISO,
    MONTH_FIRST,
    TIME,
    usual_clock,
    with_fraction,
)
from trapgate.decode.syslog.header.zones import is_zone

PAIRS_CACHED_MAX = 16_384
"""(host, program) whose verdict is remembered: more than a gateway's devices have daemons that
write."""

_STAMP = (
    rf"(?P<stamp>{MONTH_FIRST}|{ISO})(?:\.(?P<fraction>[0-9]{{1,9}}))?"
    r"(?P<behind>Z|[+-][0-9]{2}:[0-9]{2}| (?:19|20)[0-9]{2}(?= ))?"
)
_SPACED = (
    rf"(?P<spaced>2[0-9]{{3}}-[0-9]{{1,2}}-[0-9]{{1,2}} {TIME})"
    r"(?:\.(?P<its_fraction>[0-9]{1,9})(?:\.[0-9]{1,2}(?= ))?)?"
)
"""Huawei's: zeros are left out, and it counts behind the fraction."""

_HOST = r"(?P<host>[A-Za-z0-9_.-]{1,255})"

_TAG = (
    r"(?P<program>[/_]?[A-Za-z][A-Za-z0-9_./#-]{0,62})"
    r"(?:\[(?P<pid>[^\]\s]{0,32})\]: ?|: (?![*.:%#<\[]|[0-9]{1,10} ?: ))"
)
"""`sshd[42]: text`, `root: text`."""

_LONE = r"(?P<lone>[A-Za-z][A-Za-z0-9_.#-]{0,63}): (?:(?=[%\[])|(?P<count>[0-9]{1,10}): (?=%))"
"""A tag before a mnemonic (EOS, perhaps with its count), or before the kernel's clock."""

_LEVELLED = (
    rf"(?P<level>{'|'.join(sorted(LEVELS, reverse=True))}) {{1,4}}"
    r"(?P<levelled>[A-Za-z_][A-Za-z0-9_.#-]{0,63})"
    r"(?:\[(?P<its_pid>[^\]\s]{0,32})\]: ?|: (?![ *.%#<]|:[^-]|[0-9]{1,10} ?: ))"
)
"""F5's and SONiC's level before the tag."""

_NUMBERED = r"(?P<event>[0-9]{5}) {1,2}(?P<numbered>[A-Za-z][A-Za-z0-9_./-]{0,31}): {1,4}"
"""ProCurve's number before the tag."""

_COLUMNS = rf"[0-9],20[0-9]{{2}}/[0-9]{{2}}/[0-9]{{2}} {TIME},"
"""How PAN-OS's columns begin."""

_UNTAGGED = (
    r"(?=%|(?:CEF|LEEF):[0-9]|[0-9],20[0-9]{2}/|<(?:Crit|Erro|Warn|Noti|Info):[A-Za-z]|"
    r"(?![^ ,]{1,32},[0-9A-Fa-f]{12},)[a-z0-9-]{2,32}(?:,[a-z0-9!-]{2,32}){1,6} )"
)
"""What no sentence continues with: a mnemonic, CEF, PAN-OS's columns, EXOS's level, MikroTik's
topics (but not UniFi's triple)."""

_EMPTY = r" : (?P<empty>)(?=[0-9]{1,10} [A-Za-z][A-Za-z0-9_-]{0,31} [A-Z][A-Z0-9_]{1,31}-[A-Z]{4})"
"""SR OS without a name of its own: its count, router and application follow."""

_HOSTLESS = (
    r"(?P<only>[A-Za-z][A-Za-z0-9_.#-]{0,63})(?:\[(?P<only_pid>[^\]\s]{0,32})\]: ?|: (?=%))"
    rf"|(?P<bare>)(?={_COLUMNS})"
)
"""No host: a tag with a number or before a mnemonic, PAN-OS's columns."""

_SAID = f"{_TAG}|{_LONE}|{_LEVELLED}|{_NUMBERED}|{_UNTAGGED}"

_DATED = re.compile(
    f" ?(?:{_STAMP}|{_SPACED}) {{1,4}}"
    f"(?:{_HOST}(?: {{1,4}}(?:{_SAID})| : {MNEMONIC_NEXT}|{_EMPTY})|{_HOSTLESS})",
    re.ASCII,
)
"""A time, a host and what is behind it; ASA and SR OS have a colon between spaces there."""

_PROGRAM_DATED = re.compile(r"[^ ]{1,64} (?:[0-9]{4}-[A-Z][a-z]{2}-|: ?%|:%)")
"""Opengear's own date behind a program, FTD's colon: `rfc3164` tells what they are."""

_COUNTED = re.compile(r"[0-9]{1,10}: (?=%)")

_Said = tuple[str | None, Format, str | None, str | None, str | None, int | None, int | None]
"""The host and the format, and what stands behind it: program, its number, an event's number, the
level, the device's count."""


def dated_usual(text: str, at: int) -> Header | None:
    """A header that begins with a time."""
    found = _DATED.match(text, at)
    if found is None:
        return None
    stamp, fraction, behind, spaced, its_fraction, word = found.group(1, 2, 3, 4, 5, 6)
    if stamp is None:
        stamp, fraction = spaced, its_fraction
    elif stamp[0] == "2" and _unversioned(text, at):
        return None
    clock = usual_clock(stamp if behind is None else stamp + behind, 0)
    said = _BY_LAST_GROUP[found.lastgroup](text, found.end(), word, found)
    if clock is None or said is None:
        return None
    host, form, program, pid, event, severity, count = said
    civil = clock.civil if fraction is None else with_fraction(clock.civil, fraction)
    return Header(  # by position: names would cost half a microsecond
        form, text[found.end() :], civil, clock.zone, False, host, program, pid, event, count,
        NO_ELEMENTS, (), None, None, severity,
    )  # fmt: skip


def _unversioned(text: str, at: int) -> bool:
    """Whether the header is RFC 5424's, of which Junos leaves the version out: structured data
    tells it."""
    return ("@" in text or " - " in text) and scan_5424(text, at) is not None


def _numbered_tag(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`host sshd[42]: `."""
    if not may_be_host(host):
        member = MEMBER.fullmatch(host) if "-" in host else None
        if member is None or not is_host_address(member[1]):
            return None
        host = member[1]  # the address of the stack
    if (
        host in LEVELS
        or _COUNTED.match(text, end)
        or (len(host) == SERIAL_CHARS and is_serial(text, host, end))
    ):
        return None
    return (host, "rfc3164", found["program"], found["pid"], None, None, None)


def _plain_tag(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`host root: `."""
    program = found["program"]
    if (
        not _is_pair(host, program)
        or _header_at(text, end)
        or (len(host) == SERIAL_CHARS and is_serial(text, host, end))
    ):
        return None
    return (host, "rfc3164", program, None, None, None, None)


def _lone_tag(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`host Ebra: %`."""
    program = found["lone"]
    if not _is_name(host) or not _is_pair(host, program) or is_zone(program):
        return None
    if FIREWALL.match(text, end):
        return None  # it may be the device, and its zone before it
    return (host, "rfc3164", program, None, None, None, None)


def _counted_tag(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`host Acl: 41: %`."""
    said = _lone_tag(text, end, host, found)
    # behind an address the tag may be the device (`logging origin-id`)
    if said is None or must_be_host(found["lone"]) or is_host_address(host):
        return None
    return (*said[:6], int(found["count"]))


def _numbered(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`host 00076 ports: `."""
    event, program = found.group("event", "numbered")
    if is_zone(program) or not must_be_host(host) or _may_be_origin(text, end):
        return None
    if not (host[0].isalpha() or is_host_address(host)):
        return None  # a time of digits alone
    return (host, "rfc3164", program, None, event, None, None)


def _levelled(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`host notice mcpd[5122]: `."""
    level, program, pid = found.group("level", "levelled", "its_pid")
    if not _is_name(host) or is_zone(program) or _header_at(text, end):
        return None
    if _COUNTED.match(text, end) or (pid is None and _may_be_origin(text, end)):
        return None
    return (host, "rfc3164", program, pid, None, LEVELS[level], None)


def _untagged(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`host %LINK-3-UPDOWN: `, `host : %ASA-4-106023: `, `host CEF:0|`."""
    if not _is_name(host):
        return None
    if text.startswith("%", end):
        if text.startswith("%$", end):
            return None
        if MNEMONIC.match(text, end):
            return (host, "cisco-ios", None, None, None, None, None)
        if text[end + 1 : end + 2].isalpha():
            return None  # Comware's mark and a time, of which this host is the relay
        return (host, "rfc3164", None, None, None, None, None)
    if _may_be_origin(text, end) or _PROGRAM_DATED.match(text, end):
        return None
    return (host, "rfc3164", None, None, None, None, None)


def _empty_tag(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`host : 20 Base BGP-WARNING-`."""
    if not (is_host_address(host) or _is_name(host)):
        return None
    return (host, "rfc3164", None, None, None, None, None)


def _only_tag(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`Rib: %` without a host."""
    program = found["only"]
    if program.isupper() or is_zone(program) or must_be_host(program):
        return None  # the time's zone, or the device
    if text.startswith("%%", end) or FIREWALL.match(text, end):
        return None
    return (None, "rfc3164", program, None, None, None, None)


def _only_numbered_tag(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`sshd[42]: ` without a host."""
    if _COUNTED.match(text, end) or _PROGRAM_DATED.match(text, found.start("only")):
        return None
    return (None, "rfc3164", found["only"], found["only_pid"], None, None, None)


def _bare(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """`1,2026/07/01 01:00:43,` without a host."""
    return (None, "rfc3164", None, None, None, None, None)


_BY_LAST_GROUP: Mapping[str | None, Callable[[str, int, str, re.Match[str]], _Said | None]] = {
    "pid": _numbered_tag,
    "program": _plain_tag,
    "lone": _lone_tag,
    "count": _counted_tag,
    "numbered": _numbered,
    "levelled": _levelled,
    "its_pid": _levelled,
    "host": _untagged,
    "empty": _empty_tag,
    "only": _only_tag,
    "only_pid": _only_numbered_tag,
    "bare": _bare,
}
"""What judges the words between the time and the text, by the last group that was found. Each is
given the text, where it begins, and the word in the host's place."""


def _is_name(host: str) -> bool:
    """Whether a word is no count and no time, and may be a host."""
    return host[0].isalpha() and host not in LEVELS and may_be_host(host)


def _may_be_origin(text: str, end: int) -> bool:
    """Whether a Cisco header may follow, of which all words so far are the origin."""
    return text.find("%", end) > 0


def _header_at(text: str, end: int) -> bool:
    """Whether a time stands behind what seems a tag, which then may be the name before a Cisco
    header. A comma behind the time is Brocade's: no header goes on so."""
    found = scan(text, end) if may_start(text, end) else None
    return found is not None and not text.startswith(", ", found.end)


@lru_cache(PAIRS_CACHED_MAX)
def _is_pair(host: str, program: str) -> bool:
    """Whether a word and a tag without a number are certainly a host and its program."""
    if host in LEVELS or not may_be_host(host) or is_selector(program) or opens_text(program):
        return False
    return must_be_host(host) or not are_words(host, program)
