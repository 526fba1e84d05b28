"""Bytes and text that are safe to show: one line, nothing invisible, a bounded length."""

OCTETS_SHOWN_MAX = 1_024
"""Bytes of a value that are rendered: longer than any description or log text in a trap (Cisco's
clogHistMsgText has 255); the raw datagram keeps the rest."""

CUT = "…"
"""Ends a text that was cut."""

_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """Text with every character that would not be seen, or would move others, as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def shown(value: bytes) -> bytes:
    """The part of a value that is rendered; a character of UTF-8 is not cut in two."""
    if len(value) <= OCTETS_SHOWN_MAX:
        return value
    end = OCTETS_SHOWN_MAX
    while end > OCTETS_SHOWN_MAX - 4 and value[end] & 0xC0 == 0x80:
        end -= 1
    return value[:end]


def marked(value: bytes, text: str) -> str:
    """The text of a value, with a sign at its end if only a part of the value is in it."""
    return text + CUT if len(value) > OCTETS_SHOWN_MAX else text


def hex_text(value: bytes) -> str:
    """`0x` and the bytes; nothing for no bytes."""
    return marked(value, f"0x{shown(value).hex()}") if value else ""


def _escape(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
