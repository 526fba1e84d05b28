"""What stands before the text of a syslog line, whichever grammar found it."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from trapgate.decode.syslog.header.times import Civil
from trapgate.model import Problem

Format = Literal["rfc3164", "rfc5424", "cisco-ios", "meraki", "unparsed"]
"""The grammars of headers: BSD's and its kin, RFC 5424, Cisco's (IOS, IOS-XR, NX-OS, ASA, AireOS:
whatever closes its time with a colon, or has its mnemonic and no time), Meraki's, and none."""

Step = tuple[str, int, int]
"""Which part of the header took which characters: the part's name, where it begins and where it
ends in the legible text of the message (the spaces behind it are nobody's)."""


Elements = Mapping[str, Mapping[str, str]]
"""Structured data: parameters by SD-ID."""

NO_ELEMENTS: Elements = {}
"""Of nearly all headers: one for all costs less than one for each."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """A header's parts, `None` for each that it lacks, and the text behind it.

    `format` is `unparsed` if nothing was recognised; then `text` is all there is. `civil` is the
    time as written, `zone` the zone's name behind it, `marked` whether the sender says that its
    clock is not set. `sequence` is the device's own count of its messages.

    `hostname` is the device, `relay` the host of an outer header around the device's own.
    `node` is the part of the device that wrote the line (IOS-XR's `RP/0/RSP1/CPU0`, `VDC-1`),
    `level` a severity word (`notice`, `ERR`) as its number 0 to 7, `priority` the PRI of an inner
    header. `steps` tell what each part took; the text begins where the last one ends.

    What a body says of its own device, time and count is left in `text`: Nokia's `17 Base …`,
    FortiGate's `date=`, PAN-OS's columns. ProCurve's event number is `msgid`, Meraki's kind of
    event and AireOS's task are `appname`.
    """

    format: Format
    text: str
    civil: Civil | None = None
    zone: str | None = None
    marked: bool = False
    hostname: str | None = None
    appname: str | None = None
    procid: str | None = None
    msgid: str | None = None
    sequence: int | None = None
    structured_data: Elements = {}
    problems: tuple[Problem, ...] = ()
    relay: str | None = None
    node: str | None = None
    level: int | None = None
    priority: int | None = None
    steps: tuple[Step, ...] = ()
