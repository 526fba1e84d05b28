"""The header of a line that is not RFC 5424: RFC 3164, what devices make of it, Cisco IOS.

Scanned in small steps from the left, after the PRI:

    [count:] [host:] [sequence:] [*|.]time [zone]: body            Cisco IOS, each part optional
    time [zone] host tag[pid]: text                                RFC 3164
    time [zone] host (a Cisco header): body                        IOS behind a relay

A step that does not find its part leaves its place to the next one. Where a word could be two
things it is only taken for a host if what follows proves it (see `names`).
"""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from trapgate.decode.syslog.cisco import recognise
from trapgate.decode.syslog.header import Header
from trapgate.decode.syslog.names import is_address, may_be_host, must_be_host
from trapgate.decode.syslog.rfc5424 import structured_data
from trapgate.decode.syslog.times import Civil, scan
from trapgate.decode.syslog.zones import is_zone


class _Prelude(msgspec.Struct, frozen=True, gc=False):
    """What Cisco writes before the time. `numbered`: there was a counter, even an empty one."""

    end: int
    numbered: bool = False
    number: int | None = None
    origin: str | None = None
    structured_data: Mapping[str, Mapping[str, str]] = {}


class _Clock(msgspec.Struct, frozen=True, gc=False):
    """A time with its mark before and its zone behind. `colon`: it is closed by a colon, as IOS
    does it; then `end` is where the text begins."""

    end: int
    civil: Civil | None
    zone: str | None
    marked: bool
    colon: bool


_COUNT = re.compile(r"([0-9]{0,10}) ?: +")
"""A message count; some releases leave the number out and keep the colon."""

_SEQUENCE = re.compile(r"([0-9]{1,10}) ?: +")
"""IOS counts with 32 bits: at most ten digits."""

_WORD = re.compile(r"[^ ]+")
_CLOSE = re.compile(r" ?:(?: +|$)")
_ZONE = re.compile(
    r" ([A-Za-z]{1,5}|[+-][0-9]{2}:?[0-9]{2}|(?:UTC|GMT|TZ)[+-][0-9]{1,2}(?::?[0-9]{2})?)(?= |:)"
)
_TAG = re.compile(
    r"(?!%)([^\s:\[\]]{1,64})(?:\[([^\]\s]{0,32})\](?:: ?|(?= )|$)|:(?: |$))", re.ASCII
)
"""RFC 3164 §4.1.3 with room (it allows 32 letters and digits): `sshd[42]:`, `postfix/smtp[7]:`,
`root:`. Without a pid the colon must end the word, else `http://` were a tag."""

_LETTER = re.compile(r"[A-Za-z]")


def scan_3164(text: str, at: int) -> Header:
    """The header that begins at `at` (behind the PRI), as far as there is one; fits any text."""
    at = _skip_spaces(text, at)
    prelude = _prelude(text, at)
    clock = _clock(text, prelude)
    if clock is None:
        return _without_time(text, at, prelude)
    if clock.colon:
        header = _ios(text, prelude, clock)
        if header is not None:
            return header
        if prelude.origin is None and clock.civil is not None:
            return _with_clock("rfc3164", text[clock.end :], clock)
    elif prelude.origin is None and clock.civil is not None:
        return _after_time(text, clock)
    return _without_time(text, at, prelude)


def _skip_spaces(text: str, at: int) -> int:
    while text.startswith(" ", at):
        at += 1
    return at


def _prelude(text: str, at: int) -> _Prelude:
    """`45: [syslog@9 s_sn="45"]: r1: 000123: `, each part optional; the last number wins."""
    numbered, number, origin = False, None, None
    elements: Mapping[str, Mapping[str, str]] = {}
    found = _COUNT.match(text, at)
    if found is not None:
        numbered, at = True, found.end()
        number = int(found[1]) if found[1] else None
        if text.startswith("[syslog@9 ", at):
            at, elements, _ = structured_data(text, at)
            close = _CLOSE.match(text, at)
            at = close.end() if close is not None else _skip_spaces(text, at)
    end = text.find(" ", at)
    if end > at + 1 and text[end - 1] == ":" and may_be_host(text[at : end - 1]):
        origin, at = text[at : end - 1], _skip_spaces(text, end)
    found = _SEQUENCE.match(text, at)
    if found is not None:
        numbered, number, at = True, int(found[1]), found.end()
    return _Prelude(at, numbered, number, origin, elements)


def _clock(text: str, prelude: _Prelude) -> _Clock | None:
    """The time that stands behind a prelude, with what belongs to it."""
    at = prelude.end
    marked = text.startswith(("*", "."), at)
    found = scan(text, at + marked)
    if found is None:
        return None
    at, zone = found.end, None
    if found.civil is None or found.civil.offset_s is None:
        named = _ZONE.match(text, at)
        if named is not None and _zone_here(text, named, marked):
            zone, at = named[1], named.end()
    close = _CLOSE.match(text, at)
    if close is None:
        return _Clock(at, found.civil, zone, marked, False)
    return _Clock(close.end(), found.civil, zone, marked, True)


