"""Meraki's header: a version, the seconds since 1970, the device, the kind of event.

    <134>1 1563249630.774247467 remote_DC1_appliance security_event ids_alerted signature=…

Behind it stand the event's pairs. Lines that begin with such an instant and no version are read
the same way, if the device's name or the pairs prove it.
"""

import re

from trapgate.decode.syslog.header.header import Header
from trapgate.decode.syslog.header.names import may_be_host, must_be_host
from trapgate.decode.syslog.header.shapes import Found, epoch, skip_spaces

_START = re.compile(
    r" ?(?:1 (?=[0-9]{9}\.[0-9]{1,18} )|(?:1 )?(?=[12][0-9]{9}(?:\.[0-9]{1,18}|[0-9]{3})? ))"
)
_KINDS = (
    "urls flows events security_event ids-alerts ip_flow_start ip_flow_end firewall vpn_firewall "
    "cellular_firewall bridge_anyconnect_client_vpn_firewall airmarshal_events"
)
KINDS = frozenset(_KINDS.split())
"""Meraki's kinds of events: where the device has no name, none of them is one."""

_BEHIND = re.compile(r" {1,4}([^ ]{1,255}) {1,4}(?:([a-z][a-z_-]{2,31})(?: {1,4}|$))?")
_PAIR = re.compile(r"(?:[a-z_]{1,32} ){0,2}[a-z_]{1,32}=")


def scan_meraki(text: str, at: int) -> Header | None:
    """The header that begins at `at` (behind the PRI); `None` if it is not of this form."""
    start = _START.match(text, at)
    found = None if start is None else epoch(text, start.end())
    if start is None or found is None:
        return None
    behind = _BEHIND.match(text, found.end)
    if behind is None:
        return None
    versioned = start[0].endswith("1 ")
    if behind[1] in KINDS:
        return _nameless(text, start.end(), found, behind.span(1)) if versioned else None
    host, kind = behind.groups()
    if not may_be_host(host):
        return None
    if not (versioned or must_be_host(host) or (kind and _PAIR.match(text, behind.end()))):
        return None
    steps = [("time", start.end(), found.end), ("host", behind.start(1), behind.end(1))]
    if kind is not None:
        steps.append(("program", behind.start(2), behind.end(2)))
    return Header(
        "meraki",
        text[behind.end() :],
        found.civil,
        hostname=host,
        appname=kind,
        steps=tuple(steps),
    )


def _nameless(text: str, begin: int, time: Found, kind: tuple[int, int]) -> Header:
    """The header of a device without a name: the kind of event follows the instant."""
    steps = (("time", begin, time.end), ("program", *kind))
    said = skip_spaces(text, kind[1])
    return Header("meraki", text[said:], time.civil, appname=text[slice(*kind)], steps=steps)
