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

from msgspec.structs import replace

from trapgate.decode.syslog.header.cisco import (
    MNEMONIC,
    behind_cisco,
    behind_name,
    cisco_layer,
    closes_cisco,
)
from trapgate.decode.syslog.header.clock import Clock, clock_at
from trapgate.decode.syslog.header.draft import Draft
from trapgate.decode.syslog.header.header import Header, Step
from trapgate.decode.syslog.header.hosts import WORD, Host, forwarded_at, host_at, proven, triple_at
from trapgate.decode.syslog.header.meraki import scan_meraki
from trapgate.decode.syslog.header.names import (
    LEVELS,
    are_words,
    is_address,
    may_be_host,
    must_be_host,
)
from trapgate.decode.syslog.header.rfc5424 import scan_5424
from trapgate.decode.syslog.header.shapes import may_start, scan, skip_spaces
from trapgate.decode.syslog.header.tags import Tag, tag_at
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

_UNDATED = Clock(0)
_INNER_PRI = re.compile(r"<([0-9]{1,2}|1[0-8][0-9]|19[01])>")
_VERSION = re.compile(r"1 (?=[12][0-9]{3}-[0-9]|[12][0-9]{9}\.)")
"""RFC 5424's and Meraki's version and the beginning of their times, as a relay quotes them."""

_ZONED = re.compile(r"([A-Z]{1,5}) {1,4}(?=[^ :\[\]]{1,64}\[[0-9]{1,10}\]: )")
YEAR_OF_ZONES = 2000
"""Any: without a zone of its own to ask first, a name means the same in every year."""

_LOGBUFFER = re.compile(r"%(?=[A-Z][a-z]{2} [ 0-9][0-9] )")
"""Comware writes a mark before the time of lines that come from its log buffer."""

_BROCADE = re.compile(r":[A-Z]:")
"""`Dec  1 00:00:00:I:System: …`: the level as a letter."""

_COUNTED = re.compile(r"([0-9]{1,10}): (?=%)")
"""EOS counts behind the tag."""

_SLOT = re.compile(r"((?:c?fpc|[cst]?feb|pfe|mic|pic)[0-9]{1,3}) {1,4}")
"""Junos: the card that wrote the line."""

_HOST_AND_COUNT = re.compile(r"([A-Za-z][^ :]{0,254}) {1,4}[0-9]{1,10} ?: ")
"""`sw1 47: 000124: .Jul …`."""

_COLON_HOST = re.compile(r"([^ :]{1,255}) ?:? {1,4}%")
_DATED = re.compile(r"[0-9]{4}-[A-Z][a-z]{2}-")
_PROGRAM_DATED = re.compile(r"[^ ]{1,64} [0-9]{4}-[A-Z][a-z]{2}-")
"""Opengear dates its lines behind the program."""


def scan_3164(text: str, at: int) -> Header:
    """The header that begins at `at` (behind the PRI), as far as there is one; fits any text."""
    at = skip_spaces(text, at)
    draft = Draft(text)
    if text.startswith("%", at) and _LOGBUFFER.match(text, at):
        at += 1
    if may_start(text, at):
        clock = clock_at(text, at, draft.steps)
        if clock is not None:
            return _dated(draft, at, clock, 1)
    return cisco_layer(draft, at) or _without_time(draft, at)


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
    return None


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
    draft.clock = clock
    return _behind_time(draft, clock.end, layer)


def _behind_time(draft: Draft, at: int, layer: int) -> Header:
    """Host, tag and text behind a time; or the header of a device behind that of its relay."""
    text = draft.text
    at = skip_spaces(text, at)
    if text.startswith(":", at) and not text.startswith("::", at):
        joint = _BROCADE.match(text, at)
        at = skip_spaces(text, at + 1 if joint is None else joint.end())
    if text.startswith("%", at):
        return behind_name(draft, at)
    if _SLOT.match(text, at):
        return _behind_named(draft, at)
    usual = _USUAL.match(text, at)
    if usual is not None and _is_usual(usual):
        return _as_usual(draft, usual)
    zoned = _named_as_zone(draft, at)
    if zoned is not None:
        return _behind_host(draft, zoned, layer)
    if _PROGRAM_DATED.match(text, at):
        return _undivided(draft, at)
    inner = None if _is_counted(text, at) else _inner(draft, at, layer)
    if inner is not None:
        return inner
    forwarded = forwarded_at(text, at)
    if forwarded is not None:
        return _behind_host(draft, forwarded, layer)
    steps: list[Step] = []
    tag = tag_at(text, at, steps)
    if tag is not None and not (text[tag.end - 2 : tag.end] == ": " and _is_origin(text, at, tag)):
        draft.steps += steps
        draft.tagged(tag)
        return _behind_tag(draft, tag.end)
    host = host_at(text, at)
    if host is None or (host.end == host.stop and not host.sure):
        return cisco_layer(draft, at) or draft.header(at)
    return _behind_host(draft, host, layer)


