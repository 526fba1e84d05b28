"""A header of Cisco's, read as a whole: the counters, the time that a colon closes, the process.

In: a draft and a place in its text. Out: the header if something proves that it is Cisco's (a
count, a mark, a node, a task, or the mnemonic behind it), else nothing: the next grammar is tried.
"""

import re

from msgspec.structs import replace

from trapgate.decode.syslog.header.clock import FIREWALL, Clock, clock_at
from trapgate.decode.syslog.header.draft import Draft
from trapgate.decode.syslog.header.header import Header
from trapgate.decode.syslog.header.names import (
    HOST_CHARS_MAX,
    is_address,
    may_be_host,
    must_be_host,
)
from trapgate.decode.syslog.header.prelude import Prelude, context_at, prelude_at, process_at
from trapgate.decode.syslog.header.shapes import skip_spaces
from trapgate.decode.syslog.header.tags import Tag

PROGRAMS = frozenset("root logger kernel syslog syslogd rsyslogd systemd cron sshd sudo su".split())
"""Programs that may write a Cisco mnemonic without a time before it (`logger -t root '%A-5-B: x'`):
any other name in that place is the device's."""

MNEMONIC = re.compile(r"[%#][A-Z][A-Za-z0-9_]{1,47}-")
"""How a message of Cisco's begins; AireOS writes `#` too."""

_SAID = re.compile(r"[%#][A-Z][A-Za-z0-9_]{1,47}-|-Traceback[:=] ")
"""What proves a header without a time: a mnemonic, or the stack of a process that failed."""

_SPEAKS = re.compile(rf"{MNEMONIC.pattern}|[A-Z][A-Z0-9_-]{{1,47}}-[0-7]-[A-Z][A-Z0-9_]{{1,63}}:")
"""A mnemonic, or Raisecom's, which has no mark."""

_YEAR_FIRST = re.compile(r"[*.]?[12][0-9]{3} [A-Z][a-z]{2} ")
_REPEATED = "last message repeated "

ZONE_CHARS_MAX = 7
"""Of a name that IOS and ASA take for a zone (`clock timezone`)."""

_ZONE_AND_DEVICE = re.compile(
    rf"([A-Za-z]{{1,{ZONE_CHARS_MAX}}}) (?=([^ :]{{1,{HOST_CHARS_MAX}}})( ?): ?{FIREWALL.pattern})"
)
"""A zone whose name nobody knows, and the device that a firewall names behind it."""

_AGENT = re.compile(r"[A-Z][A-Za-z0-9+-]*[a-z][A-Za-z0-9+-]*")
"""How EOS calls its agents: `Rib`, `L2Rib`, `Dhcp6Relay`."""


def cisco_layer(draft: Draft, at: int) -> Header | None:
    """The line as Cisco's, `None` (and no steps) if nothing proves that it is. Behind a relay what
    the device says wins, an uptime over the relay's time too, since that is not the device's."""
    text, steps = draft.text, draft.steps
    place = len(steps)
    prelude = prelude_at(text, at, steps)
    named = bool(prelude.numbered or prelude.node or prelude.task)
    clock = clock_at(text, prelude.end, steps, named or prelude.origin_colon)
    if clock is None:
        if not _proves(draft, prelude, at):
            del steps[place:]
            return None
        draft.behind(prelude)
        draft.format = "cisco-ios"
        return behind_cisco(draft, prelude.end)
    if not (clock.colon and (named or closes_cisco(text, clock) or _dates(draft, prelude, clock))):
        del steps[place:]
        return None
    draft.behind(prelude)
    draft.clock, draft.format = clock, "cisco-ios"
    return behind_cisco(draft, clock.end)


def closes_cisco(text: str, clock: Clock) -> bool:
    """Whether a time that a colon closed is Cisco's: by its mark or by what follows."""
    if clock.marked or text.startswith("%", clock.end):
        return True
    process = process_at(text, clock.end, [])
    return process[1] is not None and text.startswith("%", process[0])


