"""Bytes of a datagram → legible text. What is not legible is made so, never dropped."""

import re

from trapgate.model import Problem

BLANK = b"\0 \t\r\n\v\f"
"""A datagram of nothing but these bytes says nothing."""

NOT_UTF8 = Problem("not-utf8", "warning", "the message is not UTF-8: it was read as Latin-1")

_BOM = b"\xef\xbb\xbf"
_PADDING = b"\0\r\n"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""C0, DEL and C1 but for tab and line feed: packets and counted frames may hold several lines."""


def legible(data: bytes) -> tuple[str, bool]:
    """The text of a datagram, and whether it was UTF-8; else each byte is a Latin-1 character.

    A byte order mark and NUL, CR and LF at the ends are removed; other control characters are
    written out (BEL as `\\x07`), so that no terminal or log file obeys them.
    """
    data = data.strip(_PADDING).removeprefix(_BOM)
    try:
        text, utf8 = data.decode(), True
    except UnicodeDecodeError:
        text, utf8 = data.decode("latin-1"), False
    if not text.isprintable():  # much cheaper than the pattern, and nearly always true
        text = _CONTROL.sub(_written_out, text)
    return text, utf8


def _written_out(control: re.Match[str]) -> str:
    return f"\\x{ord(control[0]):02x}"
