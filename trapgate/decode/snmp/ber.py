"""BER as SNMP uses it (X.690; RFC 3417 §8): elements as offsets into one `bytes`.

In: bytes, and the offsets between which to read. Out: offsets, integers, object identifiers.
Nothing is copied but values, nothing recurses: depth is that of the grammar that the callers walk,
so nested garbage costs one look at its outermost length. Every function stays between its
offsets and raises `Unreadable`, nothing else.
"""

from trapgate.decode.snmp.limits import OID_PARTS_MAX
from trapgate.decode.snmp.problems import (
    BAD_LENGTH,
    BAD_OID,
    BAD_PDU,
    EMPTY_INTEGER,
    EMPTY_OID,
    INDEFINITE_LENGTH,
    NEGATIVE_UNSIGNED,
    OID_TOO_LONG,
    WIDE_INTEGER,
    Unreadable,
    note,
)
from trapgate.model import Problem

INTEGER = 0x02
OCTETS = 0x04
NULL = 0x05
OID = 0x06
SEQUENCE = 0x30

LONG_FORM = 0x80
"""A length's first byte from here on is a count of length bytes (X.690 §8.1.3.5); exactly this is
the indefinite form, which SNMP forbids (RFC 3417 §8)."""

ONE_LENGTH_BYTE = LONG_FORM + 1
"""The long form of most messages, 128 to 255 bytes: worth a branch of its own."""

TWO_LENGTH_BYTES = LONG_FORM + 2
"""That of nearly all others."""

LENGTH_BYTES_MAX = 126
"""Bytes of a long-form length, all that X.690 §8.1.3.5 allows: leading zeros are harmless, and what
is more than the element may have is refused however it is written."""

HEADER_BYTES_MAX = 2 + LENGTH_BYTES_MAX
"""Identifier and longest length."""

INTEGER_BYTES_MAX = 9
"""Width of a number, not counting what only pads it: a Counter64 with its top bit set needs a
leading zero."""

SUBID_BYTES_MAX = 5
"""A sub-identifier of 32 bits, 7 bits a byte."""

SUBID_MAX = 2**32 - 1
"""The largest sub-identifier (RFC 2578 §3.5)."""

OIDS_CACHED_MAX = 32_768
"""Object identifiers whose text is remembered: the variables of a few thousand interfaces, about
8 MB. Past it the cache starts anew, so that random names cost time and no memory."""

OID_CACHED_BYTES_MAX = 64
"""Longer identifiers (indexes made of strings) hardly repeat and are not remembered."""

ZERO_DOT_ZERO = "0.0"
"""What an empty object identifier is read as, as net-snmp does."""


def header(data: bytes, pos: int, end: int) -> tuple[int, int, int]:
    """Read an identifier byte and a length: (tag, start of the content, its end).

    The end may lie behind `end`: whether that is an error the caller knows. Raises `Unreadable`
    for the indefinite length, one of more than `LENGTH_BYTES_MAX` bytes, or a cut header.
    """
    start = pos + 2
    if start > end:
        raise Unreadable(BAD_LENGTH)
    size = data[pos + 1]
    if size == ONE_LENGTH_BYTE and start < end:
        size = data[start]
        start += 1
    elif size >= LONG_FORM:
        count = size - LONG_FORM
        if count == 0:
            raise Unreadable(INDEFINITE_LENGTH)
        if count > LENGTH_BYTES_MAX or start + count > end:
            raise Unreadable(BAD_LENGTH)
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    return data[pos], start, start + size


def element(data: bytes, pos: int, end: int) -> tuple[int, int, int]:
    """Like `header`, for an element that must end at or before `end`."""
    tag, start, stop = header(data, pos, end)
    if stop > end:
        raise Unreadable(BAD_LENGTH)
    return tag, start, stop


def integer(content: bytes, found: list[Problem]) -> int:
    """Two's complement, padded or not; no bytes are 0.

    Raises `Unreadable` for a number wider than `INTEGER_BYTES_MAX`.
    """
    if not content:
        note(found, EMPTY_INTEGER)
    value = int.from_bytes(content, "big", signed=True)
    if value.bit_length() >= 8 * INTEGER_BYTES_MAX:
        raise Unreadable(BAD_PDU)
    return value


def unsigned(content: bytes, bits: int, found: list[Problem]) -> int:
    """A number that cannot be negative, modulo its width, with a note if that changed it.

    An agent that writes a 32-bit word as it is in memory sets what BER takes for the sign once the
    word is large: a TimeTicks after 248 days. So the sign is not an error.
    """
    value = integer(content, found)
    modulus = 1 << bits
    if value < 0:
        note(found, NEGATIVE_UNSIGNED)
    elif value >= modulus:
        note(found, WIDE_INTEGER)
    return value % modulus


class Oids(dict[bytes, str]):
    """Object identifiers as dotted text, by their encoded content: `oids[content]` decodes what
    it has not seen. Raises `Unreadable` for what is not an object identifier of at most
    `parts_max` parts."""

    def __init__(self, parts_max: int = OID_PARTS_MAX) -> None:
        super().__init__()
        self._parts_max = parts_max

    def __missing__(self, content: bytes) -> str:
        text = oid_text(content, self._parts_max)
        if len(content) <= OID_CACHED_BYTES_MAX:
            if len(self) >= OIDS_CACHED_MAX:
                self.clear()
            self[content] = text
        return text


def oid_text(content: bytes, parts_max: int = OID_PARTS_MAX) -> str:
    """Decode the content of an object identifier; padded sub-identifiers are taken.

    Raises `Unreadable` when the last sub-identifier is cut, one is wider than 32 bits, or there
    are more than `parts_max`. Empty content is `ZERO_DOT_ZERO` (the caller notes it).
    """
    if not content:
        return ZERO_DOT_ZERO
    if len(content) > SUBID_BYTES_MAX * parts_max:
        raise Unreadable(OID_TOO_LONG)
    if content[-1] >= 0x80:
        raise Unreadable(BAD_OID)
    parts = []
    part = 0
    for byte in content:
        part = part << 7 | byte & 0x7F
        if byte < 0x80:
            parts.append(part)
            part = 0
    # The first two are packed as 40 * first + second; only below 2 may second pass 39.
    first = min(parts[0] // 40, 2)
    parts[0] -= 40 * first
    if len(parts) >= parts_max:
        raise Unreadable(OID_TOO_LONG)
    if max(parts) > SUBID_MAX:
        raise Unreadable(BAD_OID)
    return f"{first}." + ".".join(map(str, parts))


def noted_oid(content: bytes, oids: Oids, found: list[Problem]) -> str:
    """An object identifier from the cache, with a note if it is empty."""
    if not content:
        note(found, EMPTY_OID)
    return oids[content]
