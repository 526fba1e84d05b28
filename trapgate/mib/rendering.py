"""Values of variables → text for people and rules.

An enumeration's number becomes its label, BITS the names of those that are set, octets become
text by their DISPLAY-HINT, an InetAddress and a DateAndTime by what they are, else text if they
are UTF-8, else hexadecimal. No text holds a control character or other invisible one: they are
written as escapes. What a value is on the wire counts: one that does not fit its object is
rendered by its own type.
"""

import struct
from collections.abc import Mapping
from ipaddress import IPv6Address

from trapgate.mib.address import address_text
from trapgate.mib.date import DATE_HINT, date_text
from trapgate.mib.facts import Object
from trapgate.mib.hint import integer_by_hint, is_text, octets_by_hint
from trapgate.mib.visible import hex_text, marked, shown, visible

NUMBERS = frozenset(("integer", "gauge32", "uinteger32"))
"""Wire types that an enumeration and a hint for integers are for. Agents send enumerations as
Gauge32 now and then; a counter or a time is never one."""

INET_ADDRESS = "InetAddress"
INET_ADDRESS_TYPE = "InetAddressType"
"""Names of the textual conventions (RFC 4001) that belong together."""

_LINE_CHARACTERS = str.maketrans("", "", "\t\r\n")

_FLOAT = b"\x9f\x78\x04"
_DOUBLE = b"\x9f\x79\x08"
"""Floating point inside an Opaque, as net-snmp writes it."""


def render(
    kind: str,
    value: int | bytes | str | None,
    known: Object | None,
    address_type: int | None = None,
) -> str:
    """The text of a value of type `kind` (a `VarbindType`), by what is `known` of its object.

    `address_type` is the InetAddressType of an InetAddress, if another variable tells it
    (`MibIndex.address_type_oid`); without it the length does. An OID stays numeric. Never raises;
    a value that does not fit its object is rendered by its own type. A type without a value (null,
    no-such-object) is its name.
    """
    if isinstance(value, int):
        return str(value) if known is None else _number_text(kind, value, known)
    if isinstance(value, str):
        return value
    if value is None:
        return kind
    if kind == "octets":
        if known is None or known.syntax not in ("octets", "bits"):
            return octets_text(value)
        return known_octets_text(value, known, address_type)
    if kind == "ip" and len(value) == 16:
        return str(IPv6Address(value))
    if kind == "opaque":
        return _opaque_text(value)
    return hex_text(value)


def known_octets_text(value: bytes, known: Object, address_type: int | None = None) -> str:
    """Octets as text by what is known of their object; never raises."""
    if known.syntax == "bits":
        return bits_text(value, known.labels or {})
    special: str | None = None
    if known.type == INET_ADDRESS:
        special = address_text(value, address_type)
    elif known.hint == DATE_HINT:
        special = date_text(value) or hex_text(value)
    return octets_text(value, known.hint) if special is None else special


def bits_text(value: bytes, labels: Mapping[int, str]) -> str:
    """The names of the bits that are set, as `bridge,router`; one without a name is its position,
    counted from the first byte's highest bit (RFC 2578 §7.1.4)."""
    part = shown(value)
    names = [
        labels.get(at * 8 + bit) or str(at * 8 + bit)
        for at, byte in enumerate(part)
        if byte
        for bit in range(8)
        if byte & 0x80 >> bit
    ]
    return marked(value, ",".join(names))


def octets_text(value: bytes, hint: str | None = None) -> str:
    """Octets as text. Zero bytes at the end are left out of text: agents in C send them."""
    if hint is not None and value:
        if is_text(hint):
            # Not UTF-8 (Latin-1 is frequent) stays readable: only the strange bytes are escaped.
            text = shown(value).rstrip(b"\0").decode(errors="backslashreplace")
            return marked(value, visible(text))
        formed = octets_by_hint(shown(value), hint)
        if formed is not None:
            return marked(value, visible(formed))
    try:
        text = shown(value).rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return hex_text(value)
    if text.isprintable() or text.translate(_LINE_CHARACTERS).isprintable():
        return marked(value, visible(text)) if text or not value else hex_text(value)
    return hex_text(value)


def _number_text(kind: str, value: int, known: Object) -> str:
    if kind not in NUMBERS or known.syntax not in ("integer", "gauge32"):
        return str(value)
    if known.labels is not None:
        return known.labels.get(value) or str(value)
    return (known.hint and integer_by_hint(value, known.hint)) or str(value)


def _opaque_text(value: bytes) -> str:
    if value.startswith(_FLOAT) and len(value) == len(_FLOAT) + 4:
        return f"{struct.unpack_from('>f', value, len(_FLOAT))[0]:.7g}"
    if value.startswith(_DOUBLE) and len(value) == len(_DOUBLE) + 8:
        return f"{struct.unpack_from('>d', value, len(_DOUBLE))[0]:.15g}"
    return hex_text(value)
