"""Written times → instants: the year and the zone that devices leave out, clocks that are wrong.

In: what `shapes` found in a header, the source's zone and when the message arrived. Out: the
instant, in nanoseconds, and whether to believe it. RFC 3164 §4.1.2.
"""

from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache

from trapgate.decode.syslog.header.shapes import Civil, Found, is_uptime, iso, scan
from trapgate.decode.syslog.header.zones import offset_s
from trapgate.model import NS_PER_S

__all__ = ["Civil", "Found", "instant", "is_uptime", "iso", "plausible", "scan"]

YEAR_MIN = 1700
YEAR_MAX = 2261
"""Instants of these years fit in 64 bits of nanoseconds, wherever they are stored."""

TRUSTED_SINCE_NS = 978_307_200 * NS_PER_S
"""2001-01-01: an earlier time is a clock that was never set. Devices start at 1970, 1980, 1990
(ProCurve), March 1993 (IOS) or 2000 (Huawei, Dell) and count from there."""

AHEAD_NS_MAX = 86_400 * NS_PER_S
"""A device may be ahead of us by a zone that it does not name (14 h at most); beyond a day its
clock is wrong."""

_HALF_YEAR_NS = 182 * 86_400 * NS_PER_S
_LEAP_REACH_YEARS = 8
"""Leap days are at most eight years apart (1896 and 1904), so this many years hold the nearest."""

_DAY_NS = 86_400 * NS_PER_S
_EPOCH_DAY = date(1970, 1, 1).toordinal()

DAYS_CACHED_MAX = 1_024
"""Dates whose number of days is remembered: devices agree on a few."""

MINUTES_CACHED_MAX = 8_192
"""(minute, zone) whose offset is remembered: asking a zone costs more than all the rest, and a
burst of lines lies in few minutes."""


def instant(
    civil: Civil, zone_name: str | None, home: tzinfo, received_at: int
) -> tuple[int | None, bool]:
    """The instant of a written time, and whether its zone was known.

    Without a year it is the year that brings the time nearest to `received_at`. The zone is the
    one written, else `home`, the zone of the source's clock; so is an unknown name. `None` for a
    time that does not exist (30 February, 25:00) or lies outside `YEAR_MIN` to `YEAR_MAX`.
    """
    zone: tzinfo | int = home if civil.offset_s is None else civil.offset_s
    if civil.year is not None and (zone_name is None or civil.offset_s is not None):
        return _in_year(civil, civil.year, zone, received_at), True
    received_year = _year_of(received_at // _DAY_NS)
    known = True
    if zone_name is not None and civil.offset_s is None:
        named = offset_s(zone_name, home, received_year)
        known = named is not None
        zone = home if named is None else named
    if civil.year is not None:
        return _in_year(civil, civil.year, zone, received_at), known
    near = _in_year(civil, received_year, zone, received_at)
    if near is not None and abs(near - received_at) <= _HALF_YEAR_NS:
        return near, known
    if near is not None:  # nearer in the last or in the next year, if at all
        other = _in_year(
            civil, received_year + (1 if near < received_at else -1), zone, received_at
        )
        if other is None or abs(near - received_at) < abs(other - received_at):
            return near, known
        return other, known
    # a date that this year does not have
    reach = range(received_year - _LEAP_REACH_YEARS, received_year + _LEAP_REACH_YEARS + 1)
    candidates = [_in_year(civil, year, zone, received_at) for year in reach]
    possible = [candidate for candidate in candidates if candidate is not None]
    return min(possible, key=lambda when: abs(when - received_at), default=None), known


def _in_year(civil: Civil, year: int, zone: tzinfo | int, received_at: int) -> int | None:
    """The instant with this year. A second of 60 (a leap second) is the one that follows."""
    if civil.hour > 23 or civil.minute > 59 or civil.second > 60:
        return None
    if not YEAR_MIN <= year <= YEAR_MAX:
        return None
    day = _epoch_day(year, civil.month, civil.day)
    if day is None:
        return None
    local_s = day * 86_400 + civil.hour * 3_600 + civil.minute * 60 + civil.second
    if isinstance(zone, int):
        return (local_s - zone) * NS_PER_S + civil.fraction_ns
    if zone is UTC:
        return local_s * NS_PER_S + civil.fraction_ns
    east, folded = _offsets_s(zone, year, civil.month, civil.day, civil.hour, civil.minute)
    first = (local_s - east) * NS_PER_S + civil.fraction_ns
    if folded == east:
        return first
    # the hour that autumn repeats: of its two instants the one nearer to the arrival
    second = (local_s - folded) * NS_PER_S + civil.fraction_ns
    return first if abs(first - received_at) <= abs(second - received_at) else second


@lru_cache(DAYS_CACHED_MAX)
def _year_of(day: int) -> int:
    """The year of a day since 1970, in UTC."""
    return datetime.fromtimestamp(day * 86_400, UTC).year


@lru_cache(DAYS_CACHED_MAX)
def _epoch_day(year: int, month: int, day: int) -> int | None:
    """Days since 1970, `None` for a date that does not exist."""
    try:
        return date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None


@lru_cache(MINUTES_CACHED_MAX)
def _offsets_s(
    zone: tzinfo, year: int, month: int, day: int, hour: int, minute: int
) -> tuple[int, int]:
    """Seconds east of UTC at a minute of a zone's clock, the first and the second time that it
    comes: they differ in the hour that autumn repeats."""
    moment = datetime(year, month, day, hour, minute, tzinfo=zone)
    return _east_s(moment), _east_s(moment.replace(fold=1))


def _east_s(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else offset.days * 86_400 + offset.seconds


def plausible(instant_ns: int, received_at: int) -> bool:
    """Whether a set clock may have said so: not before 2001, not a day ahead of the arrival."""
    return TRUSTED_SINCE_NS <= instant_ns <= received_at + AHEAD_NS_MAX
