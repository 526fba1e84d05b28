"""Cisco's headers, found with one look at the line: IOS, NX-OS, ASA, IOS-XR, AireOS, and IOS behind
a relay.

In: a text and the place behind its PRI. Out: the header that the careful steps of `rfc3164` would
find, without its steps; `None` if that is not certain.
"""

import re

from trapgate.decode.syslog.header.header import NO_ELEMENTS, Header
from trapgate.decode.syslog.header.names import LEVELS, is_host_address, may_be_host
from trapgate.decode.syslog.header.usual.time import (
    ISO,
    MONTH_FIRST,
    TIME,
    usual_clock,
    with_fraction,
)

MNEMONIC_NEXT = r"(?=%[A-Z][A-Za-z0-9_]{1,47}-)"

_STAMP = rf"((?:{MONTH_FIRST}|{ISO}))(?:\.([0-9]{{1,9}}))?"
_YEAR_FIRST = rf"([0-9]{{4}} [A-Z][a-z]{{2}} [ 0-9][0-9] {TIME})(?:\.([0-9]{{1,9}}))?"
_UPTIME = r"(?:(?:[0-9]{1,4}[ywdh]){2}|[0-9]{1,3}:[0-9]{2}:[0-9]{2})"
_NAMED_ZONE = r" (?:[A-Z]{1,7}|[+-][0-9]{2}(?::?[0-9]{2})?)"
_ZONE = rf"({_NAMED_ZONE})?"
_ORIGIN = r"([A-Za-z][A-Za-z0-9_.-]{0,254}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})"

_COUNT = r"(?:([0-9]{1,10}): |: |:(?=[A-Z0-9*.%]))"
"""Some releases leave the number out and keep the colon, ASA's EMBLEM the space behind it too."""

_CISCO = re.compile(
    rf"{_COUNT}?(?:{_ORIGIN} ?: )?(?:([0-9]{{1,10}}): )?"
    rf"(?:([*.]?)(?:(?:{_STAMP}|{_YEAR_FIRST}){_ZONE}|{_UPTIME}): )?{MNEMONIC_NEXT}",
    re.ASCII,
)
"""Count, origin, sequence number and time, each if it is there, before a mnemonic."""

_XR = re.compile(
    rf"(?:([0-9]{{1,10}}): )?(?:{_ORIGIN} )?"
    rf"([A-Z]{{2,3}}/[0-9]/[A-Z]{{0,4}}[0-9]{{1,2}}/CPU[0-9]{{1,2}}):([*.]?)(?:{_STAMP}|{_YEAR_FIRST})"
    rf"(?:({_NAMED_ZONE}): | ?: )([A-Za-z_][A-Za-z0-9_./-]{{0,63}})\[([0-9]{{1,10}})\]: "
    + MNEMONIC_NEXT,
    re.ASCII,
)
"""IOS-XR's count, host, node, time and process before a mnemonic."""

_AIREOS = re.compile(
    rf"(?:{_ORIGIN}: )?\*([A-Za-z_][A-Za-z0-9_./-]{{0,63}}): "
    rf"([*.]?){_STAMP}{_ZONE}: (?=[%#][A-Z][A-Za-z0-9_]{{1,47}}-)",
    re.ASCII,
)
"""AireOS's name, task and time."""

_RELAY = re.compile(
    rf" ?((?:{MONTH_FIRST}|{ISO}))(?:\.[0-9]{{1,9}})?(Z|[+-][0-9]{{2}}:[0-9]{{2}})? "
    r"([A-Za-z0-9][A-Za-z0-9_.:-]{0,254}) (?=(?:[0-9]{1,10})?: |[A-Za-z][A-Za-z0-9_.-]{0,254}: )",
    re.ASCII,
)
"""The time and the name that a relay writes before a whole line of IOS or NX-OS."""

NODE_CHARS_MAX = 64
"""How far from the beginning IOS-XR's node may stand."""


def cisco_usual(text: str, at: int) -> Header | None:
    """IOS, NX-OS and ASA."""
    found = _CISCO.match(text, at)
    return None if found is None else _cisco(text, found, None)


def xr_usual(text: str, at: int) -> Header | None:
    """IOS-XR."""
    if text.find("/CPU", at, at + NODE_CHARS_MAX) < 0:
        return None
    found = _XR.match(text, at)
    return None if found is None else _ios_xr(text, found)


def aireos_usual(text: str, at: int) -> Header | None:
    """AireOS."""
    found = _AIREOS.match(text, at)
    if found is None:
        return None
    origin, task, mark, stamp, fraction, zone = found.groups()
    if origin is not None and not may_be_host(origin):
        return None
    clock = usual_clock(f"{mark}{stamp}{zone or ''}: %", 1)
    if clock is None or not clock.colon:
        return None
    return Header(
        "cisco-ios", text[found.end() :], with_fraction(clock.civil, fraction), clock.zone,
        bool(mark), origin, task,
    )  # fmt: skip


def relayed_usual(text: str, at: int) -> Header | None:
    """A line of IOS or NX-OS behind the header of its relay, which gave an address for the device;
    or a name, where the device gave none itself."""
    relay = _RELAY.match(text, at)
    if relay is None:
        return None
    stamp, zone, host = relay.groups()
    if not is_host_address(host) and (
        not host[0].isalpha() or host in LEVELS or not may_be_host(host)
    ):
        return None
    found = _CISCO.match(text, relay.end())
    if found is None or usual_clock(stamp + (zone or ""), 0) is None:
        return None
    return _cisco(text, found, host)


def _cisco(text: str, found: re.Match[str], relay: str | None) -> Header | None:
    """The header of what was found, behind a `relay` or not."""
    (
        count, origin, number, mark, stamp, fraction, year_first, its_fraction, zone,
    ) = found.groups()  # fmt: skip
    if origin is not None:
        if not may_be_host(origin):
            return None
        if mark is None and found.start(2) == found.start():
            return None  # it may be a program
    civil = zone_name = None
    stamp = stamp or year_first
    if stamp is not None:
        clock = usual_clock(f"{mark}{stamp}{zone or ''}: %", 1)
        if clock is None or not clock.colon:
            return None
        civil, zone_name = with_fraction(clock.civil, fraction or its_fraction), clock.zone
    if relay is not None:
        if stamp is None:
            return None
        if not is_host_address(relay) and (origin is not None or (number and count)):
            return None  # all of it may be words before the time
        if origin is None:
            origin, relay = relay, None
        elif origin == relay:
            relay = None
    last = number or count
    return Header(
        "cisco-ios", text[found.end() :], civil, zone_name, bool(mark), origin, None, None, None,
        None if last is None else int(last), NO_ELEMENTS, (), relay,
    )  # fmt: skip


def _ios_xr(text: str, found: re.Match[str]) -> Header | None:
    (
        count, host, node, mark, stamp, fraction, year_first, its_fraction, zone, program, pid,
    ) = found.groups()  # fmt: skip
    if host is not None and not may_be_host(host):
        return None
    clock = usual_clock(f"{mark}{stamp or year_first}{zone or ''}: x", 1)
    if clock is None or not clock.colon:
        return None
    return Header(
        "cisco-ios", text[found.end() :], with_fraction(clock.civil, fraction or its_fraction),
        clock.zone, bool(mark), host, program, pid, None, None if count is None else int(count),
        NO_ELEMENTS, (), None, node,
    )  # fmt: skip
