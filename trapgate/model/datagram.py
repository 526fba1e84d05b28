"""What came in from the network, before anybody looked inside."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

import msgspec

DATAGRAM_BYTES_MAX = 65_535
"""The largest frame that is kept: a UDP payload over IPv4 has at most 65,507 bytes, over IPv6
65,527; stream frames are cut here too, so that one limit holds everywhere."""


class Protocol(StrEnum):
    """What a listener speaks; the first word of an event's dataset."""

    SNMP = "snmp"
    SYSLOG = "syslog"


class Outcome(StrEnum):
    """The one counter in which each datagram ends (`trapgate_ingest_datagrams_total`)."""

    STORED = "stored"
    MALFORMED = "malformed"
    DUPLICATE = "duplicate"
    RATE_LIMITED = "rate-limited"
    SOURCE_DENIED = "source-denied"
    COMMUNITY_DENIED = "community-denied"
    USM = "usm"
    GIVEN_UP = "given-up"
    KERNEL_DROPPED = "kernel-dropped"
    SPOOL_FULL = "spool-full"
    WRITE_FAILED = "write-failed"


def unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that a v4-mapped one stands for (RFC 4291 §2.5.5.2); any other as it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


class Endpoint(msgspec.Struct, frozen=True):
    """An address and a port. `address` is canonical: a v4-mapped IPv6 address is written as IPv4,
    a zone id is kept."""

    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class Datagram(msgspec.Struct, frozen=True, gc=False):
    """One UDP packet or one stream frame as received: at most `DATAGRAM_BYTES_MAX` bytes.

    `listener` names the ingress socket (its entry in `trapgate.yml`), `received_at` is wall time.
    """

    data: bytes
    peer: Endpoint
    local: Endpoint
    listener: str
    received_at: int


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in a durable stream. `stream` is given once, when the stream is created;
    `sequence` counts its records from 1. 0 is "before the first"."""

    stream: str
    sequence: int
