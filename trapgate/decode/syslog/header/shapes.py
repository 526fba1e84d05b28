"""The shapes in which devices write a time: text → date and time of day as written.

In: a text and a place in it. Out: what is written there, not yet known to exist nor in which zone.
RFC 3164 §4.1.2, RFC 3339, Cisco's `service timestamps`, and what vendors make of them.

    Jul  1 01:00:40.123      Jul 01 2026 01:00:40      Jul  1 01:00:40:123 2026     01:00:40 PM
    2026 Jul  1 01:00:40     2026-Jul- 1 01:00:40      Wed Jul  1 01:00:40 2026
    2026-07-01T01:00:40Z     2026-7-1 01:00:40.270.1   2026/07/01 01:00:40          20260701T010040
    1 Jul 2026 01:00:40      01/Jul/2026:01:00:40      07/01/2026:01:00:40          1782867640.123
    01.07.2026 01:00:40      01-07-2026 01:00:40
    00:01:01 and 2y10w (uptimes)
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from trapgate.decode.syslog.header.zones import written_offset_s

_MONTHS = {
    name: number
    for number, month in enumerate(
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1
    )
    for name in (month, month.upper(), month.lower())
}
_DAYS = tuple(
    form
    for day in "Mon Tue Wed Thu Fri Sat Sun".split()
    for form in (day, day.upper(), day.lower())
)


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


CENTURY_FROM = 70
"""Years of two digits from here on are of the last century: a ProCurve without a clock says 90."""

# no run of spaces or digits is unbounded: 64 KiB of them must not be read at every step
_CLOCK = (
    r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
    r"(?:(?:[.,]|:(?=[0-9]{3} (?:19|20)[0-9]{2}))([0-9]{1,9})[0-9]{0,9})?"
    r"(?: ?([AP])M(?:\.[0-9]{1,9})?(?=[ :]|$))?"
)
_ZONE = r"([Zz](?![0-9A-Za-z])|[+-][0-9]{2}:?[0-9]{2}(?![0-9]))?"

_LONG_MONTHS = "|".join(
    rf"(?<={month[:3]}){month[3:]}"
    for month in "January February March April June July August September October November "
    "December".split()
)
_MONTH_FIRST = re.compile(
    rf"([A-Za-z]{{3}})(?:{_LONG_MONTHS})? {{1,4}}"
    rf"([0-9]{{1,2}}),? {{1,4}}(?:([0-9]{{4}}),? {{1,4}})?{_CLOCK}"
)
_YEAR_MONTH = re.compile(
    rf"([0-9]{{4}})[ -]{{1,2}}([A-Za-z]{{3}})[ -]{{1,4}}([0-9]{{1,2}}) {{1,4}}{_CLOCK}"
)
_DAY_MONTH = re.compile(
    rf"([0-9]{{1,2}})[ /-]([A-Za-z]{{3}})[ /-]{{1,2}}(?:([0-9]{{4}})[ :]{{1,2}})?{_CLOCK}"
)
_SLASHED = re.compile(
    rf"([0-9]{{1,2}})/([0-9]{{1,2}})/([0-9]{{4}}|[0-9]{{2}})[ :,-]{{1,2}}{_CLOCK}"
)
_NUMBERS = re.compile(rf"([0-9]{{1,2}})([.-])([0-9]{{1,2}})\2([0-9]{{4}}) {{1,2}}{_CLOCK}")

_ISO = re.compile(
    r"([0-9]{4})([-/:])([0-9]{1,2})\2([0-9]{1,2})(?:[Tt]| {1,2}|[-,](?=[0-9]{2}:))"
    r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9})[0-9]{0,64})?(?:\.[0-9]{1,2}(?= ))?"
    + _ZONE
)
"""Huawei counts behind the fraction: `.270.1`."""

_COMPACT = re.compile(
    r"([0-9]{4})([01][0-9])([0-3][0-9])[Tt ]?([0-2][0-9])([0-5][0-9])([0-6][0-9])"
    r"(?:[.,]([0-9]{1,9})[0-9]{0,9})?" + _ZONE + r"(?= |$)"
)
_EPOCH = re.compile(r"([12][0-9]{9}|[0-9]{9}(?=\.))(?:\.([0-9]{1,9})[0-9]{0,9}|([0-9]{3}))?(?= )")
_UPTIME = re.compile(
    r"(?:[0-9]{1,3}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?|(?:[0-9]{1,4}[ywdh]){2})(?=: |$)|"
    r"[0-9]{1,4} [0-9]{1,2}(?=: %)"
)
_WEEKDAY = re.compile(r"[A-Za-z]{3},? {1,4}")
_DIGITS = re.compile(r"[0-9]{1,14}")


def _month_first(text: str, at: int) -> Found | None:
    """`Jan  1 01:00:40.123`, `Jan 01 2026 01:00:40`, `Jan 1 01:00:40 PM`."""
    found = _MONTH_FIRST.match(text, at)
    if found is None:
        return None
    month, day, year, *clock = found.groups()
    return _named_month(found.end(), year, month, day, *clock)


def _weekday_first(text: str, at: int) -> Found | None:
    """`Wed Jul  1 01:00:40 2026`, `Wed, 01 Jul 2026 01:00:40`."""
    found = _WEEKDAY.match(text, at)
    if found is None or text[at : at + 3] not in _DAYS:
        return None
    return _month_first(text, found.end()) or _day_month(text, found.end())


def _year_month(text: str, at: int) -> Found | None:
    """`2026 Jan  1 01:00:40`: NX-OS; `2026-Jan- 1 01:00:40`: Opengear."""
    found = _YEAR_MONTH.match(text, at)
    return _named_month(found.end(), *found.groups()) if found else None


def _day_month(text: str, at: int) -> Found | None:
    """`1 Jan 2026 01:00:40`, `01-Jan-2026 01:00:40`, `01/Jan/2026:01:00:40`, `1 Jan 01:00:40`."""
    found = _DAY_MONTH.match(text, at)
    if found is None:
        return None
    day, month, year, *clock = found.groups()
    return _named_month(found.end(), year, month, day, *clock)


def _slashed(text: str, at: int) -> Found | None:
    """`07/01/2026:01:00:40`, month first as NetScaler has it, unless only the other way makes
    sense."""
    found = _SLASHED.match(text, at)
    if found is None:
        return None
    month, day, year, hour, minute, second, fraction, half = found.groups()
    if int(month) > 12:
        month, day = day, month
    full_year = int(year)
    if len(year) == 2:
        full_year += 2000 if full_year < CENTURY_FROM else 1900
    hours = _hours(hour, half)
    clock = (hours, int(minute), int(second), _fraction_ns(fraction))
    return Found(found.end(), Civil(full_year, int(month), int(day), *clock))


def _numbers(text: str, at: int) -> Found | None:
    """`01.07.2026 01:00:40`, `01-07-2026 01:00:40`: the day first, unless that fits no month."""
    found = _NUMBERS.match(text, at)
    if found is None:
        return None
    day, _, month, year, hour, minute, second, fraction, half = found.groups()
    if int(month) > 12:
        month, day = day, month
    clock = (_hours(hour, half), int(minute), int(second), _fraction_ns(fraction))
    return Found(found.end(), Civil(int(year), int(month), int(day), *clock))


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
    civil = Civil(
        int(year) if year else None,
        number,
        int(day),
        _hours(hour, half) if half else int(hour),
        int(minute),
        int(second),
        _fraction_ns(fraction) if fraction else 0,
    )
    return Found(end, civil)


def _hours(hour: str, half: str | None) -> int:
    """The hour of a day of 24, `half` being `A` or `P` of one of twice twelve."""
    return int(hour) if half is None else int(hour) % 12 + (12 if half == "P" else 0)


def _fraction_ns(digits: str | None) -> int:
    return int(digits.ljust(9, "0")) if digits else 0


def iso(text: str, at: int) -> Found | None:
    """`2026-01-01T01:00:40.123456+01:00`, also with a space, slashes, without zone or padding;
    `2026:01:01-01:00:40` (Sophos)."""
    found = _ISO.match(text, at)
    if found is None:
        return None
    year, _, month, day, hour, minute, second, fraction, zone = found.groups()
    civil = Civil(
        int(year),
        int(month),
        int(day),
        int(hour),
        int(minute),
        int(second),
        _fraction_ns(fraction) if fraction else 0,
        written_offset_s(zone) if zone else None,
    )
    return Found(found.end(), civil)


def _compact(text: str, at: int) -> Found | None:
    """`20260701T010040Z`: ISO 8601's basic format."""
    found = _COMPACT.match(text, at)
    if found is None:
        return None
    *numbers, fraction, zone = found.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    offset = written_offset_s(zone) if zone else None
    civil = Civil(year, month, day, hour, minute, second, _fraction_ns(fraction), offset)
    return Found(found.end(), civil)


