"""The header of a line that is not RFC 5424: RFC 3164, what devices make of it, Cisco's.

Scanned in small steps from the left, after the PRI:

    [count:] [host:] [sequence:] [node:][*|.]time [zone]: body     Cisco, each part optional
    time [zone] [host] [level] [tag[pid]:] text                    RFC 3164
    time [zone] host (either of these): body                       a device behind a relay

A step that does not find its part leaves its place to the next one. Where a word could be two
things it is only taken for a host if what follows proves it (see `hosts` and `names`).
"""

import re
from datetime import UTC

from trapgate.decode.syslog.header.cisco import (
    MNEMONIC,
    behind_cisco,
    behind_name,
    cisco_layer,
    closes_cisco,
    names_device,
    unknown_zone,
)
from trapgate.decode.syslog.header.clock import Clock, clock_at
from trapgate.decode.syslog.header.draft import Draft
from trapgate.decode.syslog.header.header import Header, Step
from trapgate.decode.syslog.header.hosts import (
    Host,
    forwarded_at,
    host_at,
    is_serial,
    proven,
    sysname_at,
)
from trapgate.decode.syslog.header.named import (
    PROGRAM_DATED,
    SLOT,
    behind_named,
    behind_tag,
    second_host,
    undivided,
)
from trapgate.decode.syslog.header.names import (
    LEVELS,
    are_words,
    is_host_address,
    may_be_host,
    must_be_host,
)
from trapgate.decode.syslog.header.prelude import count_at
from trapgate.decode.syslog.header.quoted import (
    INNER_PRI,
    is_counted,
    is_origin,
    line_at,
    may_be_header,
    versioned,
)
from trapgate.decode.syslog.header.shapes import may_start, scan, skip_spaces
from trapgate.decode.syslog.header.tags import is_selector, opens_text, selector_at, tag_at
from trapgate.decode.syslog.header.zones import is_zone, offset_s

LAYERS_MAX = 3
"""Headers around a message: a device, its relay and a relay of that one."""

_USUAL = re.compile(
    r"([A-Za-z0-9_.-]{1,255}) {1,4}"
    r"([A-Za-z_/][A-Za-z0-9_./#-]{0,63})"
    r"(?:\[([^\]\s]{0,32})\]: ?|: (?![*.:%#<\[]|[0-9]{1,10} ?: ))",
    re.ASCII,
)
"""Host and tag and nothing unusual: nine lines of ten."""

_ZONED = re.compile(r"([A-Z]{1,5}) {1,4}(?=[^ :\[\]]{1,64}\[[0-9]{1,10}\]: )")
YEAR_OF_ZONES = 2000
"""Any: without a zone of its own to ask first, a name means the same in every year."""

_BEFORE_TIME = re.compile(
    r"%(?=[A-Z][a-z]{2} [ 0-9][0-9] )|"
    r"1 (?=[A-Z][a-z]{2} {1,2}[0-9]{1,2} {1,2}(?:[0-9]{4} )?[0-9]{2}:[0-9]{2}:)|"
    r"([IWMDE]) (?=[0-9]{2}/[0-9]{2}/[0-9]{2} [0-9]{2}:)"
)
"""Comware's mark of lines that come from its log buffer, RFC 5424's version where nothing else is
RFC 5424's (Meraki, PAN-OS), ProCurve's severity."""

_BEFORE = frozenset("%1IWMDE")
"""How these begin: a cheap look at one character."""

_PROCURVE_LEVELS = {"M": 2, "E": 3, "W": 4, "I": 6, "D": 7}
"""Major, error, warning, information, debug."""

_BROCADE = re.compile(r":([A-Z]):")
"""`Dec  1 00:00:00:I:System: …`: the level as a letter."""

_BROCADE_LEVELS = {"M": 0, "A": 1, "C": 2, "E": 3, "W": 4, "N": 5, "I": 6, "D": 7}
"""Emergency is M, as the legend of `show logging` has it."""

