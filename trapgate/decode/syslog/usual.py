"""The headers of four lines of five, each found with one look at the line.

In: a text and the place behind its PRI. Out: the header that the careful steps of `rfc3164` would
find (tests compare them), without the steps that led there; `None` for any line about which
something is not certain: these take the careful way.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec.structs import replace

from trapgate.decode.syslog.cisco import MNEMONIC
from trapgate.decode.syslog.clock import Clock, clock_at
from trapgate.decode.syslog.header import Format, Header
from trapgate.decode.syslog.names import LEVELS, are_words, is_address, may_be_host, must_be_host
from trapgate.decode.syslog.rfc5424 import QUOTED_CHARS, scan_5424, structured_data
from trapgate.decode.syslog.shapes import Civil, may_start, scan
from trapgate.decode.syslog.zones import is_zone

STAMPS_CACHED_MAX = 8_192
"""Written times (without fractions of a second) that are remembered: devices agree on a few
seconds."""

PAIRS_CACHED_MAX = 16_384
"""(host, program) whose verdict is remembered: more than a gateway's devices have daemons that
write."""

_STAMP = (
    r"(?P<stamp>[A-Z][a-z]{2} [ 0-9][0-9] (?:[0-9]{4} )?[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"|2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?"
)
_STAMP_GOES_ON = r"(?P<behind>Z|[+-][0-9]{2}:[0-9]{2}| (?:19|20)[0-9]{2}(?= ))?"
_HOST = r"(?P<host>[A-Za-z0-9_.-]{1,255})"
_MNEMONIC = r"(?=%[A-Z][A-Za-z0-9_]{1,47}-)"

_TAG = (
    r"(?P<program>[A-Za-z_/][A-Za-z0-9_./#-]{0,63})"
    r"(?:\[(?P<pid>[^\]\s]{0,32})\]: ?|: (?![*.:%#<\[]|[0-9]{1,10} ?: ))"
)
"""`sshd[42]: text`, `root: text`."""

_LONE = r"(?P<lone>[A-Za-z_][A-Za-z0-9_.#-]{0,63}): (?=[%\[])"
"""A tag before a mnemonic (EOS), or before the kernel's clock."""

_LEVELLED = (
    rf"(?P<level>{'|'.join(sorted(LEVELS, reverse=True))}) {{1,4}}"
    r"(?P<levelled>[A-Za-z_][A-Za-z0-9_.#-]{0,63})"
    r"(?:\[(?P<its_pid>[^\]\s]{0,32})\]: ?|: (?![ *.%#<]|:[^-]|[0-9]{1,10} ?: ))"
)
"""F5's and SONiC's level before the tag."""

_NUMBERED = r"(?P<event>[0-9]{5}) {1,2}(?P<numbered>[A-Za-z][A-Za-z0-9_./-]{0,31}): {1,4}"
"""ProCurve's number before the tag."""

_UNTAGGED = (
    r"(?=%|(?:CEF|LEEF):[0-9]|[0-9],20[0-9]{2}/|"
    r"(?![^ ,]{1,32},[0-9A-Fa-f]{12},)[a-z0-9-]{2,32}(?:,[a-z0-9!-]{2,32}){1,6} )"
)
"""What no sentence continues with: a mnemonic, CEF, PAN-OS's columns, MikroTik's topics (but not
UniFi's triple)."""

_DATED = re.compile(
    f" ?{_STAMP}{_STAMP_GOES_ON} {{1,4}}{_HOST}"
    f"(?: {{1,4}}(?:{_TAG}|{_LONE}|{_LEVELLED}|{_NUMBERED}|{_UNTAGGED})| : {_MNEMONIC})",
    re.ASCII,
)
"""A time (its stamp, fraction and what goes on with it are the first three groups), a host (the
fourth) and what is behind it; ASA has a colon between spaces there."""

_CISCO = re.compile(
    r"(?:([0-9]{1,10})?: (?:([A-Za-z][A-Za-z0-9_.-]{0,254}): )?(?:([0-9]{1,10}): )?)?"
    rf"(?:([*.]?)(?:{_STAMP}|"
    r"([0-9]{4} [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?)"
    rf"( [A-Z]{{1,5}})?: )?{_MNEMONIC}",
    re.ASCII,
)
"""Cisco's count, origin, sequence number and time, each if it is there, before a mnemonic."""

