"""What every process of a trapgate has: each runs in a fork of the supervisor."""

import socket
from collections.abc import Callable
from functools import partial

import msgspec

from trapgate.app.build import Configuration
from trapgate.app.files import Stamp
from trapgate.app.layout import Layout
from trapgate.decode.snmp import OwnEngine
from trapgate.listen import BoundListener
from trapgate.listen.handover import taken_over
from trapgate.pipeline.prepared import Line
from trapgate.pipeline.receive import Changes
from trapgate.spool import Doorbell, SharedNumber, Wire


class Ends(msgspec.Struct, frozen=True):
    """Both ends of the line between ingest and a decode process."""

    ingest: Line
    decode: Line

    @classmethod
    def new(cls) -> "Ends":
        withdrawn = SharedNumber()
        ingest, decode = Wire.pair()
        return cls(Line(ingest, withdrawn), Line(decode, withdrawn))


class Inherited(msgspec.Struct, frozen=True):
    """What the supervisor opened before it forked, for all processes; a process's own has those
    listeners only that are its own."""

    listeners: tuple[BoundListener, ...]
    own_engine: OwnEngine
    http_fd: int
    raw_bell: Doorbell
    matches_bell: Doorbell
    backlog: SharedNumber
    """1 while ingest has more to read than a batch, else 0."""
    ends: tuple[Ends, ...] = ()
    """One for each decode process."""


class Process(msgspec.Struct, frozen=True):
    """The surroundings of one process: its configuration, its place, and how to say "ready", and
    from then on, as its loop turns, that it goes on (`beat`).

    `stamp` tells the configuration from those that are published after it.
    """

    name: str
    config_path: str | None
    configuration: Configuration
    stamp: Stamp
    layout: Layout
    inherited: Inherited
    ready: Callable[[], None]
    beat: Callable[[], None]
    line: socket.socket | None = None
    """To the supervisor: other listeners come over it, and core asks for reloads."""


def changes_over(line: socket.socket | None) -> Changes | None:
    """What says that other listeners have come over the line to the supervisor."""
    return None if line is None else (line.fileno(), partial(taken_over, line))
