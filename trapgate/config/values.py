"""Scalar types that settings use: each reads itself from the text of a YAML scalar.

A type with a classmethod `from_text(text)` that raises `ValueError` (a sentence for the user) can
be the type of any field of a `Section`.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

import msgspec

from trapgate.model import NS_PER_MS, NS_PER_S

_UNITS_NS = {
    "y": 365 * 86_400 * NS_PER_S,
    "w": 7 * 86_400 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
    "h": 3_600 * NS_PER_S,
    "m": 60 * NS_PER_S,
    "s": NS_PER_S,
    "ms": NS_PER_MS,
}
_PART = re.compile(r"(\d{1,12})(ms|[ywdhms])")
_DURATION = re.compile(
    r"(\d{1,12}y)?(\d{1,12}w)?(\d{1,12}d)?(\d{1,12}h)?(\d{1,12}m)?(\d{1,12}s)?(\d{1,12}ms)?",
    re.ASCII,
)


class Duration(int):
    """Nanoseconds, written as Prometheus writes durations: `1h30m`, `500ms`, `2w`, `0`."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        if text == "0":
            return cls(0)
        if not text or not _DURATION.fullmatch(text):
            raise ValueError(f'"{text}" is not a duration; write 30s, 5m, 1h30m or 500ms')
        value = sum(int(count) * _UNITS_NS[unit] for count, unit in _PART.findall(text))
        if value >= 2**63:
            raise ValueError(f'"{text}" is longer than 292 years')
        return cls(value)

    @property
    def seconds(self) -> float:
        return self / NS_PER_S

    def __str__(self) -> str:
        rest = int(self)
        text = ""
        for unit, size_ns in _UNITS_NS.items():
            count, rest = divmod(rest, size_ns)
            text += f"{count}{unit}" if count else ""
        return text or "0s"


PRIVATE = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
"""Loopback, RFC 1918, RFC 6598 (carrier NAT), link-local and RFC 4193: the safe default."""


_SIZES = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE = re.compile(r"(\d{1,15})\s*(|KiB|MiB|GiB|TiB)", re.ASCII)


class ByteSize(int):
    """Bytes, written as `512MiB` or `20GiB`, or a bare number."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        found = _SIZE.fullmatch(text)
        if found is None:
            raise ValueError(f'"{text}" is not a size; write 512MiB or 20GiB')
        return cls(int(found[1]) * _SIZES[found[2]])


class Cidr(msgspec.Struct, frozen=True):
    """One or more networks: a CIDR (`10.0.0.0/8`, `2001:db8::1`), `private` or `any`."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    text: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        if text == "private":
            return cls(tuple(ip_network(network) for network in PRIVATE), text)
        if text == "any":
            return cls((ip_network("0.0.0.0/0"), ip_network("::/0")), text)
        try:
            return cls((ip_network(text),), text)
        except ValueError as error:
            hint = 'write 10.0.0.0/8, 2001:db8::/32, a single address, "private" or "any"'
            raise ValueError(f"{error}; {hint}") from None

    def holds(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether an address lies in one of the networks; none holds one of the other family."""
        return any(address in network for network in self.networks)


class Address(msgspec.Struct, frozen=True):
    """Where to listen: `host:port` with an IP address as host; `*:port` is every address, IPv4
    and IPv6. Port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        host, colon, port_text = text.rpartition(":")
        if not colon or not port_text.isascii() or not port_text.isdigit():
            raise ValueError(f'"{text}" is not host:port; write *:1162, 127.0.0.1:9093, [::1]:514')
        port = int(port_text)
        if port > 65_535:
            raise ValueError(f"port {port} is larger than 65535")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise ValueError(f'"{text}": put the IPv6 address in brackets, [::1]:514')
        if host not in ("", "*"):
            try:
                ip_address(host.partition("%")[0])
            except ValueError:
                raise ValueError(
                    f'"{host}" is not an IP address (names are not resolved)'
                ) from None
        return cls(host or "*", port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