_XR = re.compile(
    r"(?:([0-9]{1,10}): )?(?:([A-Za-z][A-Za-z0-9_.-]{0,254}) )?"
    rf"([A-Z]{{2,3}}/[0-9]/[A-Z]{{0,4}}[0-9]{{1,2}}/CPU[0-9]{{1,2}}):([*.]?){_STAMP}"
    r"(?:( [A-Z]{1,5}): | ?: )([A-Za-z_][A-Za-z0-9_./-]{0,63})\[([0-9]{1,10})\]: " + _MNEMONIC,
    re.ASCII,
)
"""IOS-XR's count, host, node, time and process before a mnemonic."""

_VERSIONED = re.compile(
    r"1 (2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2}) ([^ ]{1,255}) ([^ %][^ ]{0,254}) ([^ ]{1,255}) ([^ ]{1,255}) "
    r"(?:(-) |(?=\[[^\s=\]\"]{1,255}[ \]]))"
)
"""RFC 5424's header, with its structured data or without; a `%` is no program's."""

_NO_ELEMENTS: Mapping[str, Mapping[str, str]] = {}

_RELAYED = ("<", "\ufeff")
"""What the text does not begin with: the PRI of a device behind its relay's header, or a byte order
mark."""

NODE_CHARS_MAX = 64
"""How far from the beginning IOS-XR's node may stand."""

_PROGRAM_DATED = re.compile(r"[^ ]{1,64} (?:[0-9]{4}-[A-Z][a-z]{2}-|: ?%|:%)")
"""Opengear's own date behind a program, FTD's colon: `rfc3164` tells what they are."""

_COUNTED = re.compile(r"[0-9]{1,10}: (?=%)")


def scan_usual(text: str, at: int) -> Header | None:
    """The header that begins at `at` (behind the PRI), `None` if it is not certainly of one of
    these forms. Its `steps` are empty."""
    if text.startswith("1 ", at):
        found = _VERSIONED.match(text, at)
        return None if found is None else _versioned(text, found)
    found = _DATED.match(text, at)
    if found is not None:
        if text[found.start(1)] == "2" and scan_5424(text, at) is not None:
            return None  # Junos leaves RFC 5424's version out
        return _dated(text, found)
    found = _CISCO.match(text, at)
    if found is not None:
        return _cisco(text, found)
    if text.startswith("date=", at):
        return Header("unparsed", text[at:])
    if text.find("/CPU", at, at + NODE_CHARS_MAX) < 0:
        return None
    found = _XR.match(text, at)
    return None if found is None else _ios_xr(text, found)


def _versioned(text: str, found: re.Match[str]) -> Header | None:
    stamp, fraction, zone, *words, nil = found.groups()
    clock = _clock(stamp + zone, 0)
    if clock is None:
        return None
    end, elements, problem = found.end(), _NO_ELEMENTS, None
    if nil is None:
        end, elements, problem = structured_data(text, end)
        end += text.startswith(" ", end)
    if problem is not None or text.startswith(_RELAYED, end):
        return None
    said = text[end:]
    if ": %" in said[:QUOTED_CHARS]:
        return None  # a relay keeps the device's own header in the text
    host, program, pid, event = [None if word == "-" else word for word in words]
    civil = clock.civil if fraction is None else _with_fraction(clock, fraction)
    marked = elements.get("timeQuality", {}).get("isSynced") == "0"
    return Header("rfc5424", said, civil, None, marked, host, program, pid, event, None, elements)


_Said = tuple[Format, str | None, str | None, str | None, int | None]
"""The format, and what stands behind a host: program, its number, an event's number, the level."""


def _dated(text: str, found: re.Match[str]) -> Header | None:
    stamp, fraction, behind, host = found.group(1, 2, 3, 4)
    clock = _clock(stamp if behind is None else stamp + behind, 0)
    said = None if clock is None else _behind_host(text, found.end(), host, found)
    if clock is None or said is None:
        return None
    form, program, pid, event, severity = said
    civil = clock.civil if fraction is None else _with_fraction(clock, fraction)
    return Header(  # by position: names would cost half a microsecond
        form, text[found.end() :], civil, clock.zone, False, host, program, pid, event, None, {},
        (), None, None, severity,
    )  # fmt: skip


