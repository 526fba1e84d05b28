"""Times of headers that are read at one look, and remembered.

In: the characters of a time as a pattern found them. Out: the `Clock` that the careful steps would
read there, or `None` if they would read something else.
"""

from functools import lru_cache

from msgspec.structs import replace

from trapgate.decode.syslog.header.clock import Clock, clock_at
from trapgate.decode.syslog.header.shapes import Civil, epoch

STAMPS_CACHED_MAX = 8_192
"""Written times (without fractions of a second) that are remembered: devices agree on a few
seconds."""

TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
MONTH_FIRST = rf"[A-Z][a-z]{{2}} [ 0-9][0-9] (?:[0-9]{{4}} )?{TIME}"
ISO = rf"2[0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}T{TIME}"


@lru_cache(STAMPS_CACHED_MAX)
def usual_clock(stamp: str, left: int) -> Clock | None:
    """What the careful steps read from a written time, all of it but for the last `left`
    characters; `None` if they read something else, or an uptime."""
    clock = clock_at(stamp, 0, [])
    if clock is None or clock.civil is None or clock.end != len(stamp) - left:
        return None
    return clock


@lru_cache(STAMPS_CACHED_MAX)
def usual_epoch(seconds: str) -> Civil | None:
    """The second that so many since 1970 are."""
    found = epoch(f"{seconds} ", 0)
    return None if found is None else found.civil


def with_fraction(civil: Civil | None, digits: str | None) -> Civil | None:
    """The same time with a fraction of a second, if there is one: up to nine digits."""
    if civil is None or digits is None:
        return civil
    return replace(civil, fraction_ns=int(digits.ljust(9, "0")))
