"""What must hold in a simulated run, and at its end."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trapgate.alerting.codec import ALERT_PREFIX, LOG_PREFIX, decode_alert, decode_log, group_hash
from trapgate.alerting.core import Core
from trapgate.alerting.protocol import ChannelKey
from trapgate.model import Alert, LogEntry, Notification

from .worlds import CALM, content_of

if TYPE_CHECKING:
    from .simulation import Simulation


def check(run: "Simulation") -> None:
    """Look at everything; a promise that is not kept is `broken`."""
    if run.busy:
        run.broken("something is still under way after a long quiet time")
    _acknowledged(run)
    _told(run)
    _memory(run)
    if run.profile == CALM and any(count > 1 for count in run.receivers.sends.values()):
        run.broken("a notification was sent twice though nothing had failed")


def check_pace(run: "Simulation", notification: Notification) -> None:
    """Without faults the same content comes again only after the repeat interval."""
    channel = ChannelKey(notification.group.key, notification.integration)
    content = frozenset((fp, status) for fp, status, _, _ in content_of(notification))
    before, at = run.receivers.last.get(channel, (frozenset(), 0))
    run.receivers.last[channel] = (content, notification.at)
    repeat_ns = run.routing.route.timers.repeat_interval
    wants_ends = run.routing.specs()[channel.integration].send_resolved
    if wants_ends and content == before and notification.at - at < repeat_ns:
        run.broken(f"{notification.id} repeats before the repeat interval is over")


def _acknowledged(run: "Simulation") -> None:
    for fingerprint, status in run.acked.items():
        alert = run.core.board.alerts.get(fingerprint)
        found = "resolved" if alert is None else alert.status(run.wall_ns)
        if status is not None and found != status:
            run.broken(f"{fingerprint} was acknowledged as {status}, is {found}")


def _told(run: "Simulation") -> None:
    firing = {
        alert.fingerprint
        for alert in run.core.board.alerts.values()
        if alert.status(run.wall_ns) == "firing"
    }
    for fingerprint in sorted(firing):
        for channel in _routed(run, run.core.board.alerts[fingerprint]):
            known = run.receivers.known.get((channel, fingerprint))
            if known is None or known.status != "firing":
                run.broken(f"{fingerprint} fires, {channel} was not told")
    specs = run.routing.specs()
    for (channel, fingerprint), known in run.receivers.known.items():
        spec = specs.get(channel.integration)
        if known.status == "resolved" or fingerprint in firing or spec is None:
            continue
        if not spec.send_resolved or known.elapsed_ns <= run.silent_until.get(spec.id, 0):
            continue
        run.broken(f"{fingerprint} has ended, {channel} was told at {known.elapsed_ns}")


def _routed(run: "Simulation", alert: Alert) -> Iterator[ChannelKey]:
    for route in run.routing.route.routes(alert.labels):
        for spec in run.routing.integrations[route.receiver]:
            yield ChannelKey(route.group(alert.labels).key, spec.id)


def _memory(run: "Simulation") -> None:
    entries, _ = run.store.load()
    alerts = {
        e.key: decode_alert(e.key, e.value) for e in entries if e.key.startswith(ALERT_PREFIX)
    }
    logs = {e.key: decode_log(e.key, e.value) for e in entries if e.key.startswith(LOG_PREFIX)}
    board = run.core.board
    if sorted(alerts.values(), key=str) != sorted(board.alerts.values(), key=str):
        run.broken("the alerts in memory are not those in the store")
    if sorted(logs.values(), key=str) != sorted(board.entries(), key=str):
        run.broken("the log in memory is not the one in the store")
    for entry in logs.values():
        if entry.intent is not None and entry.integration in run.routing.specs():
            run.broken(f"{id_of(entry)} is still claimed after a long quiet time")
    fresh = Core(run.routing)
    fresh.restore(entries, run.now())
    if fresh.board.alerts != board.alerts:
        run.broken("a fresh start has other alerts")
    if sorted(fresh.board.entries(), key=str) != sorted(board.entries(), key=str):
        run.broken("a fresh start has another log")


def id_of(entry: LogEntry) -> str:
    """The id of an entry's last notification; see `Channel.notification_id`."""
    group = group_hash(entry.group.key)[:16]
    return f"{group}/{entry.integration}/{entry.born:x}-{entry.sequence}"
