"""Who may send to a listener: one verdict an address, remembered."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import msgspec

from trapgate.config import Cidr
from trapgate.model import unmapped

ADDRESSES_CACHED_MAX = 65_536
"""Addresses whose verdict is remembered; a scan of spoofed sources empties the cache, no more."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What a listener thinks of a peer. `address` is canonical: a v4-mapped IPv6 address is
    written as IPv4, a zone id is kept."""

    address: str
    allowed: bool


def canonical(host: str) -> IPv4Address | IPv6Address:
    """The address that the socket module writes as `host`, without its zone: a v4-mapped one is
    the IPv4 address that it stands for."""
    return unmapped(ip_address(host.partition("%")[0]))


class AccessList:
    """The `allow` of a listener, as a function of the address that a socket reports."""

    def __init__(self, allow: Sequence[Cidr]) -> None:
        self._allow = tuple(allow)
        self._cache: dict[str, Verdict] = {}

    def verdict(self, host: str) -> Verdict:
        """The verdict on an address as the socket module writes it (`::ffff:192.0.2.1`,
        `fe80::1%eth0`)."""
        known = self._cache.get(host)
        if known is None:
            if len(self._cache) >= ADDRESSES_CACHED_MAX:
                self._cache.clear()
            known = self._cache[host] = self._judge(host)
        return known

    def _judge(self, host: str) -> Verdict:
        address = canonical(host)
        _, percent, zone = host.partition("%")
        allowed = any(cidr.holds(address) for cidr in self._allow)
        return Verdict(f"{address}{percent}{zone}", allowed)
