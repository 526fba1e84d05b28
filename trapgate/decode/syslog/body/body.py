"""What the text behind a header says, whichever dialect read it."""

from collections.abc import Mapping

import msgspec

from trapgate.decode.syslog.header.times import Civil


class Body(msgspec.Struct, frozen=True, gc=False):
    """The parts of a text, `None` for each that it lacks.

    `provider` is the vendor's facility, `code` its mnemonic or number, `severity` 0 to 7 as in
    RFC 5424. `message` is there only if it is not the whole text. `fields` are flat ECS keys, among
    them the dialect as `event.parser`. `process`, `pid`, `hostname`, `sequence` and the time
    (`civil`, with `zone` as its name) are what the text itself says of them: it stands nearer to
    the device than any header of a relay; `corrects` is whether it may say any of them.
    """

    dialect: str
    provider: str | None = None
    code: str | None = None
    severity: int | None = None
    message: str | None = None
    process: str | None = None
    pid: str | None = None
    hostname: str | None = None
    sequence: int | None = None
    civil: Civil | None = None
    zone: str | None = None
    fields: Mapping[str, str] = {}
    corrects: bool = False
