"""Bytes of a datagram → legible text. What is not legible is made so, never dropped."""

import re

from trapgate.model import Problem

BLANK = b"\0 \t\r\n\v\f"
"""A datagram of nothing but these bytes says nothing."""

SEVERAL = b"\n<"
"""What a datagram of several messages has in it: a cheap look."""

MESSAGES_MAX = 256
"""Messages taken out of one datagram; what is behind them stays in the last one. 64 KiB hold 600 of
the shortest lines of devices, which send a dozen together at most."""

SHOWN_CHARS_MAX = 32_768
"""Characters of a message's text that are kept; the line itself is in `raw`. Nobody reads more, and
Elasticsearch refuses words beyond 32,766 bytes."""

NOT_UTF8 = Problem("not-utf8", "warning", "the message is not UTF-8: it was read as Latin-1")
NOT_IN_CHARSET = Problem(
    "not-in-charset", "warning", "the message is not in the charset of its source"
)
TRUNCATED = Problem(
    "truncated", "warning", f"the text was cut after {SHOWN_CHARS_MAX:,} characters"
)

_BOM = b"\xef\xbb\xbf"
_PADDING = b"\0\r\n"

_NEXT = re.compile(rb"[\0\r]*\n[\0\r\n]*(?=<(?:[0-9]{1,2}|1[0-8][0-9]|19[01])>)")
"""Where another message begins in the same datagram: a line's end and a PRI."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""C0, DEL and C1 but for tab and line feed: packets and counted frames may hold several lines."""


def pieces(data: bytes) -> list[bytes]:
    """The messages of a datagram, each with its PRI: nearly always one. Only a datagram that begins
    with a PRI is divided, at line ends that one follows."""
    if SEVERAL not in data or not data.startswith(b"<"):
        return [data]
    return [piece for piece in _NEXT.split(data, MESSAGES_MAX - 1) if piece.strip(BLANK)]


def legible(data: bytes, charset: str | None = None) -> tuple[str, Problem | None]:
    """The text of a message, and what was wrong with its encoding.

    It is read in `charset` if one is given (the source's), else as UTF-8, and if it does not fit
    each byte is a Latin-1 character. A byte order mark and NUL, CR and LF at the ends are removed;
    other control characters are written out (BEL as `\\x07`), so that no terminal or log file
    obeys them.
    """
    data = data.strip(_PADDING).removeprefix(_BOM)
    problem = None
    try:
        text = data.decode(charset or "utf-8")
    except (UnicodeError, LookupError):
        text = data.decode("latin-1")
        problem = NOT_UTF8 if charset is None else NOT_IN_CHARSET
    if not text.isprintable():  # much cheaper than the pattern, and nearly always true
        text = _CONTROL.sub(_written_out, text)
    return text, problem


def _written_out(control: re.Match[str]) -> str:
    return f"\\x{ord(control[0]):02x}"


def shown(text: str) -> str:
    """The part that is kept of a text of more than `SHOWN_CHARS_MAX` characters, with a mark where
    it was cut."""
    cut = len(text) - SHOWN_CHARS_MAX
    return f"{text[:SHOWN_CHARS_MAX]} […{cut} more characters]"