def _behind_host(text: str, end: int, host: str, found: re.Match[str]) -> _Said | None:
    """What stands between a host and the text, which begins at `end`."""
    kind = found.lastgroup
    if kind in ("program", "pid"):
        program, pid = found.group("program", "pid")
        certain = _is_tag(text, end, host, program, pid)
        return ("rfc3164", program, pid, None, None) if certain else None
    if kind == "numbered":
        return _numbered(text, end, host, *found.group("event", "numbered"))
    if not (host[0].isalpha() and may_be_host(host)) or host in LEVELS:
        return None  # a number may be a count or a time
    if kind == "lone":
        lone = found["lone"]
        certain = _is_pair(host, lone) and not is_zone(lone)
        return ("rfc3164", lone, None, None, None) if certain else None
    if kind in ("levelled", "its_pid"):
        return _levelled(text, end, *found.group("level", "levelled", "its_pid"))
    return _untagged(text, end)


def _is_tag(text: str, end: int, host: str, program: str, pid: str | None) -> bool:
    """Whether a word and a tag, which ends here, are certainly a host and its program."""
    if pid is None:  # with a time behind it, it may be the name before a Cisco header
        return _is_pair(host, program) and not _time_at(text, end)
    return may_be_host(host) and host not in LEVELS and not _COUNTED.match(text, end)


def _numbered(text: str, end: int, host: str, event: str, program: str) -> _Said | None:
    if is_zone(program) or not must_be_host(host) or _may_be_origin(text, end):
        return None
    if not (host[0].isalpha() or is_address(host)):
        return None  # a time of digits alone
    return ("rfc3164", program, None, event, None)


def _levelled(text: str, end: int, level: str, program: str, pid: str | None) -> _Said | None:
    if is_zone(program) or _time_at(text, end) or _COUNTED.match(text, end):
        return None
    if pid is None and _may_be_origin(text, end):
        return None
    return ("rfc3164", program, pid, None, LEVELS[level])


def _untagged(text: str, end: int) -> _Said | None:
    if text.startswith("%", end):
        if text.startswith("%$", end):
            return None
        return ("cisco-ios" if MNEMONIC.match(text, end) else "rfc3164", None, None, None, None)
    if _may_be_origin(text, end) or _PROGRAM_DATED.match(text, end):
        return None
    return _BARE


_BARE: _Said = ("rfc3164", None, None, None, None)


def _may_be_origin(text: str, end: int) -> bool:
    """Whether a Cisco header may follow, of which all words so far are the origin."""
    return text.find("%", end) > 0


def _time_at(text: str, at: int) -> bool:
    return may_start(text, at) and scan(text, at) is not None


def _cisco(text: str, found: re.Match[str]) -> Header | None:
    count, origin, number, mark, stamp, fraction, year_first, its_fraction, zone = found.groups()
    if origin is not None and not may_be_host(origin):
        return None
    stamp = stamp or year_first
    civil = zone_name = None
    if stamp is not None:
        clock = _clock(f"{mark}{stamp}{zone or ''}: %", 1)
        if clock is None or not clock.colon:
            return None
        fraction = fraction or its_fraction
        civil = clock.civil if fraction is None else _with_fraction(clock, fraction)
        zone_name = clock.zone
    last = number or count
    return Header(
        "cisco-ios", text[found.end() :], civil, zone_name, bool(mark), origin,
        sequence=None if last is None else int(last),
    )  # fmt: skip


def _ios_xr(text: str, found: re.Match[str]) -> Header | None:
    count, host, node, mark, stamp, fraction, zone, program, pid = found.groups()
    if host is not None and not may_be_host(host):
        return None
    clock = _clock(f"{mark}{stamp}{zone or ''}: x", 1)
    if clock is None or not clock.colon:
        return None
    return Header(
        "cisco-ios", text[found.end() :],
        clock.civil if fraction is None else _with_fraction(clock, fraction),
        clock.zone, bool(mark), host, program, pid,
        sequence=None if count is None else int(count), node=node,
    )  # fmt: skip


@lru_cache(STAMPS_CACHED_MAX)
def _clock(stamp: str, left: int) -> Clock | None:
    """What the careful steps read from a written time, all of it but for the last `left`
    characters; `None` if they read something else."""
    clock = clock_at(stamp, 0, [])
    if clock is None or clock.civil is None or clock.end != len(stamp) - left:
        return None
    return clock


def _with_fraction(clock: Clock, digits: str) -> Civil | None:
    civil = clock.civil
    return None if civil is None else replace(civil, fraction_ns=int(digits.ljust(9, "0")))


@lru_cache(PAIRS_CACHED_MAX)
def _is_pair(host: str, program: str) -> bool:
    """Whether a word and a tag without a number are certainly a host and its program."""
    if host in LEVELS or not may_be_host(host):
        return False
    return must_be_host(host) or not are_words(host, program)
