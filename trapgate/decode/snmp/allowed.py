"""Which entries of the configuration take messages from an address."""

from collections.abc import Sequence
from ipaddress import ip_address

from trapgate.config import Cidr

ADDRESSES_CACHED_MAX = 65_536
"""Addresses whose entries are remembered; a scan of spoofed sources empties the cache, no more."""


class Allowed:
    """The `sources` of entries, as a function of an address; the answer is remembered."""

    def __init__(self, sources: Sequence[Sequence[Cidr]]) -> None:
        self._sources = tuple(sources)
        self._known: dict[str, tuple[bool, ...]] = {}

    def of(self, address: str) -> tuple[bool, ...]:
        """For each entry, in order, whether it takes this address (its zone is ignored); none does
        if it is no IP address."""
        allowed = self._known.get(address)
        if allowed is None:
            if len(self._known) >= ADDRESSES_CACHED_MAX:
                self._known.clear()
            allowed = self._known[address] = self._search(address)
        return allowed

    def _search(self, address: str) -> tuple[bool, ...]:
        try:
            ip = ip_address(address.partition("%")[0])
        except ValueError:
            return (False,) * len(self._sources)
        return tuple(any(cidr.holds(ip) for cidr in sources) for sources in self._sources)
