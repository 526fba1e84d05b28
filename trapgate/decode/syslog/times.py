"""Written times → instants: the shapes that devices write, the year and the zone they leave out.

`scan` finds a time in a header by its shape; `instant` says when that was, as seen from when the
message arrived. RFC 3164 §4.1.2, RFC 3339, Cisco's `service timestamps`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timezone, tzinfo

import msgspec

from trapgate.decode.syslog.zones import offset_s, written_offset_s
from trapgate.model import NS_PER_S

YEAR_MIN = 1700
YEAR_MAX = 2261
"""Instants of these years fit in 64 bits of nanoseconds, wherever they are stored."""

TRUSTED_SINCE_NS = 631_152_000 * NS_PER_S
"""1990-01-01: an earlier time is a clock that was never set (many devices start at their epoch)."""

AHEAD_NS_MAX = 86_400 * NS_PER_S
"""A device may be ahead of us by a zone that it does not name (14 h at most); beyond a day its
clock is wrong."""

_HALF_YEAR_NS = 182 * 86_400 * NS_PER_S
_LEAP_REACH_YEARS = 8
"""Leap days are at most eight years apart (1896 and 1904), so this many years hold the nearest."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MONTHS = {
    name: number
    for number, month in enumerate(
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
    )
    for name in (month, month.upper(), month.lower())
}


class Civil(msgspec.Struct, frozen=True, gc=False):
    """A date and time of day as written; not yet known to exist. `year` and `offset_s` (seconds
    east of UTC) are `None` where the text has none."""

    year: int | None
    month: int
    day: int
    hour: int
    minute: int
    second: int
    fraction_ns: int = 0
    offset_s: int | None = None


class Found(msgspec.Struct, frozen=True, gc=False):
    """A time in a text: it ends at `end`. `civil` is `None` for an uptime, which dates nothing."""

    end: int
    civil: Civil | None


_CLOCK = r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?(?: ?([AP])M(?=[ :]|$))?"

_MONTH_FIRST = re.compile(rf"([A-Za-z]{{3}}) +([0-9]{{1,2}}) +(?:([0-9]{{4}}) +)?{_CLOCK}")
_YEAR_FIRST = re.compile(rf"([0-9]{{4}}) +([A-Za-z]{{3}}) +([0-9]{{1,2}}) +{_CLOCK}")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]| )"
    r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9})[0-9]*)?"
    r"([Zz](?![0-9A-Za-z])|[+-][0-9]{2}:?[0-9]{2})?"
)
_UPTIME = re.compile(r"(?:[0-9]{1,3}:[0-9]{2}:[0-9]{2}|(?:[0-9]{1,4}[ywdh]){2})(?=: |$)")


def _month_first(text: str, at: int) -> Found | None:
    """`Jan  1 01:00:40.123`, `Jan 01 2026 01:00:40`, `Jan 1 01:00:40 PM`."""
    found = _MONTH_FIRST.match(text, at)
    if found is None:
        return None
    month, day, year, *clock = found.groups()
    return _named_month(found.end(), year, month, day, *clock)


def _year_first(text: str, at: int) -> Found | None:
    """`2026 Jan  1 01:00:40`: NX-OS."""
    found = _YEAR_FIRST.match(text, at)
    return _named_month(found.end(), *found.groups()) if found else None


def _named_month(
    end: int,
    year: str | None,
    month: str,
    day: str,
    hour: str,
    minute: str,
    second: str,
    fraction: str | None,
    half: str | None,
) -> Found | None:
    number = _MONTHS.get(month)
    if number is None:
        return None
    hours = int(hour)
    if half is not None:
        hours = hours % 12 + (12 if half == "P" else 0)
    civil = Civil(
        int(year) if year else None,
        number,
        int(day),
        hours,
        int(minute),
        int(second),
        int(fraction.ljust(9, "0")) if fraction else 0,
    )
    return Found(end, civil)


