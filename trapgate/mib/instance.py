"""The instance at the end of a column's name → the values of its row's index (RFC 2578 §7.7).

BGP's traps of RFC 1657 tell the peer nowhere else: `bgpPeerState.192.0.2.7`.
"""

from collections.abc import Sequence

from trapgate.mib.facts import Object
from trapgate.mib.rendering import INET_ADDRESS_TYPE, known_octets_text

_ONE_PART = ("integer", "gauge32", "counter32", "timeticks")


def index_values(
    suffix: str, index: Sequence[Object], *, implied: bool = False
) -> tuple[tuple[str, str], ...]:
    """The index's objects by name, each with its value as text, in order.

    `suffix` is dotted text without a leading dot. An InetAddress is read by the InetAddressType
    before it. Never raises: an instance that does not fit the index (too short, too long, an octet
    above 255) gives nothing rather than a guess.
    """
    try:
        parts = [int(part) for part in suffix.split(".")]
    except ValueError:
        return ()
    values = []
    address_type: int | None = None
    for number, known in enumerate(index):
        count = _width(known, parts, open_ended=implied and number == len(index) - 1)
        if count is None or count > len(parts):
            return ()
        text = _text(known, parts[:count], address_type)
        if text is None:
            return ()
        if known.type == INET_ADDRESS_TYPE:
            address_type = parts[0]
        values.append((known.name, text))
        parts = parts[count:]
    return tuple(values) if not parts else ()


def _width(known: Object, parts: list[int], *, open_ended: bool) -> int | None:
    """How many parts this object takes; a length that is written before it is removed."""
    if known.syntax in _ONE_PART:
        return 1
    if known.syntax == "ip":
        return 4
    if known.syntax not in ("octets", "bits", "oid"):
        return None
    if known.size is not None:
        return known.size
    if open_ended:
        return len(parts)
    return parts.pop(0) if parts else None


def _text(known: Object, parts: list[int], address_type: int | None) -> str | None:
    if known.syntax in _ONE_PART:
        return (known.labels or {}).get(parts[0]) or str(parts[0])
    if known.syntax == "oid":
        return ".".join(map(str, parts))
    if max(parts, default=0) > 255:
        return None
    if known.syntax == "ip":
        return ".".join(map(str, parts))
    return known_octets_text(bytes(parts), known, address_type)