_COLON_HOST = re.compile(r"([^ ]{1,255}?)( ?:)? {1,4}%")
_OS9 = re.compile(r" {1,4}%[A-Z0-9-]{2,16}:[A-Z0-9]{1,4} %")
"""Dell's OS9: the unit and its processor before the mnemonic."""

_TRACEBACK = "-Traceback: "
"""What AireOS writes behind its name when a process has failed."""


def scan_3164(text: str, at: int) -> Header:
    """The header that begins at `at` (behind the PRI), as far as there is one; fits any text."""
    at = skip_spaces(text, at)
    draft = Draft(text)
    before = _BEFORE_TIME.match(text, at) if text[at : at + 1] in _BEFORE else None
    if before is not None:
        at = before.end()
        draft.level = _PROCURVE_LEVELS.get(before[1])
    if may_start(text, at):
        clock = clock_at(text, at, draft.steps)
        if clock is not None:
            return _dated(draft, at, clock, 1)
    return cisco_layer(draft, at) or _counted(draft, at, 1) or _without_time(draft, at)


def scan_relayed(outer: Header, text: str, at: int) -> Header | None:
    """The header of a device whose whole line, which begins at `at` with its PRI or with what Cisco
    writes, is the text of another one's (`outer`, RFC 5424's); `None` if there is none."""
    clock = Clock(at, outer.civil, outer.zone, outer.marked)
    draft = Draft(text, steps=list(outer.steps), clock=clock)
    if outer.hostname is not None:
        draft.within(outer.hostname)
    header = _inner(draft, at, 1)
    if header is None or text.startswith("<", at) or header.format == "cisco-ios":
        return header
    return header if _is_whole(outer, header) else None


def _is_whole(outer: Header, inner: Header) -> bool:
    """Whether a relay (NXLog, Vector, a reader of files) that says nothing itself wrote a whole
    line of another one behind its header, without its PRI: its time, its host and its program."""
    silent = outer.appname is outer.procid is outer.msgid is None and not outer.structured_data
    named = inner.hostname is not None and inner.hostname != outer.hostname
    return silent and named and inner.civil is not outer.civil and inner.appname is not None


def _counted(draft: Draft, at: int, layer: int) -> Header | None:
    """A header whose time no colon closes, behind a count: ASA's EMBLEM with the device's name, and
    lines of IOS that name a host as a relay does."""
    place = len(draft.steps)
    if not may_start(draft.text, at) and not draft.text.startswith(":", at):
        return None
    begin, number = count_at(draft.text, at, draft.steps)
    clock = None if begin == at else clock_at(draft.text, begin, draft.steps)
    if clock is None or clock.civil is None:
        del draft.steps[place:]
        return None
    draft.sequence = number
    return _dated(draft, begin, clock, layer)


def _dated(draft: Draft, at: int, clock: Clock, layer: int) -> Header:
    """A line that begins with a time, which stands at `at`."""
    text = draft.text
    if clock.civil is None or clock.colon:
        if closes_cisco(text, clock):
            draft.clock, draft.format = clock, "cisco-ios"
            return behind_cisco(draft, clock.end)
        if clock.civil is None:
            draft.steps.clear()
            return _without_time(draft, at)
        draft.clock = clock
        named = _COLON_HOST.match(text, clock.end)
        if named is None or not may_be_host(named[1]):
            return draft.header(clock.end)
        if named[2] == ":" and (must_be_host(named[1]) or _OS9.match(text, named.end(2))):
            sure = Host(named[1], clock.end, named.end(1), named.end() - 1, sure=True)
            return _behind_host(draft, sure, layer)
    draft.clock = clock
    return _behind_time(draft, clock.end, layer)


