"""Whether a device's own header stands inside that of a relay: looks ahead, before it is read.

In: a text and a place in it. Out: yes or no, or a header that tells by itself where it ends.
"""

import re

from msgspec.structs import replace

from trapgate.decode.syslog.header.cisco import cisco_layer
from trapgate.decode.syslog.header.clock import Clock
from trapgate.decode.syslog.header.draft import Draft
from trapgate.decode.syslog.header.header import Header
from trapgate.decode.syslog.header.meraki import scan_meraki
from trapgate.decode.syslog.header.names import is_host_address, may_be_host
from trapgate.decode.syslog.header.rfc5424 import scan_5424
from trapgate.decode.syslog.header.shapes import may_start, scan, skip_spaces
from trapgate.decode.syslog.header.tags import Tag

INNER_PRI = re.compile(r"<([0-9]{1,2}|1[0-8][0-9]|19[01])>")
"""The device's own PRI."""

_VERSION = re.compile(r"1 (?=[12][0-9]{3}-[0-9]|[0-9]{9,10}\.)")
"""RFC 5424's and Meraki's version and the beginning of their times, as a relay quotes them."""

_HOST_AND_COUNT = re.compile(r"([A-Za-z][^ :]{0,254}) {1,4}[0-9]{1,10} ?: ")
"""`sw1 47: 000124: .Jul …`."""

_UNDATED = Clock(0)


def line_at(text: str, at: int) -> bool:
    """Whether a PRI and a header stand here: the word before them is a relay's name."""
    priority = INNER_PRI.match(text, at)
    if priority is None:
        return False
    at = skip_spaces(text, priority.end())
    if _VERSION.match(text, at) or scan(text, at) is not None:
        return True
    return cisco_layer(Draft(text, clock=_UNDATED), at) is not None


def may_be_header(text: str, at: int) -> bool:
    """Whether a Cisco header or a time could begin here: a look at a word or two."""
    if may_start(text, at) or text.startswith(":", at):
        return True
    end = text.find(" ", at, at + 257)
    if end > at and text[end - 1] == ":" and text[end - 2] != "]":
        return may_start(text, end + 1) or text.startswith(("%", "#", "["), end + 1)
    return text.find("/CPU", at, at + 64) > 0 or text.startswith(" : ", end)


def is_counted(text: str, at: int) -> bool:
    """Whether a host stands here, and the device's own count behind it: as one they might be what a
    device says of itself (`logging origin-id string`)."""
    found = _HOST_AND_COUNT.match(text, at)
    return found is not None and may_be_host(found[1])


def is_origin(text: str, at: int, tag: Tag) -> bool:
    """Whether a word with a colon is an address, or is followed by what Cisco writes behind its
    origin: a number, a mark, a time."""
    if tag.procid is not None or tag.sure:
        return False
    if is_host_address(tag.appname):
        return True
    if not (may_start(text, tag.end) and may_be_host(tag.appname)):
        return False
    return cisco_layer(Draft(text, clock=_UNDATED), at) is not None


def versioned(draft: Draft, at: int) -> Header | None:
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
