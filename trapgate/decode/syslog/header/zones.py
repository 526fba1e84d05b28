"""Names of time zones in messages → offsets from UTC.

Abbreviations are not unique (CST is Chicago's and Shanghai's), so the source's own zone is asked
first and this table second.
"""

import re
from datetime import datetime, tzinfo
from functools import lru_cache

NAMES_CACHED_MAX = 1_024
"""(name, source's zone, year) whose answer is remembered: the honest ones fit many times over."""

_MINUTES = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "UCT": 0,
    "WET": 0,
    "WEST": 60,
    "BST": 60,
    "CET": 60,
    "CEST": 120,
    "MET": 60,
    "MEST": 120,
    "METDST": 120,
    "MEZ": 60,
    "MESZ": 120,
    "EET": 120,
    "EEST": 180,
    "MSK": 180,
    "TRT": 180,
    "WAT": 60,
    "CAT": 120,
    "SAST": 120,
    "EAT": 180,
    "GST": 240,
    "PKT": 300,
    "IST": 330,
    "NPT": 345,
    "ICT": 420,
    "WIB": 420,
    "SGT": 480,
    "HKT": 480,
    "AWST": 480,
    "JST": 540,
    "KST": 540,
    "ACST": 570,
    "ACDT": 630,
    "AEST": 600,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
    "BRT": -180,
    "BRST": -120,
    "NST": -210,
    "NDT": -150,
    "AST": -240,
    "ADT": -180,
    "EST": -300,
    "EDT": -240,
    "CST": -360,
    "CDT": -300,
    "MST": -420,
    "MDT": -360,
    "PST": -480,
    "PDT": -420,
    "AKST": -540,
    "AKDT": -480,
    "HST": -600,
}
"""Minutes east of UTC. Where a name has several meanings this is the one of the larger network."""

_MINUTES_OF_CAPITALS = {
    "AMT": -240,
    "ART": -180,
    "AWDT": 540,
    "BDT": 360,
    "BOT": -240,
    "CHAST": 765,
    "CLST": -180,
    "CLT": -240,
    "COT": -300,
    "ECT": -300,
    "GET": 240,
    "HADT": -540,
    "IDT": 180,
    "IRDT": 270,
    "IRKT": 480,
    "IRST": 210,
    "KRAT": 420,
    "LMT": 0,
    "MMT": 390,
    "MYT": 480,
    "NOVT": 420,
    "OMST": 360,
    "PET": -300,
    "PHT": 480,
    "PYT": -240,
    "SAMT": 240,
    "SST": -660,
    "UYT": -180,
    "UZT": 300,
    "VET": -240,
    "VLAT": 600,
    "WIT": 540,
    "WITA": 480,
    "YEKT": 300,
}
"""The rarer names: only in capitals, since `pet` and `art` are hosts."""

_OFFSET = re.compile(r"(?:UTC|GMT|TZ)?([+-])([0-9]{1,2})(?::?([0-5][0-9]))?", re.IGNORECASE)
"""`+0200`, `-05:30`, `UTC+07:30`, `TZ-6` (RFC 3164 §5.4, example 4); the sign as it is written, not
POSIX's."""

_OFFSET_HOURS_MAX = 14


def is_zone(word: str) -> bool:
    """Whether a word is a known abbreviation, in capitals or in small letters, or a written
    offset. `Met` and `Cat` are neither."""
    if word in _MINUTES or word in _MINUTES_OF_CAPITALS:
        return True
    if word.islower() and word.upper() in _MINUTES:
        return True
    return _OFFSET.fullmatch(word) is not None


@lru_cache(NAMES_CACHED_MAX)
def offset_s(name: str, home: tzinfo, year: int) -> int | None:
    """Seconds east of UTC that a zone's name means to a device at home in `home`; `None` if it
    means nothing known. `year` decides what `home` calls its winter and its summer."""
    name = name.upper()
    for month in (1, 7):
        moment = datetime(year, month, 1, tzinfo=home)
        offset = moment.utcoffset()
        if offset is not None and moment.tzname() == name:
            return int(offset.total_seconds())
    minutes = _MINUTES.get(name, _MINUTES_OF_CAPITALS.get(name))
    if minutes is not None:
        return minutes * 60
    return _written_offset_s(name)


def written_offset_s(text: str) -> int | None:
    """Seconds east of UTC of a written offset (`Z`, `+02:00`, `UTC-3`), `None` for other text."""
    return 0 if text in ("Z", "z") else _written_offset_s(text)


def _written_offset_s(text: str) -> int | None:
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[2]) > _OFFSET_HOURS_MAX:
        return None
    size = int(found[2]) * 3_600 + int(found[3] or 0) * 60
    return -size if found[1] == "-" else size