def _behind_time(draft: Draft, at: int, layer: int) -> Header:
    """Host, tag and text behind a time; or the header of a device behind that of its relay."""
    text = draft.text
    at = unknown_zone(draft, _behind_joint(draft, skip_spaces(text, at)))
    if text.startswith("%", at):
        return behind_name(draft, at)
    if SLOT.match(text, at):
        return behind_named(draft, at)
    usual = _USUAL.match(text, at)
    if usual is not None and _is_usual(usual):
        return _as_usual(draft, usual)
    zoned = _named_as_zone(draft, at)
    if zoned is not None:
        return _behind_host(draft, zoned, layer)
    if PROGRAM_DATED.match(text, at):
        return undivided(draft, at)
    inner = None if is_counted(text, at) else _inner(draft, at, layer)
    if inner is not None:
        return inner
    host = sysname_at(text, at) or forwarded_at(text, at)
    if host is not None:
        return _behind_host(draft, host, layer)
    steps: list[Step] = []
    tag = tag_at(text, at, steps)
    if tag is not None and names_device(text, tag):
        end = skip_spaces(text, tag.end)
        named = Host(tag.appname, at, at + len(tag.appname), end, sure=True)
        return _behind_host(draft, named, layer)
    if tag is not None and not (text[tag.end - 2 : tag.end] == ": " and is_origin(text, at, tag)):
        draft.steps += steps
        draft.tagged(tag)
        return behind_tag(draft, tag.end)
    host = host_at(text, at)
    if host is None or (host.end == host.stop and not host.sure):
        return cisco_layer(draft, at) or draft.header(at)
    return _behind_host(draft, host, layer)


def _behind_joint(draft: Draft, at: int) -> int:
    """Where the host stands behind a colon, Brocade's level, or a relay's word for no host."""
    text = draft.text
    if text.startswith(":", at) and not text.startswith("::", at):
        joint = _BROCADE.match(text, at)
        if joint is None:
            return skip_spaces(text, at + 1)
        draft.level = _BROCADE_LEVELS.get(joint[1])
        return skip_spaces(text, joint.end())
    if text.startswith("- ", at) and tag_at(text, at + 2, []) is not None:
        return at + 2  # a relay's word for no host, taken over from RFC 5424
    return at


def _is_usual(found: re.Match[str]) -> bool:
    """Whether a word and a tag are certainly a host and its program."""
    host, program, pid = found.groups()
    if not may_be_host(host) or host in LEVELS or is_serial(found.string, host, found.end()):
        return False
    if pid is not None:
        return True
    if opens_text(program) or is_selector(program):
        return False
    if scan(found.string, found.end()) is not None:
        return False  # it may be the name before a Cisco header
    return must_be_host(host) or not are_words(host, program)


def _as_usual(draft: Draft, found: re.Match[str]) -> Header:
    steps = draft.steps
    steps.append(("host", found.start(1), found.end(1)))
    steps.append(("program", found.start(2), found.end(2)))
    draft.hostname, draft.appname, draft.procid = found.groups()
    if draft.procid is not None:
        steps.append(("pid", found.start(3), found.end(3)))
    return behind_tag(draft, found.end())


def _named_as_zone(draft: Draft, at: int) -> Host | None:
    """A device that is called as a zone is (`WEST`), behind a time that has another one already."""
    clock, found = draft.clock, _ZONED.match(draft.text, at)
    if clock is None or found is None or not is_zone(found[1]):
        return None
    written = None if clock.civil is None else clock.civil.offset_s
    if clock.zone is None:
        named = written is not None and written != offset_s(found[1], UTC, YEAR_OF_ZONES)
    else:
        named = found[1] != clock.zone.upper()
    return Host(found[1], at, found.end(1), found.end(), sure=True) if named else None


