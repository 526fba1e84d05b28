"""What trapgate says about itself: metrics and logs. Above the pure code, which can do neither."""

from trapgate.observe.logs import configure_logs, logger
from trapgate.observe.metrics import FAMILIES, Family, Follower, Metrics, merged_exposition

__all__ = [
    "FAMILIES",
    "Family",
    "Follower",
    "Metrics",
    "configure_logs",
    "logger",
    "merged_exposition",
]
