"""The time of a header with what belongs to it: the mark before it, the zone and the year behind.

In: a text and a place. Out: a `Clock`, and how it is closed: by a colon as Cisco does, or not.
"""

import re

import msgspec

from trapgate.decode.syslog.header.header import Step
from trapgate.decode.syslog.header.shapes import Civil, scan
from trapgate.decode.syslog.header.zones import is_zone


class Clock(msgspec.Struct, frozen=True, gc=False):
    """A time with its mark before and its zone behind. `civil` is `None` for an uptime. `colon`: it
    is closed by a colon, as IOS does it; then `end` is where the text begins."""

    end: int
    civil: Civil | None = None
    zone: str | None = None
    marked: bool = False
    colon: bool = False


CLOSE = re.compile(r" ?:(?: {1,8}|$|(?=%))")
"""The colon that ends a Cisco header; some write a space before it, ASA's EMBLEM none behind."""

_ZONE = re.compile(
    r" {0,4}([+-][0-9]{2}(?::?[0-9]{2})?(?: DST)?|"
    r"(?<= )(?:[A-Za-z]{1,7}[0-9]{0,2}|(?:UTC|GMT|TZ)[+-][0-9]{1,2}(?::?[0-9]{2})?))(?=[ :]|$)"
)
"""IOS takes names of seven letters (`clock timezone`); IOS-XR and NX-OS write `+06`."""

_AND_OFFSET = re.compile(r" ([+-][0-9]{2}:[0-9]{2})(?=:? )")
"""CatOS writes the offset behind the name."""

_HOURS = 3
"""Characters of `+06`: as a zone it is believed before a colon alone."""

FIREWALL = re.compile(r"%(?:ASA|FTD|FWSM|PIX|ACE)-")
"""Mnemonics of systems that name a device (`logging device-id`) and never a program before them."""

_CISCO_SAYS = re.compile(
    r"%|(?:last )?message repeated |[A-Za-z_][^\s:\[\]]{0,63}\[[0-9]{1,10}\] ?: {1,8}%"
)
"""What follows a time of Cisco's whose zone has a name that nobody knows."""

_BEHIND = frozenset((" ", ":", "+", "-", ""))
"""What may stand behind a time that goes on with its zone or is closed."""

_CENTURIES = ("19", "20", " 1", " 2")
_YEAR = re.compile(r" {1,2}((?:19|20)[0-9]{2})(?=:? |:?$)")


def clock_at(text: str, at: int, steps: list[Step], cisco: bool = False) -> Clock | None:
    """The time that stands here, `None` (and no steps) if there is none.

    A year may stand behind the time or its zone (Comware, `date`). The word behind a time is its
    zone if it is known as one; a device may invent a name (`clock timezone LAB 3`): it is believed
    in capitals where only IOS would close it with a colon, and any name where a mark or what stands
    before the time (`cisco`: a count, a node, the origin with its colon) says so too.
    """
    marked = text.startswith(("*", "."), at)
    found = scan(text, at + marked)
    if found is None:
        return None
    if marked:
        steps.append(("mark", at, at + 1))
    steps.append(("time", at + marked, found.end))
    at, civil, zone = found.end, found.civil, None
    if text[at : at + 1] not in _BEHIND:
        return Clock(at, civil, None, marked)
    if civil is None or civil.offset_s is None:
        if civil is not None and civil.year is None:
            at, civil = _year_behind(text, at, civil, steps)
        named = _ZONE.match(text, at)
        if named is not None and _zone_here(text, named, marked, cisco):
            zone, at = named[1].removesuffix(" DST"), named.end()
            offset = _AND_OFFSET.match(text, at)
            if offset is not None:
                zone, at = offset[1], offset.end()
            steps.append(("zone", named.start(1), at))
            if civil is not None and civil.year is None:
                at, civil = _year_behind(text, at, civil, steps)
    elif text.startswith(" DST ", at):  # Huawei says so beside the offset that is in force
        at += 4
    close = CLOSE.match(text, at)
    if close is None:
        return Clock(at, civil, zone, marked)
    return Clock(close.end(), civil, zone, marked, True)


def _year_behind(text: str, at: int, civil: Civil, steps: list[Step]) -> tuple[int, Civil]:
    year = _YEAR.match(text, at) if text[at + 1 : at + 3] in _CENTURIES else None
    if year is None:
        return at, civil
    steps.append(("year", year.start(1), year.end()))
    return year.end(), msgspec.structs.replace(civil, year=int(year[1]))


def _zone_here(text: str, named: re.Match[str], marked: bool, cisco: bool) -> bool:
    """Whether the word behind a time is its zone."""
    word = named[1]
    close = CLOSE.match(text, named.end())
    if word[0] in "+-":
        return len(word) > _HOURS or close is not None
    if close is None:
        return is_zone(word) and named.start(1) <= named.start() + 1
    said = close.end()
    spaced, mnemonic = text.startswith(" :", named.end()), text.startswith("%", said)
    if is_zone(word) and (spaced or marked or mnemonic or word.isupper()):
        return True
    letters = word.rstrip("0123456789")
    if letters != word and not (cisco and is_zone(letters)):
        return False  # a host: only `EST5` and its like have a number
    if spaced:  # `FW : %ASA-…` is a host
        return cisco and mnemonic and FIREWALL.match(text, said) is None
    if (marked or cisco) and _CISCO_SAYS.match(text, said):
        return True
    return (marked or mnemonic) and word.isupper()