def _inner(draft: Draft, at: int, layer: int) -> Header | None:
    """The header of the device behind that of a relay, `None` if there is none here."""
    text, steps = draft.text, draft.steps
    if layer >= LAYERS_MAX:
        return None
    priority = INNER_PRI.match(text, at) if text.startswith("<", at) else None
    if priority is not None:
        relay = draft.outer
        if relay is not None and not must_be_host(relay) and not line_at(text, at):
            return None  # `value <7> is out of range`
        steps.append(("pri", at, priority.end()))
        draft.priority = int(priority[1])
        at = skip_spaces(text, priority.end())
        if not (may_be_header(text, at) or text.startswith("%", at)):
            return _behind_time(draft, at, layer + 1)
    before = _BEFORE_TIME.match(text, at) if text[at : at + 1] in _BEFORE else None
    if before is not None:
        at = before.end()
    elif priority is None and not may_be_header(text, at):
        return None
    header = versioned(draft, at) or cisco_layer(draft, at) or _counted(draft, at, layer + 1)
    if header is not None:
        return header
    place = len(steps)
    clock = clock_at(text, at, steps)
    if clock is not None and clock.civil is not None:
        return _dated(draft, at, clock, layer + 1)
    del steps[place:]  # an uptime
    return _behind_time(draft, at, layer + 1) if priority is not None else None


def _behind_host(draft: Draft, host: Host, layer: int) -> Header:
    """What stands behind a word that may be a host; the word is left in the text if it is none."""
    text, steps = draft.text, draft.steps
    place = len(steps)
    steps.append(("host", host.begin, host.stop))
    if host.name is not None:
        outer, relay = draft.outer, draft.relay
        draft.within(host.name)
        inner = _inner(draft, selector_at(text, host.end, steps), layer)
        if inner is not None:
            return inner
        draft.outer, draft.relay = outer, relay
        del steps[place + 1 :]
    if not proven(text, host):
        del steps[place:]
        return draft.header(host.begin)
    draft.hostname = host.name
    at = host.end
    if host.name is not None:
        at = second_host(draft, host.name, at)
    return behind_named(draft, at)


def _without_time(draft: Draft, at: int) -> Header:
    """No time: a lone tag, a host and a tag, a mnemonic, or nothing known."""
    text = draft.text
    steps: list[Step] = []
    tag = tag_at(text, at, steps)
    if tag is not None and must_be_host(tag.appname) and text.startswith(_TRACEBACK, tag.end):
        named = Host(tag.appname, at, at + len(tag.appname), tag.end, sure=True)
        return _behind_host(draft, named, LAYERS_MAX)
    if tag is not None and not is_host_address(tag.appname):
        draft.steps += steps
        draft.tagged(tag)
        return behind_tag(draft, tag.end)
    host = host_at(text, at)
    if host is not None and host.end > host.stop:
        if line_at(text, host.end):
            return _behind_host(draft, host, 1)
        if host.sure:
            return _behind_host(draft, host, LAYERS_MAX)
        if PROGRAM_DATED.match(text, at):
            return undivided(draft, at)
        clock = _second_time(draft, host)
        if clock is not None:
            return _behind_time(draft, clock.end, 2)
        if _proven_alone(text, host):
            return _behind_host(draft, host, LAYERS_MAX)
    draft.format = "cisco-ios" if MNEMONIC.match(text, at) else "unparsed"
    return draft.header(at)


def _second_time(draft: Draft, host: Host) -> Clock | None:
    """A time behind the host, where it should have been before it: behind any other word it dates
    what the sentence says (`Since 2026-…`, `Error 2026-…`)."""
    if host.name is None or not must_be_host(host.name):
        return None
    found = scan(draft.text, host.end)
    if found is None or found.civil is None:
        return None
    draft.steps.append(("host", host.begin, host.stop))
    draft.within(host.name)
    draft.clock = clock_at(draft.text, host.end, draft.steps)
    return draft.clock


def _proven_alone(text: str, host: Host) -> bool:
    """Whether a line without a time begins with a host: only if a tag or a mnemonic follows."""
    if host.name is None:
        return False
    tag = tag_at(text, host.end, [])
    if tag is not None:
        return must_be_host(host.name) or (tag.sure and proven(text, host))
    if PROGRAM_DATED.match(text, host.end):
        return True
    return must_be_host(host.name) and text.startswith(("%", ": "), host.end)
