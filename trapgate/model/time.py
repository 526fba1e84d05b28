"""Instants and durations as integers of nanoseconds, and their one written form (RFC 3339).

Every instant in trapgate is an `int` of nanoseconds since the Unix epoch (UTC); every duration is
an `int` of nanoseconds. Nothing here reads a clock: pure code is given a `Now`.
"""

import re
from datetime import UTC, datetime, timedelta

import msgspec

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

NEVER = 2**63 - 1
"""The end of a condition that ends only by a clear (2262-04-11): the largest instant that an
int64 holds, so that it sorts after every real one and survives every store."""

ZERO_TIME = "0001-01-01T00:00:00Z"
"""How Alertmanager writes "no time": the zero value of Go's `time.Time`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


class Now(msgspec.Struct, frozen=True):
    """The moment at which pure code is asked.

    `wall_ns` is for stamps that humans and peers read; `elapsed_ns` (CLOCK_BOOTTIME, so that it
    also counts suspend) is for timers, which must not jump when the wall clock is set.
    """

    wall_ns: int
    elapsed_ns: int


def rfc3339(instant_ns: int, *, digits: int = 3) -> str:
    """Write an instant in UTC, cut (not rounded) to `digits` (0 to 9) of a second's fraction."""
    seconds, fraction = divmod(instant_ns, NS_PER_S)
    # not strftime: it writes the year 999 with three digits
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    return f"{text}.{fraction:09d}"[: 20 + digits] + "Z" if digits else f"{text}Z"


def parse_rfc3339(text: str) -> int:
    """Read an RFC 3339 date-time as nanoseconds since the epoch.

    A blank may stand for the T (§5.6). What an int64 cannot hold (the years before 1677 and after
    2262, which clients send for "never") is the nearest instant that it can. Raises `ValueError`
    for anything else, a missing zone among it: an instant without a zone is a guess.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time as 2026-11-21T10:00:00Z")
    span = datetime.fromisoformat(text.upper()) - _EPOCH
    whole = (span.days * 86_400 + span.seconds) * NS_PER_S
    # the fraction is read here: `datetime` stops at microseconds
    fraction = int((found[1] or "0")[:9].ljust(9, "0"))
    return max(-NEVER, min(whole + fraction, NEVER))
