"""Times as people write and read them: `1h` ago, RFC 3339, or the local clock's."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from trapgate.config.values import Duration
from trapgate.model import NEVER, NS_PER_MS, NS_PER_S, parse_rfc3339

HELP = (
    "1h30m (ago), now, 17:00 (today), 2026-11-21, 2026-11-21T10:00:00 (on this machine's clock) or "
    "RFC 3339"
)
"""What can be written."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CALENDAR = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?", re.ASCII)
_CLOCK = re.compile(r"\d\d?:\d\d(:\d\d)?", re.ASCII)


def read_instant(text: str, now_ns: int, zone: tzinfo | None = None) -> int:
    """The instant that a user means: a duration, with or without a minus, is that long before
    `now_ns`, a date its midnight, a time of day that of today; what names no zone is in `zone`,
    `None` for the machine's. Raises `ValueError`, a sentence."""
    if text == "now":
        return now_ns
    try:
        return now_ns - Duration.from_text(text.removeprefix("-"))
    except ValueError:
        pass
    if _CLOCK.fullmatch(text):
        today = (_EPOCH + timedelta(seconds=now_ns // NS_PER_S)).astimezone(zone)
        hours, _, rest = text.partition(":")
        text = f"{today:%Y-%m-%d} {hours:0>2}:{rest}"
    try:
        return parse_rfc3339(text)
    except ValueError:
        pass
    try:
        if not _CALENDAR.fullmatch(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f'"{text}" is not a time: write {HELP}') from None
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
