"""DateAndTime (RFC 2579 §2): a date, a time, and often the zone, in 8 or 11 bytes."""

import struct

DATE_HINT = "2d-1d-1d,1d:1d:1d.1d,1a1d:1d"
"""The hint of DateAndTime, by which types made of it are known too."""

_SECOND_MAX = 60
"""A leap second."""


def date_text(value: bytes) -> str | None:
    """As ISO 8601: `2026-11-21T10:39:52.1+01:00`, without the zone if there is none.

    `None` if the length is neither 8 nor 11, or a part is out of its range: devices without a
    clock send zeros.
    """
    if len(value) not in (8, 11):
        return None
    year, month, day, hour, minute, second, tenth = struct.unpack_from(">HBBBBBB", value)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if hour > 23 or minute > 59 or second > _SECOND_MAX or tenth > 9:
        return None
    text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{tenth}"
    if len(value) == 8:
        return text
    sign, hours, minutes = value[8:9], value[9], value[10]
    # RFC 2579 ends the hours at 13; there are zones 14 hours from UTC.
    if sign not in (b"+", b"-") or hours > 14 or minutes > 59:
        return None
    return f"{text}{sign.decode()}{hours:02}:{minutes:02}"