def _is_usual(found: re.Match[str]) -> bool:
    """Whether a word and a tag are certainly a host and its program."""
    host, program, pid = found.groups()
    if not may_be_host(host) or host in LEVELS:
        return False
    if pid is not None:
        return True
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
    return _behind_tag(draft, found.end())


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


def _is_origin(text: str, at: int, tag: Tag) -> bool:
    """Whether a word with a colon is an address, or is followed by what Cisco writes behind its
    origin: a number, a mark, a time."""
    if tag.procid is not None or tag.sure:
        return False
    if is_address(tag.appname):
        return True
    if not (may_start(text, tag.end) and may_be_host(tag.appname)):
        return False
    return cisco_layer(Draft(text, clock=_UNDATED), at) is not None


def _inner(draft: Draft, at: int, layer: int) -> Header | None:
    """The header of the device behind that of a relay, `None` if there is none here."""
    text, steps = draft.text, draft.steps
    if layer >= LAYERS_MAX:
        return None
    priority = _INNER_PRI.match(text, at) if text.startswith("<", at) else None
    if priority is not None:
        relay = draft.outer
        if relay is not None and not must_be_host(relay) and not _line_at(text, at):
            return None  # `value <7> is out of range`
        steps.append(("pri", at, priority.end()))
        draft.priority = int(priority[1])
        at = skip_spaces(text, priority.end())
        if not _may_be_header(text, at):
            return _behind_time(draft, at, layer + 1)
    elif not _may_be_header(text, at):
        return None
    header = _versioned(draft, at) or cisco_layer(draft, at)
    if header is not None:
        return header
    place = len(steps)
    clock = clock_at(text, at, steps)
    if clock is not None and clock.civil is not None:
        return _dated(draft, at, clock, layer + 1)
    del steps[place:]  # an uptime
    return _behind_time(draft, at, layer + 1) if priority is not None else None


def _versioned(draft: Draft, at: int) -> Header | None:
    """RFC 5424's header or Meraki's, whole, behind that of a relay."""
    text = draft.text
    if _VERSION.match(text, at) is None:
        return None
    inner = scan_5424(text, at) or scan_meraki(text, at)
    if inner is None:
        return None
    host, relay = inner.hostname or draft.outer, draft.relay or draft.outer
    return replace(
        inner,
        hostname=host,
        relay=None if relay == host else relay,
        priority=draft.priority,
        steps=(*draft.steps, *inner.steps),
    )


def _may_be_header(text: str, at: int) -> bool:
    """Whether a Cisco header or a time could begin here: a look at a word or two."""
    if may_start(text, at) or text.startswith(":", at):
        return True
    end = text.find(" ", at, at + 257)
    if end > at and text[end - 1] == ":" and text[end - 2] != "]":
        return may_start(text, end + 1) or text.startswith(("%", "#", "["), end + 1)
    return text.find("/CPU", at, at + 64) > 0 or text.startswith(" : ", end)


def _is_counted(text: str, at: int) -> bool:
    """Whether a host stands here, and the device's own count behind it: as one they might be what a
    device says of itself (`logging origin-id string`)."""
    found = _HOST_AND_COUNT.match(text, at)
    return found is not None and may_be_host(found[1])


def _behind_host(draft: Draft, host: Host, layer: int) -> Header:
    """What stands behind a word that may be a host; the word is left in the text if it is none."""
    text, steps = draft.text, draft.steps
    place = len(steps)
    steps.append(("host", host.begin, host.stop))
    if host.name is not None:
        outer, relay = draft.outer, draft.relay
        draft.within(host.name)
        inner = _inner(draft, host.end, layer)
        if inner is not None:
            return inner
        draft.outer, draft.relay = outer, relay
    if not proven(text, host):
        del steps[place:]
        return draft.header(host.begin)
    draft.hostname = host.name
    at = host.end
    if host.name is not None:
        at = _second_host(draft, host.name, at)
    return _behind_named(draft, at)


