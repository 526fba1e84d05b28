"""What stands behind a device's name, and behind its program: the last steps of a header.

In: a draft whose host is known, and a place in its text. Out: the header. None of these steps looks
for another layer.
"""

import re

from trapgate.decode.syslog.header.cisco import behind_name
from trapgate.decode.syslog.header.clock import Clock, clock_at
from trapgate.decode.syslog.header.draft import Draft
from trapgate.decode.syslog.header.header import Header, Step
from trapgate.decode.syslog.header.hosts import WORD, host_at, triple_at
from trapgate.decode.syslog.header.names import is_host_address, must_be_host
from trapgate.decode.syslog.header.shapes import skip_spaces
from trapgate.decode.syslog.header.tags import tag_at
from trapgate.decode.syslog.header.zones import is_zone

SLOT = re.compile(r"((?:c?fpc|[cst]?feb|pfe|mic|pic)[0-9]{1,3}) {1,4}")
"""Junos: the card that wrote the line."""

_DATED = re.compile(r"[0-9]{4}-[A-Z][a-z]{2}-")

PROGRAM_DATED = re.compile(rf"[^ ]{{1,64}} {_DATED.pattern}")
"""Opengear dates its lines behind the program."""

_COUNTED = re.compile(r"([0-9]{1,10}): (?=%)")
"""EOS counts behind the tag."""


def second_host(draft: Draft, name: str, at: int) -> int:
    """Where the host is followed by itself, by its address, by UniFi's triple, or (behind a relay's
    address) by the device's own name and a tag: what is behind that."""
    text = draft.text
    if text.startswith(f"{name} ", at):
        return skip_spaces(text, at + len(name))
    triple = triple_at(text, at)
    if triple is not None:
        return triple.end
    addressed = is_host_address(name)
    if not addressed and not text[at : at + 1].isdigit():
        return at
    second = host_at(text, at)
    if second is None or second.name is None or not must_be_host(second.name):
        return at
    if not addressed and not is_host_address(second.name):
        return at
    tag = tag_at(text, second.end, [])
    if tag is None or not (tag.sure or second.sure or not addressed):
        return at
    draft.steps.append(("host", second.begin, second.stop))
    if addressed:
        draft.relay, draft.hostname = name, second.name
    return second.end


def behind_named(draft: Draft, at: int) -> Header:
    """The tag behind a host, if there is one. An empty one (`host : text`) is `logger -t ''`."""
    text = draft.text
    if text.startswith(": ", at):
        at = skip_spaces(text, at + 2)
        return _empty(draft, at)
    if text.startswith("%", at):
        return behind_name(draft, at)
    slot = SLOT.match(text, at)
    if slot is not None:
        draft.steps.append(("node", at, slot.end(1)))
        draft.node, at = slot[1], slot.end()
    steps: list[Step] = []
    tag = tag_at(text, at, steps)
    if tag is None:
        return undivided(draft, at)
    if tag.appname.isupper() and is_zone(tag.appname) and text.startswith("%", tag.end):
        # NX-OS behind a relay that took the time away and left the zone
        clock = draft.clock
        draft.clock = Clock(tag.end, None if clock is None else clock.civil, tag.appname)
        draft.steps.append(("zone", at, at + len(tag.appname)))
        draft.format = "cisco-ios"
        return draft.header(tag.end)
    draft.steps += steps
    draft.tagged(tag)
    return behind_tag(draft, tag.end)


def _empty(draft: Draft, at: int) -> Header:
    """Behind an empty tag: UniFi's switches write the real one there, with its number."""
    steps: list[Step] = []
    tag = tag_at(draft.text, at, steps)
    if tag is None or tag.procid is None:
        return behind_name(draft, at)
    draft.steps += steps
    draft.tagged(tag)
    return behind_tag(draft, tag.end)


def undivided(draft: Draft, at: int) -> Header:
    """A program without a colon: Opengear's before its own date, FTD's before the colon alone."""
    text = draft.text
    found = WORD.match(text, at, at + 65)
    if found is None:
        return draft.header(at)
    end = found.end()
    if text.startswith((" : %", " :%"), end):
        draft.steps.append(("program", at, end))
        draft.appname = found[0]
        return behind_name(draft, skip_spaces(text, end + 2))
    if _DATED.match(text, end + 1):
        steps: list[Step] = []
        clock = clock_at(text, end + 1, steps)
        if clock is not None:
            draft.steps += [("program", at, end), *steps]
            draft.appname, draft.clock = found[0], clock
            return draft.header(skip_spaces(text, clock.end))
    return draft.header(at)


def behind_tag(draft: Draft, at: int) -> Header:
    """The text behind a tag, or behind the count that EOS writes there."""
    counted = _COUNTED.match(draft.text, at)
    if counted is not None:
        draft.steps.append(("sequence", at, counted.end(1)))
        draft.sequence, at = int(counted[1]), counted.end()
    return draft.header(at)
