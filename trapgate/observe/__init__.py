"""What trapgate says about itself: metrics and logs. Above the pure code, which can do neither."""

from trapgate.observe.alarm import ALARMS, Alarm, Sounding, sounding
from trapgate.observe.families import FAMILIES, Family
from trapgate.observe.logs import configure_logs, logger
from trapgate.observe.metrics import Follower, Metrics, merged_exposition

__all__ = [
    "ALARMS",
    "FAMILIES",
    "Alarm",
    "Family",
    "Follower",
    "Metrics",
    "Sounding",
    "configure_logs",
    "logger",
    "merged_exposition",
    "sounding",
]
