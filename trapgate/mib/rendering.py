"""Values of variables → text for people and rules.

An enumeration's number becomes its label, octets become text by their DISPLAY-HINT (RFC 2579
§3.1, the forms for text and for hexadecimal), else text if they are UTF-8, else hexadecimal.
No text holds a control character or other invisible one: they are written as escapes.
"""

import re
import struct
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Literal

import msgspec

from trapgate.mib.facts import Object

OCTETS_SHOWN_MAX = 1_024
"""Bytes of a value that are rendered: longer than any description or log text in a trap (Cisco's
clogHistMsgText has 255); the raw datagram keeps the rest."""

CUT = "…"
"""Ends a text that was cut."""

HINTS_CACHED_MAX = 256
"""Forms that are remembered: all MIBs of all vendors have about a hundred."""

_TEXT_HINT = re.compile(r"\d+[at]")
_HEX_HINT = re.compile(r"([1-9]?)x([^\d*]?)")
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_LINE_CHARACTERS = str.maketrans("", "", "\t\r\n")

_FLOAT = b"\x9f\x78\x04"
_DOUBLE = b"\x9f\x79\x08"
"""Floating point inside an Opaque, as net-snmp writes it."""


class _Hexadecimal(msgspec.Struct, frozen=True):
    """Groups of `width` bytes with a separator between them."""

    width: int
    separator: str


@lru_cache(HINTS_CACHED_MAX)
def _form(hint: str) -> Literal["text"] | _Hexadecimal | None:
    """What a DISPLAY-HINT asks for; `None` is a form that is not rendered yet (decimal ones)."""
    if _TEXT_HINT.fullmatch(hint):
        return "text"
    found = _HEX_HINT.fullmatch(hint)
    return _Hexadecimal(int(found[1] or "1"), found[2]) if found else None


def render(kind: str, value: int | bytes | str | None, known: Object | None) -> str:
    """The text of a value of type `kind` (a `VarbindType`), by what is `known` of its object.

    Never raises; a value that does not fit its object is rendered by its own type. A type without
    a value (null, no-such-object) is its name.
    """
    if isinstance(value, int):
        labels = known.labels if known is not None else None
        return str(value) if labels is None else labels.get(value) or str(value)
    if isinstance(value, str):
        return value
    if value is None:
        return kind
    if kind == "octets":
        return octets_text(value, known.hint if known is not None else None)
    if kind == "ip" and len(value) == 16:
        return str(IPv6Address(value))
    if kind == "opaque":
        return _opaque_text(value)
    return hex_text(value)


def octets_text(value: bytes, hint: str | None = None) -> str:
    """Octets as text. Zero bytes at the end are left out of text: agents in C send them."""
    form = _form(hint) if hint is not None else None
    if form == "text":
        # Not UTF-8 (Latin-1 is frequent) stays readable: only the strange bytes are escaped.
        text = _shown(value).rstrip(b"\0").decode(errors="backslashreplace")
        return _cut(value, visible(text))
    if isinstance(form, _Hexadecimal) and value:
        return _cut(value, _separated(_shown(value), form.width, form.separator))
    try:
        text = _shown(value).rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return hex_text(value)
    if text.isprintable() or text.translate(_LINE_CHARACTERS).isprintable():
        return _cut(value, visible(text)) if text or not value else hex_text(value)
    return hex_text(value)


def hex_text(value: bytes) -> str:
    """`0x` and the bytes; nothing for no bytes."""
    return _cut(value, f"0x{_shown(value).hex()}") if value else ""


def visible(text: str) -> str:
    """Text with every character that would not be seen, or would move others, as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    short = _SHORT_ESCAPES.get(character)
    if short is not None:
        return short
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _shown(value: bytes) -> bytes:
    """The part that is rendered; a character of UTF-8 is not cut in two."""
    if len(value) <= OCTETS_SHOWN_MAX:
        return value
    end = OCTETS_SHOWN_MAX
    while end > OCTETS_SHOWN_MAX - 4 and value[end] & 0xC0 == 0x80:
        end -= 1
    return value[:end]


def _cut(value: bytes, text: str) -> str:
    return text + CUT if len(value) > OCTETS_SHOWN_MAX else text


def _separated(value: bytes, width: int, separator: str) -> str:
    """Groups of `width` bytes in hexadecimal: `1x:` is how a MAC address is written."""
    groups = range(0, len(value), width)
    return visible(separator.join(value[at : at + width].hex() for at in groups))


def _opaque_text(value: bytes) -> str:
    if value.startswith(_FLOAT) and len(value) == len(_FLOAT) + 4:
        return f"{struct.unpack_from('>f', value, len(_FLOAT))[0]:.7g}"
    if value.startswith(_DOUBLE) and len(value) == len(_DOUBLE) + 8:
        return f"{struct.unpack_from('>d', value, len(_DOUBLE))[0]:.15g}"
    return hex_text(value)
