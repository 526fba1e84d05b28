"""The user's table of sources: which device an address or an SNMP engine is, its zone, its labels.

In: the `sources` of `trapgate.yml`. Out: what is known of an address, the longest prefix first,
or of an engine ID.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from ipaddress import IPv4Address, IPv6Address, ip_address
from zoneinfo import ZoneInfo

import msgspec

from trapgate.config import Cidr, Section
from trapgate.model import Problem
from trapgate.normalize.settings import RateLimitSettings, check_rate_limit

ADDRESSES_CACHED_MAX = 65_536
"""Addresses whose entry is remembered; a scan of spoofed sources empties the cache, no more."""


class SourceSettings(Section, frozen=True, kw_only=True):
    """One entry of `sources`."""

    cidr: Cidr | None = None
    """Networks or addresses this entry is about; of several entries the narrowest wins. An entry
    may have `engine_ids` instead."""

    engine_ids: tuple[str, ...] = ()
    """SNMPv3 engine IDs of the device in hexadecimal, as `80001f8804726f75746572`: its
    authenticated traps are its own wherever they come from (behind address translation, from any
    of its interfaces)."""

    name: str | None = None
    """The device's name (`host.name`), where the entry is one device."""

    timezone: str = "UTC"
    """Zone of the device's clock where its messages name none, as `Europe/Berlin`."""

    vendor: str | None = None
    """Who made these devices, as the dialects of syslog call them (`Arista`): where a line could be
    of several dialects, that vendor's is tried first."""

    charset: str | None = None
    """How these devices write what is not UTF-8, as `cp1251` or `shift_jis`; Latin-1 otherwise."""

    labels: Mapping[str, str] = {}
    """Labels added to every event of this source, as `site: ber1`."""

    rate_limit: RateLimitSettings | None = None
    """The budget of each address (or engine) of this entry, instead of `normalize.rate_limit`."""


class Source(msgspec.Struct, frozen=True):
    """What is known of an address or an engine; all defaults if nothing is."""

    name: str | None = None
    zone: tzinfo = UTC
    labels: Mapping[str, str] = {}
    rate_limit: RateLimitSettings | None = None
    vendor: str | None = None
    charset: str | None = None


UNKNOWN = Source()


class Sources:
    """Longest-prefix lookup of addresses; the answer for an address is remembered."""

    def __init__(self, entries: Sequence[SourceSettings]) -> None:
        known = [(entry, _source(entry)) for entry in entries]
        self._entries = sorted(
            (
                (network, source)
                for entry, source in known
                if entry.cidr is not None
                for network in entry.cidr.networks
            ),
            key=lambda pair: pair[0].prefixlen,
            reverse=True,
        )
        self._engines = {
            engine_id_text(text): source for entry, source in known for text in entry.engine_ids
        }
        self._cache: dict[str, Source] = {}

    def of(self, address: str) -> Source:
        """The narrowest entry that holds this address (canonical text; a zone id is ignored)."""
        known = self._cache.get(address)
        if known is None:
            if len(self._cache) >= ADDRESSES_CACHED_MAX:
                self._cache.clear()
            known = self._cache[address] = self._search(ip_address(address.partition("%")[0]))
        return known

    def engine(self, engine_id: str) -> Source | None:
        """The entry that lists this engine ID (hexadecimal, as `Trap.engine_id`)."""
        return self._engines.get(engine_id)

    def zone_of(self, address: str) -> tzinfo:
        """The zone of the device's clock."""
        return self.of(address).zone

    def vendor_of(self, address: str) -> str | None:
        """Who made the device, if the entry says so."""
        return self.of(address).vendor

    def charset_of(self, address: str) -> str | None:
        """How the device writes what is not UTF-8, if the entry says so."""
        return self.of(address).charset

    def _search(self, address: IPv4Address | IPv6Address) -> Source:
        for network, source in self._entries:
            if address in network:
                return source
        return UNKNOWN


def engine_id_text(text: str) -> str:
    """An engine ID as it is written, in the form of `Trap.engine_id`: lower case, without `0x`,
    blanks, `:` and `-`."""
    return re.sub(r"[\s:-]", "", text.lower().removeprefix("0x"))


def _source(entry: SourceSettings) -> Source:
    return Source(
        name=entry.name,
        zone=ZoneInfo(entry.timezone),
        labels=entry.labels,
        rate_limit=entry.rate_limit,
        vendor=entry.vendor,
        charset=entry.charset,
    )


def check_sources(entries: Sequence[SourceSettings]) -> list[Problem]:
    """Zones that do not exist, entries that share a network or an engine, or that have neither."""
    problems = []
    seen: dict[str, SourceSettings] = {}
    for entry in entries:
        if entry.cidr is None and not entry.engine_ids:
            summary = "an entry of sources needs a cidr or engine_ids"
            problems.append(entry.problem("cidr", summary, "write cidr: 10.0.0.1"))
        try:
            ZoneInfo(entry.timezone)
        except (KeyError, ValueError, OSError):
            summary = f'"{entry.timezone}" is not a time zone'
            problems.append(entry.problem("timezone", summary, "write it as Europe/Berlin"))
        if entry.charset is not None and not _is_charset(entry.charset):
            summary = f'"{entry.charset}" is not a character set'
            hint = "write it as Python calls it: cp1252, koi8-r, gb18030"
            problems.append(entry.problem("charset", summary, hint))
        for text in entry.engine_ids:
            if not _ENGINE_ID.fullmatch(engine_id_text(text)):
                summary = f'"{text}" is not an engine ID: 5 to 32 bytes in hexadecimal'
                problems.append(entry.problem("engine_ids", summary))
        if entry.rate_limit is not None:
            problems += check_rate_limit(entry.rate_limit)
        for key, subject in _subjects(entry):
            if subject in seen:
                line = seen[subject].where.span.line
                summary = f"{subject} has an entry already (line {line})"
                problems.append(entry.problem(key, summary, "keep one of them"))
            seen.setdefault(subject, entry)
    return problems


_ENGINE_ID = re.compile(r"([0-9a-f]{2}){5,32}")
# RFC 3411 §5, SnmpEngineID


def _is_charset(name: str) -> bool:
    """Whether bytes can be read as text by this name (`rot13` and the like are none)."""
    try:
        return isinstance(b"x".decode(name), str)
    except (LookupError, ValueError):
        return False


def _subjects(entry: SourceSettings) -> Iterator[tuple[str, str]]:
    """What an entry is about, each with the key that says so."""
    for network in entry.cidr.networks if entry.cidr is not None else ():
        yield "cidr", str(network)
    for text in entry.engine_ids:
        yield "engine_ids", f"engine {engine_id_text(text)}"
