"""What the alerting core is told, and what it asks for: inputs and effects.

The core answers every input with a list of effects. A `Commit` or `Claim` is answered by
`Committed` or `CommitFailed`, in whatever order (claims may overtake commits; a key is never in two
at once); a `Send` by `Told`.
"""

import msgspec

from trapgate.model import Alert, Decision, IntegrationId, Notification, Unit, UnitOutcome
from trapgate.model.exchange import Ending


class ChannelKey(msgspec.Struct, frozen=True):
    """One integration's view of one group: the unit in which notifications are told and logged."""

    group_key: str
    integration: IntegrationId


class Receive(msgspec.Struct, frozen=True):
    """Alerts to take, with their defaults filled in. `puts` are further keys to write (or to
    delete, with `None`); with any, everything is one unit. `token` comes back in the answer."""

    token: int
    alerts: tuple[Alert, ...]
    puts: tuple[tuple[str, bytes | None], ...] = ()


class Committed(msgspec.Struct, frozen=True):
    """The outcome of each unit of a commit."""

    ticket: int
    outcomes: tuple[UnitOutcome, ...]


class CommitFailed(msgspec.Struct, frozen=True):
    """The store could not be reached or refused to write: nothing of the commit is there."""

    ticket: int
    reason: str


class Told(msgspec.Struct, frozen=True):
    """How an attempt to deliver a notification ended."""

    channel: ChannelKey
    sequence: int
    ending: Ending


class Tick(msgspec.Struct, frozen=True):
    """The instant of the last `WakeAt` has come (or any other: a tick is always harmless)."""


Input = Receive | Committed | CommitFailed | Told | Tick


class Commit(msgspec.Struct, frozen=True):
    """Write these units."""

    ticket: int
    units: tuple[Unit, ...]


class Claim(Commit, frozen=True):
    """Write the intent of a notification: ahead of other commits, since somebody waits for it."""


class Send(msgspec.Struct, frozen=True):
    """Deliver this notification; its intent is durable."""

    channel: ChannelKey
    notification: Notification


class WakeAt(msgspec.Struct, frozen=True):
    """Tick at this instant of elapsed time; replaces the one before."""

    elapsed_ns: int


class Decided(msgspec.Struct, frozen=True):
    """A decision for the history."""

    decision: Decision


class Accepted(msgspec.Struct, frozen=True):
    """What came with `Receive` is durable."""

    token: int


class Refused(msgspec.Struct, frozen=True):
    """What came with `Receive` could not be written; nothing of a unit is there."""

    token: int
    reason: str


Effect = Commit | Claim | Send | WakeAt | Decided | Accepted | Refused
