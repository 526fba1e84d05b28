"""One channel: what one integration was told about one group, and what is under way.

A channel is idle, or one notification of it is being claimed, sent, waited with, or settled:
never two at once, so that a receiver sees a group's notifications in order. It is `unsettled`
while the store could not take the outcome.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from trapgate.alerting.codec import group_hash, log_key
from trapgate.alerting.owed import Owed
from trapgate.alerting.protocol import ChannelKey
from trapgate.alerting.route import RouteTimers
from trapgate.model import (
    NS_PER_S,
    Alert,
    GroupId,
    IntegrationId,
    Intent,
    LogEntry,
    Notification,
    ToldAlert,
    alert_order,
)

RETRY_FIRST_S = 1.0
RETRY_MAX_S = 60.0
"""Waits between attempts double from the first to the most: a receiver that is back after an
hour's outage is told within a minute."""

RETRY_AFTER_MAX_S = 3_600.0
"""A receiver may ask for this much patience at most (`Retry-After`)."""

Phase = Literal["idle", "claiming", "sending", "waiting", "settling", "unsettled"]


class IntegrationSpec(msgspec.Struct, frozen=True):
    """What alerting knows of an integration: who it is and whether it wants resolves."""

    id: IntegrationId
    send_resolved: bool


class Channel:
    """The state of one channel. `entry` is always what is durable, `outcome` what it is to be once
    the store takes it; `members` are the alerts that are routed here."""

    def __init__(self, group: GroupId, spec: IntegrationSpec, timers: RouteTimers) -> None:
        self.group = group
        self.spec = spec
        self.timers = timers
        self.key = ChannelKey(group.key, spec.id)
        self.state_key = log_key(self.key)
        self.members: set[str] = set()
        self.entry: LogEntry | None = None
        self.outcome: LogEntry | None = None
        self.phase: Phase = "idle"
        self.attempts = 0
        self.uncertain = False
        self.repeat_ns: int | None = None

    @property
    def claimed(self) -> Intent | None:
        """The durable intent, if there is one."""
        return self.entry.intent if self.entry else None

    @property
    def resting(self) -> bool:
        """Nothing was told that is not resolved, and nothing is under way."""
        told = self.entry is not None and bool(self.entry.told())
        return self.phase == "idle" and not told and self.claimed is None

    def believed(self) -> LogEntry | None:
        """The entry as things may be: an attempt whose outcome is not known counts as told."""
        if self.entry is None or self.entry.intent is None or not self.uncertain:
            return self.entry
        return msgspec.structs.replace(self.entry, uncertain=self._maybe_told(self.entry))

    def held(self) -> frozenset[str]:
        """The alerts of which the receiver may have to be told the end."""
        entry = self.believed()
        return entry.told() if entry else frozenset()

    def superseded(self, owed: Owed | None, wall_ns: int) -> bool:
        """Whether a claimed notification is not to be tried again: a `group_interval` has passed
        and there is something else to tell by now."""
        if self.claimed is None or owed is None:
            return False
        if wall_ns - self.claimed.at < self.timers.group_interval:
            return False
        claimed = {(told.fingerprint, told.status) for told in self.claimed.alerts}
        return claimed != {(told.fingerprint, told.status) for told in self._content(owed)}

    def silent(self, owed: Owed) -> bool:
        """Whether the integration does not want to hear of this, only the log does."""
        quiet = owed.reason in ("some alerts resolved", "all alerts resolved")
        return quiet and not self.spec.send_resolved

    def _content(self, owed: Owed) -> list[ToldAlert]:
        resolved = owed.resolved if self.spec.send_resolved else ()
        told = [ToldAlert(a.fingerprint, "firing", a.starts_at, a.ends_at) for a in owed.firing]
        return told + [
            ToldAlert(a.fingerprint, "resolved", a.starts_at, a.ends_at) for a in resolved
        ]

    def claim(self, owed: Owed, wall_ns: int) -> LogEntry:
        """The entry with the intent to tell this."""
        entry = self.entry or LogEntry(self.group, self.spec.id, wall_ns // NS_PER_S)
        intent = Intent(entry.sequence + 1, wall_ns, owed.reason, tuple(self._content(owed)))
        return msgspec.structs.replace(
            entry, intent=intent, sequence=intent.sequence, uncertain=self._maybe_told(entry)
        )

    def logged(self, owed: Owed, wall_ns: int) -> LogEntry:
        """The entry after a flush that tells nothing (`send_resolved: false`): what resolved is
        forgotten, and so is what was claimed before it. The flush's instant stays, so that repeats
        keep their pace."""
        entry = self.entry or LogEntry(self.group, self.spec.id, wall_ns // NS_PER_S)
        firing = {alert.fingerprint for alert in owed.firing}
        return msgspec.structs.replace(
            entry,
            firing=tuple(fp for fp in entry.firing if fp in firing),
            uncertain=tuple(fp for fp in self._maybe_told(entry) if fp in firing),
            resolved=tuple(alert.fingerprint for alert in owed.resolved),
            intent=None,
        )

    def confirmed(self, intent: Intent, memory: Mapping[str, str]) -> LogEntry:
        """The entry once the receiver has taken the intent. What it was told before and the
        intent does not mention is still owed its end."""
        assert self.entry is not None
        told = {s: tuple(a.fingerprint for a in intent.alerts if a.status == s) for s in _STATUSES}
        mentioned = {alert.fingerprint for alert in intent.alerts}
        before = dict.fromkeys((*self.entry.firing, *self.entry.uncertain))
        return msgspec.structs.replace(
            self.entry,
            at=intent.at,
            firing=told["firing"],
            resolved=told["resolved"],
            uncertain=tuple(fp for fp in before if fp not in mentioned),
            failed_at=0,
            memory=memory,
            intent=None,
        )

    def refused(self, intent: Intent) -> LogEntry:
        """The entry once the receiver has refused the intent for good."""
        assert self.entry is not None
        return msgspec.structs.replace(
            self.entry,
            failed_at=intent.at,
            uncertain=self._maybe_told(self.entry),
            intent=None,
        )

    def _maybe_told(self, entry: LogEntry) -> tuple[str, ...]:
        """What attempts without a known outcome may have told as firing."""
        if entry.intent is None or not self.uncertain:
            return entry.uncertain
        firing = (alert.fingerprint for alert in entry.intent.alerts if alert.status == "firing")
        return tuple(dict.fromkeys((*entry.uncertain, *firing)))

    def notification_id(self, intent: Intent) -> str:
        """The same at every attempt, also after a restart; never the same for two intents."""
        assert self.entry is not None
        group = group_hash(self.group.key)[:16]
        return f"{group}/{self.spec.id}/{self.entry.born:x}-{intent.sequence}"

    def notification(self, alerts: Mapping[str, Alert]) -> Notification:
        """The claimed intent as a notification: labels and annotations are today's, status and
        times the intent's."""
        assert self.entry is not None
        intent = self.entry.intent
        assert intent is not None
        told = [
            msgspec.structs.replace(alerts[t.fingerprint], starts_at=t.starts_at, ends_at=t.ends_at)
            for t in intent.alerts
            if t.fingerprint in alerts
        ]
        told.sort(key=lambda alert: alert_order(alert.labels))
        return Notification(
            id=self.notification_id(intent),
            key=group_hash(self.group.key),
            group=self.group,
            integration=self.spec.id,
            sequence=intent.sequence,
            at=intent.at,
            reason=intent.reason,
            alerts=tuple(told),
            uncertain=self.uncertain,
            memory=self.entry.memory,
        )

    def retry_wait_ns(self, after_s: float | None) -> int:
        """How long to wait before the next attempt: doubling, and what the receiver asked for."""
        wait_s = min(RETRY_FIRST_S * 2 ** min(self.attempts - 1, 16), RETRY_MAX_S)
        if after_s is not None:
            wait_s = max(wait_s, min(after_s, RETRY_AFTER_MAX_S))
        return int(wait_s * NS_PER_S)


_STATUSES = ("firing", "resolved")
