"""Alerts, their groups, and the log of what each receiver was told.

The words are Alertmanager's. `Alert`, `LogEntry` are persisted; `ALERT_SCHEMA` and `LOG_SCHEMA`
are the versions of their stored form.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from trapgate.model.labels import Labels

ALERT_SCHEMA = 1
LOG_SCHEMA = 1

Status = Literal["firing", "resolved"]


class Alert(msgspec.Struct, frozen=True):
    """A labelled condition with a start and an end; identified by its labels' fingerprint.

    Times are instants. `ends_at` in the future (or `NEVER`) means that it fires. `received_at` is
    when this episode was first received, `updated_at` when anything about it last was. `timeout`
    says that nobody gave an end and `resolve_timeout` was added. `episode` counts its firings.
    `event_ids` are the events that raised or cleared it, newest last, `EVENT_IDS_MAX` of them.
    """

    fingerprint: str
    labels: Labels
    annotations: Labels
    starts_at: int
    ends_at: int
    updated_at: int
    received_at: int
    timeout: bool = False
    episode: int = 1
    event_ids: tuple[str, ...] = ()
    generator_url: str = ""

    def status(self, wall_ns: int) -> Status:
        """Whether it fires at this instant."""
        return "firing" if self.ends_at > wall_ns else "resolved"


EVENT_IDS_MAX = 10
"""Enough to trace an alert back to its raise, its last repeats and its clear; the count of all
repeats is in the rule's state."""


class PostedAlert(msgspec.Struct, frozen=True):
    """An alert as a client gives it, before Alertmanager's defaults: times may be missing
    (`None`). Rules know them, and make an `Alert` at once."""

    labels: Labels
    annotations: Labels = {}
    starts_at: int | None = None
    ends_at: int | None = None
    generator_url: str = ""


class IntegrationId(msgspec.Struct, frozen=True, order=True):
    """One integration of one receiver: `index` counts per kind within the receiver, from 0, as
    Alertmanager's does."""

    receiver: str
    kind: str
    index: int

    def __str__(self) -> str:
        return f"{self.receiver}/{self.kind}/{self.index}"


class GroupId(msgspec.Struct, frozen=True):
    """A group: `key` is Alertmanager's groupKey, byte for byte; `labels` those grouped by."""

    key: str
    labels: Labels


class ToldAlert(msgspec.Struct, frozen=True):
    """An alert as a notification told it, so that the same notification can be told again: labels
    follow from the fingerprint, status and times are kept."""

    fingerprint: str
    status: Status
    starts_at: int
    ends_at: int


class Intent(msgspec.Struct, frozen=True):
    """A claimed notification that is not confirmed: written before it is sent.

    `sequence` numbers the group's notifications to this integration; `at` is the flush's instant;
    `reason` why it is sent. After a crash it is sent again, with the same id and content.
    """

    sequence: int
    at: int
    reason: str
    alerts: tuple[ToldAlert, ...]


class LogEntry(msgspec.Struct, frozen=True):
    """What one integration was told about one group (Alertmanager's notification log).

    `born` is when the entry was made (seconds since the epoch); with `sequence` it makes ids that
    do not come again. `firing` and `resolved` are the fingerprints of the last confirmed
    notification and `at` its flush; `uncertain` are those of attempts whose outcome is not known:
    they are owed a resolve like those in `firing`. `failed_at` is the flush that was refused for
    good. `memory` is what the integration wants to remember (ticket ids, thread ids).
    """

    group: GroupId
    integration: IntegrationId
    born: int
    sequence: int = 0
    at: int = 0
    firing: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    failed_at: int = 0
    memory: Mapping[str, str] = {}
    intent: Intent | None = None

    def told(self) -> frozenset[str]:
        """What the receiver holds, or may hold, as firing: each of these is owed a resolve."""
        return frozenset((*self.firing, *self.uncertain))


class Notification(msgspec.Struct, frozen=True):
    """What an integration is asked to tell: the alerts of one group at one flush.

    `id` is stable over every repeat of the same notification (an idempotency key); `key` over all
    notifications of the group (an incident key: SHA-256 of the group key, as Alertmanager's).
    `uncertain` marks a repeat of an attempt whose outcome is not known.
    """

    id: str
    key: str
    group: GroupId
    integration: IntegrationId
    sequence: int
    at: int
    reason: str
    alerts: tuple[Alert, ...]
    uncertain: bool
    memory: Mapping[str, str]

    def status(self) -> Status:
        """`firing` if any of its alerts fires (as of the flush), else `resolved`."""
        return "firing" if any(a.ends_at > self.at for a in self.alerts) else "resolved"
