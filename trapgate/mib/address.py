"""Internet addresses in octets: InetAddress by its InetAddressType (RFC 4001 §4), IpAddress."""

from ipaddress import IPv4Address, IPv6Address

IPV4, IPV6, IPV4Z, IPV6Z, DNS = 1, 2, 3, 4, 16
"""The types of InetAddressType that are known; 0 is unknown, and told by the length."""

_SIZES = {IPV4: 4, IPV6: 16, IPV4Z: 8, IPV6Z: 20}
_TYPES = {size: kind for kind, size in _SIZES.items()}


def address_text(value: bytes, kind: int | None = None) -> str | None:
    """An address as text, with its zone as `%7` if it has one; `None` for what is no address.

    `kind` is the value of its InetAddressType. Where that is not known, or does not fit the
    address, the length tells it. A name (type 16) is no address: it is text.
    """
    if kind == DNS:
        return None
    size = len(value)
    if _SIZES.get(kind or 0) != size:
        kind = _TYPES.get(size)
    if kind == IPV4:
        return str(IPv4Address(value))
    if kind == IPV6:
        return _ipv6(value)
    if kind in (IPV4Z, IPV6Z):
        address, zone = value[:-4], int.from_bytes(value[-4:], "big")
        text = str(IPv4Address(address)) if kind == IPV4Z else _ipv6(address)
        return f"{text}%{zone}" if zone else text
    return None


def _ipv6(value: bytes) -> str:
    """RFC 5952; a v4-mapped address is not shortened to IPv4, a device means what it says."""
    return str(IPv6Address(value))