def _second_host(draft: Draft, name: str, at: int) -> int:
    """Where the host is followed by itself, by UniFi's triple, or (behind a relay's address) by the
    device's own name and a tag: what is behind that."""
    text = draft.text
    if text.startswith(f"{name} ", at):
        return skip_spaces(text, at + len(name))
    triple = triple_at(text, at)
    if triple is not None:
        return triple.end
    if not is_address(name):
        return at
    second = host_at(text, at)
    if second is None or second.name is None or not must_be_host(second.name):
        return at
    tag = tag_at(text, second.end, [])
    if tag is None or not (tag.sure or second.sure):
        return at
    draft.steps.append(("host", second.begin, second.stop))
    draft.relay, draft.hostname = name, second.name
    return second.end


def _behind_named(draft: Draft, at: int) -> Header:
    """The tag behind a host, if there is one. An empty one (`host : text`) is `logger -t ''`."""
    text = draft.text
    if text.startswith(": ", at):
        return behind_name(draft, skip_spaces(text, at + 2))
    if text.startswith("%", at):
        return behind_name(draft, at)
    slot = _SLOT.match(text, at)
    if slot is not None:
        draft.steps.append(("node", at, slot.end(1)))
        draft.node, at = slot[1], slot.end()
    steps: list[Step] = []
    tag = tag_at(text, at, steps)
    if tag is None:
        return _undivided(draft, at)
    if tag.appname.isupper() and is_zone(tag.appname) and text.startswith("%", tag.end):
        # NX-OS behind a relay that took the time away and left the zone
        clock = draft.clock
        draft.clock = Clock(tag.end, None if clock is None else clock.civil, tag.appname)
        draft.steps.append(("zone", at, at + len(tag.appname)))
        draft.format = "cisco-ios"
        return draft.header(tag.end)
    draft.steps += steps
    draft.tagged(tag)
    return _behind_tag(draft, tag.end)


def _undivided(draft: Draft, at: int) -> Header:
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


def _behind_tag(draft: Draft, at: int) -> Header:
    counted = _COUNTED.match(draft.text, at)
    if counted is not None:
        draft.steps.append(("sequence", at, counted.end(1)))
        draft.sequence, at = int(counted[1]), counted.end()
    return draft.header(at)


def _without_time(draft: Draft, at: int) -> Header:
    """No time: a lone tag, a host and a tag, a mnemonic, or nothing known."""
    text = draft.text
    steps: list[Step] = []
    tag = tag_at(text, at, steps)
    if tag is not None and not is_address(tag.appname):
        draft.steps += steps
        draft.tagged(tag)
        return _behind_tag(draft, tag.end)
    host = host_at(text, at)
    if host is not None and host.end > host.stop:
        if _line_at(text, host.end):
            return _behind_host(draft, host, 1)
        if host.sure:
            return _behind_host(draft, host, LAYERS_MAX)
        if _PROGRAM_DATED.match(text, at):
            return _undivided(draft, at)
        clock = _second_time(draft, host)
        if clock is not None:
            return _behind_time(draft, clock.end, 2)
        if _proven_alone(text, host):
            return _behind_host(draft, host, LAYERS_MAX)
    draft.format = "cisco-ios" if MNEMONIC.match(text, at) else "unparsed"
    return draft.header(at)


def _line_at(text: str, at: int) -> bool:
    """Whether a PRI and a header stand here: the word before them is a relay's name."""
    priority = _INNER_PRI.match(text, at)
    if priority is None:
        return False
    at = skip_spaces(text, priority.end())
    if _VERSION.match(text, at) or scan(text, at) is not None:
        return True
    return cisco_layer(Draft(text, clock=_UNDATED), at) is not None


def _second_time(draft: Draft, host: Host) -> Clock | None:
    """A time behind the host, where it should have been before it."""
    found = scan(draft.text, host.end)
    if host.name is None or found is None or found.civil is None:
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
    if _PROGRAM_DATED.match(text, host.end):
        return True
    return must_be_host(host.name) and text.startswith(("%", ": "), host.end)