def _proves(draft: Draft, prelude: Prelude, at: int) -> bool:
    """Whether a prelude without a time (`no service timestamps`), begun at `at`, is Cisco's."""
    if not _SAID.match(draft.text, prelude.end):
        return False
    if prelude.node or prelude.task:
        return True
    if prelude.origin is None or not draft.text.startswith(prelude.origin, at):
        return prelude.numbered
    if draft.clock is None:
        return prelude.numbered or (prelude.origin_colon and prelude.origin not in PROGRAMS)
    if not must_be_host(prelude.origin) or draft.outer is None:
        return False
    # behind a time it is Arista's `host Agent: 33: %…`, unless a relay gave an address for the host
    return is_address(draft.outer) or FIREWALL.match(draft.text, prelude.end) is not None


def _dates(draft: Draft, prelude: Prelude, clock: Clock) -> bool:
    """Whether a name and a time that a colon closed are Cisco's though no mnemonic follows: NX-OS's
    by the year before its month, any by what says that a message was repeated."""
    if prelude.origin is None or prelude.origin in PROGRAMS or clock.civil is None:
        return False
    if draft.text.startswith(_REPEATED, clock.end):
        return True
    dated = _YEAR_FIRST.match(draft.text, prelude.end) is not None
    return dated and must_be_host(prelude.origin)


def names_device(text: str, tag: Tag) -> bool:
    """Whether a word with a colon behind a time is the device (`time r1: %SEC-6-…`) and no program:
    firewalls have none, and no agent of EOS is called so."""
    name, at = tag.appname, skip_spaces(text, tag.end)
    if tag.procid is not None or tag.sure or _SPEAKS.match(text, at) is None:
        return False
    if FIREWALL.match(text, at) is not None and may_be_host(name):
        return len(name) > ZONE_CHARS_MAX or not name.isalpha()  # else it may be a zone
    return must_be_host(name) and _AGENT.fullmatch(name) is None


def unknown_zone(draft: Draft, at: int) -> int:
    """Where the device begins that a firewall names behind a zone (`LAB fw1 : %ASA-…`); `at` if
    there is no zone."""
    clock = draft.clock
    if clock is None or clock.civil is None or clock.zone or clock.civil.offset_s is not None:
        return at
    mark = draft.text.find("%", at, at + HOST_CHARS_MAX)
    if mark < 0 or FIREWALL.match(draft.text, mark) is None:
        return at
    found = _ZONE_AND_DEVICE.match(draft.text, at)
    if found is None or not may_be_host(found[2]):
        return at
    # without a year, or where the colon follows at once, it may be a relay and a program
    if not must_be_host(found[2]) and not (found[3] and clock.civil.year is not None):
        return at
    draft.steps.append(("zone", at, found.end(1)))
    draft.clock = replace(clock, zone=found[1])
    return found.end()


def behind_cisco(draft: Draft, at: int) -> Header:
    """The text behind a header that a colon closed: NX-OS's context, IOS-XR's process, perhaps the
    name that some write there."""
    text = draft.text
    if text.startswith("%$", at):
        at, draft.node = context_at(text, at, draft.steps)
    elif not text.startswith("%", at):
        at, program, pid = process_at(text, at, draft.steps)
        if program is not None:
            draft.appname, draft.procid = program, pid
        elif draft.hostname is None:
            at = _late_name(draft, at)
    return draft.header(at)


def _late_name(draft: Draft, at: int) -> int:
    """Where the mnemonic stands behind a device's name, if one is here (`time: r1.example %…`)."""
    text = draft.text
    end = text.find(" %", at, at + HOST_CHARS_MAX)
    if end < 0 or not must_be_host(text[at:end]) or MNEMONIC.match(text, end + 1) is None:
        return at
    draft.steps.append(("host", at, end))
    draft.hostname = text[at:end]
    return end + 1


def behind_name(draft: Draft, at: int) -> Header:
    """A mnemonic right behind the host or the time."""
    if draft.text.startswith("%$", at):
        at, draft.node = context_at(draft.text, at, draft.steps)
    if MNEMONIC.match(draft.text, at):
        draft.format = "cisco-ios"
    return draft.header(at)