def iso(text: str, at: int) -> Found | None:
    """`2026-01-01T01:00:40.123456+01:00`, also with a space, without zone or without padding."""
    found = _ISO.match(text, at)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    civil = Civil(
        int(year),
        int(month),
        int(day),
        int(hour),
        int(minute),
        int(second),
        int(fraction.ljust(9, "0")) if fraction else 0,
        written_offset_s(zone) if zone else None,
    )
    return Found(found.end(), civil)


def _uptime(text: str, at: int) -> Found | None:
    """`00:01:01`, `3d04h`, `2y10w`: Cisco's time since boot, where a colon ends it."""
    found = _UPTIME.match(text, at)
    return Found(found.end(), None) if found else None


def is_uptime(word: str) -> bool:
    """Whether a word is an uptime and nothing else."""
    return _UPTIME.fullmatch(word) is not None


Shape = Callable[[str, int], Found | None]

_BY_FIRST: Mapping[str, tuple[Shape, ...]] = {
    **dict.fromkeys("0123456789", (iso, _year_first, _uptime)),
    **dict.fromkeys({name[0] for name in _MONTHS}, (_month_first,)),
}
"""The shapes that may begin with a character, in the order in which they are tried."""


def scan(text: str, at: int) -> Found | None:
    """The time that stands at this place, `None` if there is none."""
    for shape in _BY_FIRST.get(text[at : at + 1], ()):
        found = shape(text, at)
        if found is not None:
            return found
    return None


def instant(
    civil: Civil, zone_name: str | None, home: tzinfo, received_at: int
) -> tuple[int | None, bool]:
    """The instant of a written time, and whether its zone was known.

    Without a year it is the year that brings the time nearest to `received_at`. The zone is the
    one written, else `home`, the zone of the source's clock; so is an unknown name. `None` for a
    time that does not exist (30 February, 25:00) or lies outside `YEAR_MIN` to `YEAR_MAX`.
    """
    received_year = datetime.fromtimestamp(received_at // NS_PER_S, UTC).year
    zone: tzinfo | int = home
    known = True
    if civil.offset_s is not None:
        zone = civil.offset_s
    elif zone_name is not None:
        named = offset_s(zone_name, home, received_year)
        known = named is not None
        zone = home if named is None else named
    if civil.year is not None:
        return _in_year(civil, civil.year, zone, received_at), known
    near = _in_year(civil, received_year, zone, received_at)
    if near is not None and abs(near - received_at) <= _HALF_YEAR_NS:
        return near, known
    # a date that exists this year is nearest in this, the last or the next one
    reach = _LEAP_REACH_YEARS if near is None else 1
    years = range(received_year - reach, received_year + reach + 1)
    candidates = [_in_year(civil, year, zone, received_at) for year in years]
    possible = [candidate for candidate in candidates if candidate is not None]
    return min(possible, key=lambda when: abs(when - received_at), default=None), known


def _in_year(civil: Civil, year: int, zone: tzinfo | int, received_at: int) -> int | None:
    """The instant with this year. A second of 60 (a leap second) is the one that follows."""
    if civil.hour > 23 or civil.minute > 59 or civil.second > 60:
        return None
    if not YEAR_MIN <= year <= YEAR_MAX:
        return None
    try:
        day = date(year, civil.month, civil.day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    local_s = day * 86_400 + civil.hour * 3_600 + civil.minute * 60 + civil.second
    if isinstance(zone, int):
        return (local_s - zone) * NS_PER_S + civil.fraction_ns
    moment = datetime(year, civil.month, civil.day, civil.hour, civil.minute, tzinfo=zone)
    first = (local_s - _east_s(moment)) * NS_PER_S + civil.fraction_ns
    if isinstance(zone, timezone):
        return first
    # the hour that autumn repeats: of its two instants the one nearer to the arrival
    second = (local_s - _east_s(moment.replace(fold=1))) * NS_PER_S + civil.fraction_ns
    return first if abs(first - received_at) <= abs(second - received_at) else second


def _east_s(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else offset.days * 86_400 + offset.seconds


def plausible(instant_ns: int, received_at: int) -> bool:
    """Whether a set clock may have said so: not before 1990, not a day ahead of the arrival."""
    return TRUSTED_SINCE_NS <= instant_ns <= received_at + AHEAD_NS_MAX
