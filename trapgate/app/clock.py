"""The clocks: the only place that reads them for the pure code."""

import time

from trapgate.model import Now


def now() -> Now:
    """This moment. CLOCK_BOOTTIME also counts the time that the machine was suspended."""
    return Now(time.time_ns(), time.clock_gettime_ns(time.CLOCK_BOOTTIME))
