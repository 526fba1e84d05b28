"""The headers of nine lines of ten, each found with one look at the line.

In: a text and the place behind its PRI. Out: the header that the careful steps would find (tests
compare them), without the steps that led there; `None` for any line about which something is not
certain: these take the careful way.
"""

import re
from collections.abc import Callable, Mapping
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

from trapgate.decode.syslog.header.header import NO_ELEMENTS, Header
from trapgate.decode.syslog.header.meraki import KINDS
from trapgate.decode.syslog.header.names import may_be_host
from trapgate.decode.syslog.header.rfc5424 import QUOTED_CHARS, structured_data
from trapgate.decode.syslog.header.shapes import scan
from trapgate.decode.syslog.header.usual.cisco import (
    aireos_usual,
    cisco_usual,
    relayed_usual,
    xr_usual,
)
from trapgate.decode.syslog.header.usual.dated import dated_usual
from trapgate.decode.syslog.header.usual.time import TIME, usual_clock, usual_epoch, with_fraction

_VERSIONED = re.compile(
    rf"1 (2[0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}T{TIME})(?:\.([0-9]{{1,9}}))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2}) ([^ @]{1,255}) ([^ %][^ ]{0,254}) ([^ ]{1,255}) ([^ ]{1,255}) "
    r"(?:(- |(?=\[[A-Za-z_]{1,64}:\"))|(?=\[[^\s=\]\"]{1,255}[ \]]))"
)
"""RFC 5424's header, with its structured data or without (the last group: Check Point's pairs stand
there instead); a `%` is no program's."""

_MERAKI = re.compile(
    r"1 ([12][0-9]{9})(?:\.([0-9]{1,9}))? ([A-Za-z0-9_.-]{1,255}) ([a-z][a-z_-]{2,31}) (?! )",
    re.ASCII,
)
"""Meraki's instant, device and kind of event."""

_TOPICS = re.compile(
    r"(?![a-z0-9-]{1,32},[0-9a-f]{12},)[a-z][a-z0-9-]{1,31}(?:,[a-z0-9!-]{2,32}){1,6} "
)
"""MikroTik's topics, where it writes neither time nor name (but not UniFi's triple)."""

_PAIRED = ("date=", "id=firewall ", 'device="')
"""How lines begin that have no header but pairs: FortiGate's, SonicWall's and Stormshield's,
Sophos's."""

_RELAYED = ("<", "\ufeff", " ")
"""What the text does not begin with: the PRI of a device behind its relay's header, a byte order
mark, or a blank more."""


def scan_usual(text: str, at: int) -> Header | None:
    """The header that begins at `at` (behind the PRI), `None` if it is not certainly of one of
    these forms. Its `steps` are empty."""
    for shape in _SHAPES.get(text[at : at + 1], ()):
        header = shape(text, at)
        if header is not None:
            return header
    return None


def _versioned(text: str, at: int) -> Header | None:
    found = _VERSIONED.match(text, at)
    if found is None:
        return None
    stamp, fraction, zone, *words, nil = found.groups()
    clock = usual_clock(stamp + zone, 0)
    if clock is None:
        return None
    end, elements, problem = found.end(), NO_ELEMENTS, None
    if nil is None:
        end, elements, problem = structured_data(text, end)
        end += text.startswith(" ", end)
    if problem is not None or text.startswith(_RELAYED, end):
        return None
    said = text[end:]
    if ": %" in said[:QUOTED_CHARS]:
        return None  # a relay keeps the device's own header in the text
    host, program, pid, event = [None if word == "-" else word for word in words]
    if program is pid is event is None and scan(said, 0) is not None:
        return None  # the same without a mnemonic
    civil = with_fraction(clock.civil, fraction)
    marked = elements.get("timeQuality", {}).get("isSynced") == "0"
    return Header("rfc5424", said, civil, None, marked, host, program, pid, event, None, elements)


def _meraki(text: str, at: int) -> Header | None:
    found = _MERAKI.match(text, at)
    if found is None:
        return None
    seconds, fraction, host, kind = found.groups()
    if host in KINDS or not may_be_host(host):
        return None
    civil = with_fraction(usual_epoch(seconds), fraction)
    return Header("meraki", text[found.end() :], civil, None, False, host, kind)


def _paired(text: str, at: int) -> Header | None:
    return Header("unparsed", text[at:]) if text.startswith(_PAIRED, at) else None


def _topics(text: str, at: int) -> Header | None:
    found = _TOPICS.match(text, at)
    # all words before a mnemonic may be the name of its device
    if found is None or text.find("%", found.end()) > 0:
        return None
    return Header("unparsed", text[at:])


Shape = Callable[[str, int], Header | None]

_SHAPES_BY_FIRSTS: tuple[tuple[str, tuple[Shape, ...]], ...] = (
    (" ", (dated_usual,)),
    ("%:*.", (cisco_usual,)),
    ("*", (aireos_usual,)),
    ("1", (_versioned, _meraki)),
    ("2" + ascii_uppercase, (dated_usual,)),
    ("di", (_paired,)),
    (digits + ascii_letters, (cisco_usual, xr_usual)),
    (" 2" + ascii_uppercase, (relayed_usual,)),
    (ascii_lowercase, (_topics,)),
    (ascii_letters, (aireos_usual,)),
)
"""Shapes by the characters that they begin with, in the order in which they are tried."""

_SHAPES: Mapping[str, tuple[Shape, ...]] = {
    first: tuple(
        shape for firsts, shapes in _SHAPES_BY_FIRSTS if first in firsts for shape in shapes
    )
    for first in {char for firsts, _ in _SHAPES_BY_FIRSTS for char in firsts}
}