def _zone_here(text: str, named: re.Match[str], marked: bool) -> bool:
    """Whether the word behind a time is its zone. A device may invent a name (`clock timezone
    LAB 3`): it is believed in capitals where only IOS would close it with a colon."""
    word = named[1]
    close = _CLOSE.match(text, named.end())
    if close is None:
        return is_zone(word)
    if marked or text.startswith("%", close.end()):
        return word.isupper() or is_zone(word)
    return word.isupper() and is_zone(word)


def _ios(text: str, prelude: _Prelude, clock: _Clock) -> Header | None:
    """A Cisco header closed by its colon; `None` if nothing proves that it is Cisco's."""
    if not (prelude.numbered or clock.marked or text.startswith("%", clock.end)):
        return None
    return Header(
        "cisco-ios",
        text[clock.end :],
        clock.civil,
        clock.zone,
        clock.marked,
        prelude.origin,
        sequence=prelude.number,
        structured_data=prelude.structured_data,
    )


def _with_clock(
    format: Literal["rfc3164", "cisco-ios"],
    text: str,
    clock: _Clock,
    hostname: str | None = None,
    appname: str | None = None,
    procid: str | None = None,
) -> Header:
    return Header(format, text, clock.civil, clock.zone, clock.marked, hostname, appname, procid)


def _after_time(text: str, clock: _Clock) -> Header:
    """Host, tag and text behind a time; or the header of a device behind that of its relay."""
    at = _skip_spaces(text, clock.end)
    found = _WORD.match(text, at)
    if found is None:
        return _with_clock("rfc3164", text[at:], clock)
    word, rest = found[0], _skip_spaces(text, found.end())
    if word.endswith(":") and is_address(word[:-1]):
        return _relayed(text, rest, clock, word[:-1]) or _tagged(text, rest, clock, word[:-1])
    tag = _tag(text, at)
    if tag is not None:
        return _with_clock("rfc3164", text[tag.end() :], clock, None, tag[1], tag[2])
    if not may_be_host(word):
        return _relayed(text, at, clock, None) or _with_clock("rfc3164", text[at:], clock)
    relayed = _relayed(text, rest, clock, word)
    if relayed is not None:
        return relayed
    if must_be_host(word) or _tag(text, rest) or text.startswith(("%", ": "), rest):
        return _tagged(text, rest, clock, word)
    return _with_clock("rfc3164", text[at:], clock)


def _tagged(text: str, at: int, clock: _Clock, host: str) -> Header:
    """The tag behind a host, if there is one. An empty one (`host : text`) is `logger -t ''`."""
    if text.startswith(": ", at):
        return _with_clock("rfc3164", text[at + 2 :], clock, host)
    tag = _tag(text, at)
    if tag is None:
        return _with_clock("rfc3164", text[at:], clock, host)
    if tag[1].isupper() and is_zone(tag[1]) and text.startswith("%", tag.end()):
        # NX-OS behind a relay that took the time away and left the zone
        zoned = _Clock(clock.end, clock.civil, tag[1], clock.marked, True)
        return _with_clock("cisco-ios", text[tag.end() :], zoned, host)
    return _with_clock("rfc3164", text[tag.end() :], clock, host, tag[1], tag[2])


def _tag(text: str, at: int) -> re.Match[str] | None:
    found = _TAG.match(text, at)
    return found if found is not None and _LETTER.search(found[1]) else None


def _relayed(text: str, at: int, relay: _Clock, host: str | None) -> Header | None:
    """A Cisco header behind a relay's: what the device says wins, an uptime over the relay's time
    too, since that is not the device's."""
    prelude = _prelude(text, at)
    clock = _clock(text, prelude)
    if clock is None:
        if not (prelude.numbered and text.startswith("%", prelude.end)):
            return None
        clock = _Clock(prelude.end, relay.civil, relay.zone, relay.marked, True)
    header = _ios(text, prelude, clock) if clock.colon else None
    if header is None:
        return None
    return header if header.hostname else msgspec.structs.replace(header, hostname=host)


def _without_time(text: str, at: int, prelude: _Prelude) -> Header:
    """No time: IOS without `service timestamps`, a lone tag, a host and a tag, or nothing known."""
    if prelude.numbered and text.startswith("%", prelude.end):
        return Header(
            "cisco-ios",
            text[prelude.end :],
            hostname=prelude.origin,
            sequence=prelude.number,
            structured_data=prelude.structured_data,
        )
    found = _WORD.match(text, at)
    if found is None:
        return Header("unparsed", text[at:])
    word, rest = found[0], _skip_spaces(text, found.end())
    if word.endswith(":") and is_address(word[:-1]):
        return Header("rfc3164", text[rest:], hostname=word[:-1])
    tag = _tag(text, at)
    if tag is not None:
        return Header("rfc3164", text[tag.end() :], appname=tag[1], procid=tag[2])
    tag = _tag(text, rest)
    if tag is not None and must_be_host(word):
        return Header("rfc3164", text[tag.end() :], hostname=word, appname=tag[1], procid=tag[2])
    if text.startswith("%", rest) and must_be_host(word):
        return Header("rfc3164", text[rest:], hostname=word)
    if text.startswith("%", at) and recognise(text[at:]):
        return Header("cisco-ios", text[at:])
    return Header("unparsed", text[at:])
