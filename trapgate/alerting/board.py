"""The board: all alerts, and the channels that their labels route them to.

Only the core writes on it. It holds what is durable, and what follows from that and the routing.
"""

from collections.abc import Iterator, Mapping

import msgspec

from trapgate.alerting.channel import Channel, IntegrationSpec
from trapgate.alerting.protocol import ChannelKey
from trapgate.alerting.route import Route, RouteTimers
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

    `channels` are those that alerts are routed to, and those that owe a resolve for what they
    told before they lost their route. The others that have something written down are `parked`:
    they owe nothing, or their integration is not configured. What has no route has the root's
    timers. A channel is one object for as long
    as it is known, so that what is under way finds it again.
    """

    def __init__(self, routing: Routing) -> None:
        self.routing = routing
        self.alerts: dict[str, Alert] = {}
        self.channels: dict[ChannelKey, Channel] = {}
        self.parked: dict[ChannelKey, Channel] = {}
        self._specs = routing.specs()
        self._routed: dict[str, tuple[Channel, ...]] = {}
        self._departed: dict[str, dict[ChannelKey, Channel]] = {}

    def reroute(self, routing: Routing) -> None:
        """Route every alert anew; channels keep what they were told and what is under way."""
        self.routing = routing
        self._specs = routing.specs()
        self.parked |= self.channels
        self.channels, self._routed, self._departed = {}, {}, {}
        for channel in self.parked.values():
            channel.members, channel.timers = set(), routing.route.timers
        for alert in self.alerts.values():
            self._route(alert)
        for channel in [*self.channels.values(), *self.parked.values()]:
            self.place(channel)

    def find(self, key: ChannelKey) -> Channel | None:
        """The channel with this key, wherever it is."""
        return self.channels.get(key) or self.parked.get(key)

    def adopt(self, entry: LogEntry) -> Channel:
        """Give a stored log entry to its channel. An intent in it was claimed by a process that is
        gone: whether it was sent nobody knows, so it will be sent again."""
        key = ChannelKey(entry.group.key, entry.integration)
        channel = self.find(key)
        if channel is None:
            spec = IntegrationSpec(entry.integration, send_resolved=True)
            channel = self.parked[key] = Channel(entry.group, spec, self.routing.route.timers)
        channel.entry = entry
        if entry.intent is not None:
            channel.phase, channel.uncertain, channel.attempts = "waiting", True, 1
        self.place(channel)
        return channel

    def place(self, channel: Channel) -> None:
        """Put a channel where it belongs after anything about it has changed."""
        self.channels.pop(channel.key, None)
        self.parked.pop(channel.key, None)
        spec = self._specs.get(channel.spec.id)
        if spec is not None and (channel.members or not channel.resting):
            channel.spec = spec
            self.channels[channel.key] = channel
            for fingerprint in channel.held() - channel.members:
                self._departed.setdefault(fingerprint, {})[channel.key] = channel
        elif channel.entry is not None or not channel.resting:
            self.parked[channel.key] = channel

    def put_alert(self, alert: Alert) -> tuple[Channel, ...]:
        """Write an alert down; returns the channels that it is in."""
        self.alerts[alert.fingerprint] = alert
        if alert.fingerprint not in self._routed:
            self._route(alert)
        return self.channels_of(alert.fingerprint)

    def drop_alert(self, fingerprint: str) -> None:
        """Wipe an alert off, and the channels that have nothing left to hold."""
        self.alerts.pop(fingerprint, None)
        self._departed.pop(fingerprint, None)
        for channel in self._routed.pop(fingerprint, ()):
            channel.members.discard(fingerprint)
            self.place(channel)

    def drop_entry(self, key: ChannelKey) -> None:
        """Wipe a log entry off, and its channel if that holds no alerts."""
        channel = self.find(key)
        if channel is not None:
            channel.entry = None
            self.place(channel)

    def channels_of(self, fingerprint: str) -> tuple[Channel, ...]:
        """The channels that an alert is routed to, and those that were told of it before."""
        departed = [
            channel
            for key, channel in self._departed.get(fingerprint, {}).items()
            if key in self.channels and fingerprint not in channel.members
        ]
        return (*self._routed.get(fingerprint, ()), *departed)

    def alerts_of(self, channel: Channel) -> list[Alert]:
        """The alerts that are routed to a channel, and those that it owes a resolve for."""
        wanted = channel.members | channel.held()
        return [self.alerts[fp] for fp in wanted if fp in self.alerts]

    def everything(self) -> Iterator[Channel]:
        """All channels, the parked ones too."""
        yield from self.channels.values()
        yield from self.parked.values()

    def entries(self) -> Iterator[LogEntry]:
        """The whole notification log."""
        yield from (channel.entry for channel in self.everything() if channel.entry is not None)

    def _route(self, alert: Alert) -> None:
        routed: dict[ChannelKey, Channel] = {}
        for route in self.routing.route.routes(alert.labels):
            specs = self.routing.integrations[route.receiver]
            if not specs:
                continue  # a receiver that tells nobody has no groups
            group = route.group(alert.labels)
            for spec in specs:
                channel = self._channel(group, spec, route.timers)
                channel.members.add(alert.fingerprint)
                routed[channel.key] = channel
        self._routed[alert.fingerprint] = tuple(routed.values())

    def _channel(self, group: GroupId, spec: IntegrationSpec, timers: RouteTimers) -> Channel:
        key = ChannelKey(group.key, spec.id)
        channel = self.find(key) or Channel(group, spec, timers)
        self.parked.pop(key, None)
        self.channels[key] = channel
        channel.spec, channel.timers = spec, timers
        return channel

    def owed_resolves(self) -> dict[str, int]:
        """How many alerts each receiver holds as firing: the resolves that will be owed it."""
        counts = dict.fromkeys(self.routing.integrations, 0)
        for entry in self.entries():
            receiver = entry.integration.receiver
            counts[receiver] = counts.get(receiver, 0) + len(entry.told())
        return counts
