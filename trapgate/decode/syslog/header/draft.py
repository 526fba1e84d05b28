"""A header while it is being read: what the steps found so far."""

from collections.abc import Mapping

import msgspec

from trapgate.decode.syslog.header.clock import Clock
from trapgate.decode.syslog.header.header import Format, Header, Step
from trapgate.decode.syslog.header.prelude import Prelude
from trapgate.decode.syslog.header.shapes import Civil
from trapgate.decode.syslog.header.tags import Tag


class Draft(msgspec.Struct):
    """The parts of a `Header`, filled in from the left. Of two layers (a relay's header and the
    device's own behind it) the inner one overwrites the outer one's time, and `outer` is the name
    that the outer one gave."""

    text: str
    steps: list[Step] = []
    format: Format = "rfc3164"
    clock: Clock | None = None
    hostname: str | None = None
    outer: str | None = None
    relay: str | None = None
    appname: str | None = None
    procid: str | None = None
    msgid: str | None = None
    sequence: int | None = None
    structured_data: Mapping[str, Mapping[str, str]] = {}
    node: str | None = None
    level: int | None = None
    priority: int | None = None

    def within(self, host: str) -> None:
        """What follows is a layer inside one that named this host."""
        if self.outer is not None and self.relay is None:
            self.relay = self.outer
        self.outer = host

    def behind(self, prelude: Prelude) -> None:
        """Take what Cisco wrote before the time."""
        if prelude.number is not None:
            self.sequence = prelude.number
        if prelude.origin is not None:
            self.hostname = prelude.origin
        self.node, self.appname = prelude.node, prelude.task
        self.structured_data = prelude.structured_data

    def tagged(self, tag: Tag) -> None:
        """Take the program."""
        self.appname, self.procid, self.msgid = tag.appname, tag.procid, tag.msgid
        if tag.level is not None:
            self.level = tag.level

    def header(self, end: int) -> Header:
        """The header, with the text that begins at `end`."""
        clock = self.clock
        host, relay = self.hostname or self.outer, self.relay
        if relay is None and self.outer != host:
            relay = self.outer
        civil: Civil | None = None if clock is None else clock.civil
        return Header(
            self.format,
            self.text[end:],
            civil,
            None if clock is None else clock.zone,
            clock is not None and clock.marked,
            host,
            self.appname,
            self.procid,
            self.msgid,
            self.sequence,
            self.structured_data,
            (),
            relay,
            self.node,
            self.level,
            self.priority,
            tuple(self.steps),
        )
