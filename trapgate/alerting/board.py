"""The board: all alerts, and the channels that their labels route them to.

Only the core writes on it. It holds what is durable, and what follows from that and the routing.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from trapgate.alerting.channel import Channel, IntegrationSpec
from trapgate.alerting.protocol import ChannelKey
from trapgate.alerting.route import DEFAULT_TIMERS, Route, RouteTimers
from trapgate.model import Alert, GroupId, IntegrationId, LogEntry


class Routing(msgspec.Struct, frozen=True):
    """Where alerts go: the tree, and the integrations of each receiver."""

    route: Route
    integrations: Mapping[str, tuple[IntegrationSpec, ...]]

    def specs(self) -> dict[IntegrationId, IntegrationSpec]:
        """All integrations by their id."""
        return {spec.id: spec for many in self.integrations.values() for spec in many}


class Board:
    """Alerts by fingerprint, channels by key.

    A channel that is no longer routed to is `leaving`: it stays while it owes a resolve. A log
    entry whose integration is not configured waits for the day when it is back.
    """

    def __init__(self, routing: Routing) -> None:
        self.routing = routing
        self.alerts: dict[str, Alert] = {}
        self.channels: dict[ChannelKey, Channel] = {}
        self.homeless: dict[ChannelKey, LogEntry] = {}
        self._joined: dict[str, tuple[Channel, ...]] = {}

    def reroute(self, routing: Routing) -> None:
        """Route every alert anew; channels keep what they were told and what is under way."""
        self.routing = routing
        specs = routing.specs()
        known, self.channels, self._joined = self.channels, {}, {}
        for alert in self.alerts.values():
            self._join(alert, known)
        for key, channel in known.items():
            if key in self.channels or channel.resting:
                continue
            if channel.spec.id in specs:
                self._leave(channel, specs[channel.spec.id])
            elif channel.entry is not None:
                self.homeless[key] = channel.entry
        for key in [key for key in self.homeless if key.integration in specs]:
            self.adopt(self.homeless.pop(key))

    def adopt(self, entry: LogEntry) -> None:
        """Give a stored log entry to its channel. An intent in it was claimed by a process that is
        gone: whether it was sent nobody knows, so it will be sent again."""
        key = ChannelKey(entry.group.key, entry.integration)
        channel = self.channels.get(key)
        if channel is None:
            spec = self.routing.specs().get(entry.integration)
            if spec is None:
                self.homeless[key] = entry
                return
            channel = Channel(entry.group, spec, DEFAULT_TIMERS)
            channel.entry = entry
            self._leave(channel, spec)
        channel.entry = entry
        if entry.intent is not None:
            channel.phase, channel.uncertain, channel.attempts = "waiting", True, 1

    def put_alert(self, alert: Alert) -> tuple[Channel, ...]:
        """Write an alert down; returns the channels that it is in."""
        self.alerts[alert.fingerprint] = alert
        if alert.fingerprint not in self._joined:
            self._join(alert, {})
        return self.channels_of(alert.fingerprint)

    def drop_alert(self, fingerprint: str) -> None:
        """Wipe an alert off, and the channels that have nothing left to hold."""
        for channel in self.channels_of(fingerprint):
            channel.members.discard(fingerprint)
            if not channel.members and channel.entry is None and channel.phase == "idle":
                self.channels.pop(channel.key, None)
        self.alerts.pop(fingerprint, None)
        self._joined.pop(fingerprint, None)

    def drop_entry(self, key: ChannelKey) -> None:
        """Wipe a log entry off, and its channel if that holds no alerts."""
        self.homeless.pop(key, None)
        channel = self.channels.get(key)
        if channel is not None:
            channel.entry = None
            if not channel.members:
                del self.channels[key]

    def channels_of(self, fingerprint: str) -> tuple[Channel, ...]:
        """The channels that an alert is in, those that it is leaving among them."""
        joined = self._joined.get(fingerprint, ())
        leaving = (c for c in self.channels.values() if c.leaving and fingerprint in c.members)
        return (*joined, *leaving)

    def alerts_of(self, channel: Channel) -> list[Alert]:
        """The alerts of a channel."""
        return [self.alerts[fp] for fp in channel.members if fp in self.alerts]

    def entries(self) -> Iterator[LogEntry]:
        """The whole notification log."""
        yield from (c.entry for c in self.channels.values() if c.entry is not None)
        yield from self.homeless.values()

    def _join(self, alert: Alert, known: Mapping[ChannelKey, Channel]) -> None:
        joined: dict[ChannelKey, Channel] = {}
        for route in self.routing.route.routes(alert.labels):
            group = route.group(alert.labels)
            for spec in self.routing.integrations[route.receiver]:
                channel = self._channel(group, spec, route.timers, known)
                channel.members.add(alert.fingerprint)
                joined[channel.key] = channel
        self._joined[alert.fingerprint] = tuple(joined.values())

    def _channel(
        self,
        group: GroupId,
        spec: IntegrationSpec,
        timers: RouteTimers,
        known: Mapping[ChannelKey, Channel],
    ) -> Channel:
        key = ChannelKey(group.key, spec.id)
        channel = self.channels.get(key)
        if channel is None:
            channel = known.get(key) or Channel(group, spec, timers)
            channel.members = set()
            self.channels[key] = channel
            entry = self.homeless.pop(key, None)
            if entry is not None:
                channel.entry = entry
        channel.spec, channel.timers, channel.leaving = spec, timers, False
        return channel

    def _leave(self, channel: Channel, spec: IntegrationSpec) -> None:
        channel.spec, channel.timers, channel.leaving = spec, DEFAULT_TIMERS, True
        channel.members = set(channel.entry.told()) if channel.entry else set()
        self.channels[channel.key] = channel

    def owed_resolves(self) -> dict[str, int]:
        """How many alerts each receiver holds as firing: the resolves that will be owed it."""
        counts = dict.fromkeys(self.routing.integrations, 0)
        for entry in self.entries():
            receiver = entry.integration.receiver
            counts[receiver] = counts.get(receiver, 0) + len(entry.told())
        return counts


def referenced(entries: Iterable[LogEntry]) -> set[str]:
    """Fingerprints that a log entry still needs: what was told as firing, what is being told."""
    needed: set[str] = set()
    for entry in entries:
        needed |= entry.told()
        if entry.intent is not None:
            needed |= {told.fingerprint for told in entry.intent.alerts}
    return needed
