"""The sentences that the alerting core puts into the history."""

from collections.abc import Sequence

from trapgate.alerting.channel import Channel
from trapgate.model import Alert, Decision, Intent, Now
from trapgate.model.exchange import Done, Ending, Failed, Retry

REFS_MAX = 100
"""How many alerts a decision about a notification refers to: the rest is in its group."""


def alert_decision(alert: Alert, channels: Sequence[Channel], now: Now) -> Decision:
    """An alert has begun or ended."""
    refs = {f"channel.{n}": str(channel.key.integration) for n, channel in enumerate(channels)}
    refs |= {f"event.{n}": event for n, event in enumerate(alert.event_ids[-1:])}
    groups = ", ".join(sorted({channel.group.key for channel in channels})) or "no group"
    status = alert.status(now.wall_ns)
    reason = f"episode {alert.episode}, in {groups}"
    if status == "resolved" and not any(alert.fingerprint in c.held() for c in channels):
        reason += "; it ended before anybody was told of it"
    return Decision(alert.fingerprint, status, reason, refs)


def told_decision(channel: Channel, intent: Intent, ending: Ending) -> Decision:
    """An attempt to tell a receiver has ended."""
    match ending:
        case Done(note=note):
            verdict, reason = "notified", note or "confirmed by the receiver"
        case Failed(reason=reason):
            verdict = "notification-failed"
        case Retry(reason=reason):
            verdict = "notification-retried"
    refs = {"group": channel.group.key, "receiver": channel.spec.id.receiver}
    told = intent.alerts[:REFS_MAX]
    refs |= {f"alert.{n}": alert.fingerprint for n, alert in enumerate(told)}
    return Decision(channel.notification_id(intent), verdict, f"{intent.reason}: {reason}", refs)
