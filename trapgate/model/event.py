"""The normalized record: one ECS document, whatever the device sent and wherever it is stored."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from trapgate.model.datagram import Endpoint, Position
from trapgate.model.problem import Problem

FieldValue = str | int | float | bool | tuple[str, ...]

Dataset = Literal["snmp.trap", "syslog.network"]
"""ECS `event.dataset`; the part before the dot is `event.module`."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One normalized event.

    `timestamp` is when it happened (the device's clock if trusted, else `received_at`), `clock`
    names the clock that said so: `arrival`, or `device:` and the device's name. `source` is the
    transport peer, `device` the originating device's name, `code` its dispatch key
    (`IF-MIB::linkDown`, `UPDOWN`), `severity` a syslog level 0 to 7 or `None`. `fields` are
    flat dotted ECS keys beyond these (`trapgate.normalize.document` nests them), `labels` come
    from the user's `sources`. `raw` is what was received, secrets masked, cut at `RAW_BYTES_MAX`.
    `problems` say what was odd or why nothing could be decoded.
    """

    id: str
    position: Position
    timestamp: int
    received_at: int
    clock: str
    kind: Dataset
    source: Endpoint
    device: str
    severity: int | None
    code: str
    labels: Mapping[str, str]
    fields: Mapping[str, FieldValue]
    message: str
    raw: bytes
    problems: tuple[Problem, ...] = ()

    @property
    def place(self) -> "Place":
        return Place(self.received_at, self.position)


class Place(msgspec.Struct, frozen=True, order=True):
    """Where an event stands among all that a store has: what a page continues behind."""

    received_at: int
    position: Position


RAW_BYTES_MAX = 8_192
"""How much of a datagram an event keeps: more than any trap in the field, and a bound on what a
flood of 64 KiB datagrams can write. Where it was more, the field `event.raw_bytes` has the size."""

BUCKET_S = 10
"""Width of the time bucket in an event's id: long enough to recognise a repeated datagram, short
enough that a device's counter or clock moves on between honest repeats."""

EVENT_SCHEMA = 1
"""Version of the persisted form of `Event`."""
