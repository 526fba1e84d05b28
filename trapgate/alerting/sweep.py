"""What is over: alerts and log entries that may be deleted, because nothing refers to them."""

from collections.abc import Iterable, Iterator

from trapgate.alerting.board import Board
from trapgate.alerting.codec import alert_key
from trapgate.model import NS_PER_S, Alert, LogEntry

ALERT_KEPT_S = 3_600
"""How long a resolved alert stays: late repeats of the same condition continue its episodes."""

LOG_KEPT_S = 5 * 86_400
"""How long an entry stays after everything in it is resolved: Alertmanager's retention (120h)."""


def over(board: Board, wall_ns: int) -> list[tuple[str, Alert | LogEntry]]:
    """State keys that may go, with what they hold."""
    return [*_alerts(board, wall_ns), *_entries(board, wall_ns)]


def _alerts(board: Board, wall_ns: int) -> Iterator[tuple[str, Alert]]:
    needed = referenced(board.entries())
    before = wall_ns - ALERT_KEPT_S * NS_PER_S
    for alert in board.alerts.values():
        if alert.ends_at < before and alert.fingerprint not in needed:
            yield alert_key(alert.fingerprint), alert


def _entries(board: Board, wall_ns: int) -> Iterator[tuple[str, LogEntry]]:
    before = wall_ns - LOG_KEPT_S * NS_PER_S
    for channel in board.everything():
        entry = channel.entry
        if entry and channel.resting and max(entry.at, entry.failed_at) < before:
            yield channel.state_key, entry


def referenced(entries: Iterable[LogEntry]) -> set[str]:
    """Fingerprints that a log entry still needs: what was told as firing, what is being told."""
    needed: set[str] = set()
    for entry in entries:
        needed |= entry.told()
        if entry.intent is not None:
            needed |= {told.fingerprint for told in entry.intent.alerts}
    return needed
