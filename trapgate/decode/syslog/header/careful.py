"""The header behind a PRI, by the grammar that fits: RFC 5424's, Meraki's, or all others'.

In: a text and the place behind its PRI. Out: its header with the steps that found it; `usual` finds
the same at one look for most lines.
"""

import re

from msgspec.structs import replace

from trapgate.decode.syslog.header.header import Header
from trapgate.decode.syslog.header.meraki import scan_meraki
from trapgate.decode.syslog.header.names import is_host_address
from trapgate.decode.syslog.header.rfc3164 import scan_3164, scan_relayed
from trapgate.decode.syslog.header.rfc5424 import QUOTED_CHARS, scan_5424
from trapgate.decode.syslog.header.shapes import may_start

_NUMERIC = frozenset(" 0123456789")
"""What RFC 5424's header and Meraki's begin with."""

_ORIGINAL = re.compile(r" ?Original Address=([0-9A-Fa-f.:]{2,45}) {1,4}")
"""Kiwi Syslog as a relay: the sender's address before its line."""

_KIWI = "Kiwi_Syslog"
"""How Kiwi begins its own name, in the program of the RFC 5424 that it writes."""


def careful_header(text: str, at: int) -> Header:
    """The header that one of the grammars finds behind the PRI, with its steps."""
    original = _ORIGINAL.match(text, at) if text.startswith(("O", " O"), at) else None
    if original is None or not is_host_address(original[1]):
        return _header(text, at)
    header, address = _header(text, original.end()), original[1]
    steps = (("host", *original.span(1)), *header.steps)
    if header.format == "rfc5424" and (header.appname or "").startswith(_KIWI):
        return replace(header, hostname=address, relay=header.hostname, steps=steps)
    form = "rfc3164" if header.format == "unparsed" else header.format
    return replace(header, format=form, hostname=header.hostname or address, steps=steps)


def _header(text: str, at: int) -> Header:
    if text[at : at + 1] not in _NUMERIC:
        return scan_3164(text, at)
    header = scan_5424(text, at)
    if header is None:
        return scan_meraki(text, at) or scan_3164(text, at)
    said = header.text
    if said.startswith("<") or may_start(said, 0) or ": %" in said[:QUOTED_CHARS]:
        return scan_relayed(header, text, len(text) - len(said)) or header
    return header
