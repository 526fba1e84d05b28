"""Times as people write and read them: `1h` ago, RFC 3339, or the local clock's."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from trapgate.config.values import Duration
from trapgate.model import NEVER, NS_PER_MS, NS_PER_S, parse_rfc3339

HELP = (
    "1h30m (ago), now, 17:00 (the last), 2026-11-21, 2026-11-21T10:00:00 (on this machine's clock) "
    "or RFC 3339"
)
"""What can be written."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CALENDAR = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?", re.ASCII)
_CLOCK = re.compile(r"\d\d?:\d\d(:\d\d)?", re.ASCII)


def read_instant(
    text: str, now_ns: int, zone: tzinfo | None = None, after_ns: int | None = None
) -> int:
    """The instant that a user means: a duration, with or without a minus, is that long before
    `now_ns`, a date its midnight; what names no zone is in `zone`, `None` for the machine's.

    A time of day is the last one that was, of today or of yesterday; if that is not after
    `after_ns`, with which the time begins whose end this is, the one a day later. So 22:00 to 06:00
    is one night, whether it is asked for in the evening, in that night or the day after. Raises
    `ValueError`, a sentence.
    """
    if text == "now":
        return now_ns
    try:
        return now_ns - Duration.from_text(text.removeprefix("-"))
    except ValueError:
        pass
    try:
        return parse_rfc3339(text)
    except ValueError:
        pass
    try:
        if _CLOCK.fullmatch(text):
            return _time_of_day(text, now_ns, zone, after_ns)
        if not _CALENDAR.fullmatch(text):
            raise ValueError(text)
        return _instant(datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f'"{text}" is not a time: write {HELP}') from None


def _time_of_day(text: str, now_ns: int, zone: tzinfo | None, after_ns: int | None) -> int:
    """Counted in days of the calendar: one has 23 or 25 hours where the clock is put forward or
    back."""
    hours, _, rest = text.partition(":")
    clock = time.fromisoformat(f"{hours:0>2}:{rest}")
    today = (_EPOCH + timedelta(seconds=now_ns // NS_PER_S)).astimezone(zone).date()
    day = timedelta(days=1)
    if _instant(datetime.combine(today, clock), zone) > now_ns:
        today -= day
    last = _instant(datetime.combine(today, clock), zone)
    if after_ns is not None and last <= after_ns:
        return _instant(datetime.combine(today + day, clock), zone)
    return last


def _instant(moment: datetime, zone: tzinfo | None) -> int:
    """The instant of a time on the clock of `zone`, `None` for the machine's."""
    moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
    whole = (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
    return max(-NEVER, min(whole, NEVER))


def shown_instant(instant_ns: int, zone: tzinfo | None = None, *, digits: int = 0) -> str:
    """An instant on the clock of `zone` (`None`: the machine's), as `2026-11-21 10:00:00`, with 0
    or 3 digits of a second's fraction; in UTC with a Z, so that nobody takes it for local."""
    seconds, fraction = divmod(instant_ns, NS_PER_S)
    moment = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    if digits:
        text += f".{fraction // NS_PER_MS:03d}"
    return text + "Z" if zone is UTC else text