def epoch(text: str, at: int) -> Found | None:
    """`1563249630.774247467` or `1563249630774`: seconds or milliseconds since 1970 (of the years
    2001 to 2065), with a space behind."""
    found = _EPOCH.match(text, at)
    if found is None:
        return None
    moment = datetime.fromtimestamp(int(found[1]), UTC)
    fraction = _fraction_ns(found[2] or found[3])
    day = (moment.year, moment.month, moment.day)
    return Found(
        found.end(), Civil(*day, moment.hour, moment.minute, moment.second, fraction, offset_s=0)
    )


def _uptime(text: str, at: int) -> Found | None:
    """`00:01:01`, `3d04h`, `2y10w`, `1 2`: Cisco's time since boot, where a colon ends it."""
    found = _UPTIME.match(text, at)
    return Found(found.end(), None) if found else None


def is_uptime(word: str) -> bool:
    """Whether a word is an uptime and nothing else."""
    return _UPTIME.fullmatch(word) is not None


Shape = Callable[[str, int], Found | None]

_BY_LETTERS: Mapping[str, Shape] = {
    **dict.fromkeys(_MONTHS, _month_first),
    **dict.fromkeys(_DAYS, _weekday_first),
}
"""The shape that begins with these three letters."""

_BY_DIGITS: Mapping[tuple[int, str], tuple[Shape, ...]] = {
    (4, "-"): (iso, _year_month),
    (4, "/"): (iso,),
    (4, ":"): (iso,),
    (4, " "): (_year_month,),
    **dict.fromkeys(((size, "-") for size in (1, 2)), (_day_month, _numbers)),
    **dict.fromkeys(((size, " ") for size in (1, 2)), (_day_month, _numbers, _uptime)),
    **dict.fromkeys(((size, ".") for size in (1, 2)), (_numbers,)),
    **dict.fromkeys(((size, "/") for size in (1, 2)), (_slashed, _day_month)),
    **dict.fromkeys(((size, ":") for size in (1, 2, 3)), (_uptime,)),
    **dict.fromkeys(((size, unit) for size in (1, 2, 3, 4) for unit in "ywdh"), (_uptime,)),
    **dict.fromkeys(((8, "T"), (8, "t"), (8, " ")), (_compact,)),
    **dict.fromkeys(((14, mark) for mark in (" ", ".", "Z", "+", "")), (_compact,)),
    **dict.fromkeys(((10, "."), (10, " "), (13, " ")), (epoch,)),
}
"""The shapes that begin with so many digits and what is behind them, in the order in which they are
tried."""


def scan(text: str, at: int) -> Found | None:
    """The time that stands at this place, `None` if there is none."""
    shape = _BY_LETTERS.get(text[at : at + 3])
    if shape is not None:
        return shape(text, at)
    digits = _DIGITS.match(text, at)
    if digits is None:
        return None
    end = digits.end()
    for shape in _BY_DIGITS.get((end - at, text[end : end + 1]), ()):
        found = shape(text, at)
        if found is not None:
            return found
    return None


_TIME_STARTS = frozenset("0123456789*.") | {name[0] for name in (*_MONTHS, *_DAYS)}


def may_start(text: str, at: int) -> bool:
    """Whether a time, or a count before one, could begin here: a cheap look at one character."""
    return text[at : at + 1] in _TIME_STARTS


def skip_spaces(text: str, at: int) -> int:
    """The next place that is no space. Tabs are none: they belong to the message."""
    while text.startswith(" ", at):
        at += 1
    return at
