"""A header of Cisco's, read as a whole: the counters, the time that a colon closes, the process.

In: a draft and a place in its text. Out: the header if something proves that it is Cisco's (a
count, a mark, a node, a task, or the mnemonic behind it), else nothing: the next grammar is tried.
"""

import re

from trapgate.decode.syslog.header.clock import Clock, clock_at
from trapgate.decode.syslog.header.draft import Draft
from trapgate.decode.syslog.header.header import Header
from trapgate.decode.syslog.header.names import is_address, must_be_host
from trapgate.decode.syslog.header.prelude import Prelude, context_at, prelude_at, process_at

PROGRAMS = frozenset("root logger kernel syslog syslogd rsyslogd systemd cron sshd sudo su".split())
"""Programs that may write a Cisco mnemonic without a time before it (`logger -t root '%A-5-B: x'`):
any other name in that place is the device's."""

MNEMONIC = re.compile(r"[%#][A-Z][A-Za-z0-9_]{1,47}-")
"""How a message of Cisco's begins; AireOS writes `#` too."""


def cisco_layer(draft: Draft, at: int) -> Header | None:
    """The line as Cisco's, `None` (and no steps) if nothing proves that it is. Behind a relay what
    the device says wins, an uptime over the relay's time too, since that is not the device's."""
    text, steps = draft.text, draft.steps
    place = len(steps)
    prelude = prelude_at(text, at, steps)
    clock = clock_at(text, prelude.end, steps)
    if clock is None:
        if not _proves(draft, prelude, at):
            del steps[place:]
            return None
        draft.behind(prelude)
        draft.format = "cisco-ios"
        return behind_cisco(draft, prelude.end)
    sure = prelude.numbered or prelude.node or prelude.task or closes_cisco(text, clock)
    if not (clock.colon and sure):
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
    if not MNEMONIC.match(draft.text, prelude.end):
        return False
    if prelude.node or prelude.task:
        return True
    if prelude.origin is None or not draft.text.startswith(prelude.origin, at):
        return prelude.numbered
    if draft.clock is None:
        return prelude.numbered or (prelude.origin_colon and prelude.origin not in PROGRAMS)
    # behind a time it is Arista's `host Agent: 33: %…`, unless a relay gave an address for the host
    return draft.outer is not None and is_address(draft.outer) and must_be_host(prelude.origin)


def behind_cisco(draft: Draft, at: int) -> Header:
    """The text behind a header that a colon closed: NX-OS's context, IOS-XR's process."""
    text = draft.text
    if text.startswith("%$", at):
        at, draft.node = context_at(text, at, draft.steps)
    elif not text.startswith("%", at):
        at, program, pid = process_at(text, at, draft.steps)
        if program is not None:
            draft.appname, draft.procid = program, pid
    return draft.header(at)


def behind_name(draft: Draft, at: int) -> Header:
    """A mnemonic right behind the host or the time."""
    if draft.text.startswith("%$", at):
        at, draft.node = context_at(draft.text, at, draft.steps)
    if MNEMONIC.match(draft.text, at):
        draft.format = "cisco-ios"
    return draft.header(at)
