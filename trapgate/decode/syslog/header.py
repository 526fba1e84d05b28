"""What stands before the text of a syslog line, whichever grammar found it."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from trapgate.decode.syslog.times import Civil
from trapgate.model import Problem


class Header(msgspec.Struct, frozen=True, gc=False):
    """A header's parts, `None` for each that it lacks, and the text behind it.

    `format` is `unparsed` if nothing was recognised; then `text` is all there is. `civil` is the
    time as written, `zone` the zone's name behind it, `marked` whether the sender says that its
    clock is not set. `sequence` is the device's own count of its messages.
    """

    format: Literal["rfc3164", "rfc5424", "cisco-ios", "unparsed"]
    text: str
    civil: Civil | None = None
    zone: str | None = None
    marked: bool = False
    hostname: str | None = None
    appname: str | None = None
    procid: str | None = None
    msgid: str | None = None
    sequence: int | None = None
    structured_data: Mapping[str, Mapping[str, str]] = {}
    problems: tuple[Problem, ...] = ()
