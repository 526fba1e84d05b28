"""Lines that stand for several: "last message repeated 3 times" → how often, and what.

In: the text of a message. Out: the count, and the repeated text where the line quotes it.

    last message repeated 3 times                         BSD, NX-OS
    message repeated 3 times in last 10 sec               Junos and others
    message repeated 5 times: [ text]                     rsyslog
    Last message 'text' repeated 3 times                  Solaris, syslog-ng
    text (message repeated 2 times)                       trailing
"""

import re

COUNT_MAX = 1_000_000_000
"""More repeats than a device can send in a lifetime are not believed."""

_ALONE = re.compile(
    r"(?:last |previous |the )?(?:last )?(?:message|line)(?: '(?P<quoted>[^\n']{1,8192})')?"
    r"(?: was)? repeated (?P<count>[0-9]{1,10}) times?[^\n:]{0,64}$",
    re.IGNORECASE,
)
_BRACKETED = re.compile(
    r"(?:last )?message repeated (?P<count>[0-9]{1,10}) times?: \[ ?", re.IGNORECASE
)
_BEHIND = re.compile(
    r" ?[(\[](?:last )?(?:message )?repeated (?P<count>[0-9]{1,10}) times?[)\]]\.?$", re.IGNORECASE
)
_BEHIND_CHARS_MAX = 64
"""The longest trailing remark."""


def repeats(text: str) -> tuple[int, str] | None:
    """How many times a message came that this text stands for, and the text of the message (the
    line itself if it does not say which); `None` for a text that stands for itself alone."""
    if "repeated" not in text:
        return None
    found = _BRACKETED.match(text)
    if found is not None:
        return _counted(found["count"], text[found.end() :].removesuffix("]"))
    found = _ALONE.match(text)
    if found is not None:
        return _counted(found["count"], found["quoted"] or text)
    behind = _BEHIND.search(text, max(0, len(text) - _BEHIND_CHARS_MAX))
    if behind is not None and behind.start() > 0:
        return _counted(behind["count"], text[: behind.start()])
    return None


def _counted(digits: str, text: str) -> tuple[int, str] | None:
    count = int(digits)
    return (count, text) if 0 < count <= COUNT_MAX and text else None
