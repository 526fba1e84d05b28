"""The user's table of sources: which device an address is, its zone, its labels.

In: the `sources` of `trapgate.yml`. Out: what is known of an address, the longest prefix first.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from ipaddress import IPv4Address, IPv6Address, ip_address
from zoneinfo import ZoneInfo

import msgspec

from trapgate.config import Cidr, Section
from trapgate.model import Problem

ADDRESSES_CACHED_MAX = 65_536
"""Addresses whose entry is remembered; a scan of spoofed sources empties the cache, no more."""


class SourceSettings(Section, frozen=True, kw_only=True):
    """One entry of `sources`."""

    cidr: Cidr
    """Networks or addresses this entry is about; of several entries the narrowest wins."""

    name: str | None = None
    """The device's name (`host.name`), where the entry is one device."""

    timezone: str = "UTC"
    """Zone of the device's clock where its messages name none, as `Europe/Berlin`."""

    labels: Mapping[str, str] = {}
    """Labels added to every event of this source, as `site: ber1`."""


class Source(msgspec.Struct, frozen=True):
    """What is known of an address; all defaults if nothing is."""

    name: str | None = None
    zone: tzinfo = UTC
    labels: Mapping[str, str] = {}


UNKNOWN = Source()


class Sources:
    """Longest-prefix lookup of addresses; the answer for an address is remembered."""

    def __init__(self, entries: Sequence[SourceSettings]) -> None:
        self._entries = sorted(
            (
                (network, Source(entry.name, ZoneInfo(entry.timezone), entry.labels))
                for entry in entries
                for network in entry.cidr.networks
            ),
            key=lambda pair: pair[0].prefixlen,
            reverse=True,
        )
        self._cache: dict[str, Source] = {}

    def of(self, address: str) -> Source:
        """The narrowest entry that holds this address (canonical text; a zone id is ignored)."""
        known = self._cache.get(address)
        if known is None:
            if len(self._cache) >= ADDRESSES_CACHED_MAX:
                self._cache.clear()
            known = self._cache[address] = self._search(ip_address(address.partition("%")[0]))
        return known

    def zone_of(self, address: str) -> tzinfo:
        """The zone of the device's clock."""
        return self.of(address).zone

    def _search(self, address: IPv4Address | IPv6Address) -> Source:
        for network, source in self._entries:
            if address in network:
                return source
        return UNKNOWN


def check_sources(entries: Sequence[SourceSettings]) -> list[Problem]:
    """Zones that do not exist, entries that share a network."""
    problems = []
    seen: dict[str, SourceSettings] = {}
    for entry in entries:
        try:
            ZoneInfo(entry.timezone)
        except (KeyError, ValueError, OSError):
            summary = f'"{entry.timezone}" is not a time zone'
            problems.append(entry.problem("timezone", summary, "write it as Europe/Berlin"))
        for network in map(str, entry.cidr.networks):
            if network in seen:
                line = seen[network].where.span.line
                summary = f"{network} has an entry already (line {line})"
                problems.append(entry.problem("cidr", summary, "keep one of them"))
            seen.setdefault(network, entry)
    return problems
