"""The PROXY protocol: what a load balancer says before the first byte about who is behind it.

In: the first bytes of a connection. Out: the sender's address, and where its own bytes begin. Both
forms, text (version 1) and binary (version 2), of HAProxy's "The PROXY protocol", 2020/03/05.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import msgspec

from trapgate.config import Cidr, Section
from trapgate.model import Endpoint

HEADER_BYTES_MAX = 4_096
"""Longest header that is read: a few hundred bytes with all the extensions that balancers send."""

_V1_BYTES_MAX = 107  # section 2.1: the longest line with its end
_V1_START = b"PROXY "
_V1 = re.compile(rb"PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})")
_V2_START = b"\r\n\r\n\0\r\nQUIT\n"
_V2_BYTES = 16
_V2_LOCAL, _V2_PROXY = 0x20, 0x21
_V2_ADDRESS_BYTES = {1: 4, 2: 16}
"""Bytes of an address by the family, the upper half of the 14th byte; the others (unspecified,
Unix) have none that is of use here."""


class ProxySettings(Section, frozen=True, kw_only=True):
    """`proxy_protocol` of a listener: load balancers that say whose connection it is."""

    from_: tuple[Cidr, ...] = msgspec.field(name="from")
    """The load balancers: networks and addresses whose connections begin with a PROXY header
    (version 1 or 2). The sender is then the address in the header, and `allow` is asked about that
    one; a connection from there without a header is closed. Others are taken as they come."""


class BadHeader(Exception):
    """A connection does not begin with a PROXY header."""


class ProxyHeader(msgspec.Struct, frozen=True):
    """A whole header. `sender` is none if the balancer speaks for itself (its health checks) or
    does not know; `size_bytes` is where the sender's own bytes begin."""

    sender: Endpoint | None
    size_bytes: int


def read_header(data: bytes) -> ProxyHeader | None:
    """The header at the start of a stream; none while it is not complete. Raises `BadHeader`, as
    soon as it is certain, also over `HEADER_BYTES_MAX`."""
    if data.startswith(_V2_START[: len(data)]):
        return _binary(data)
    if data.startswith(_V1_START[: len(data)]):
        return _text(data)
    raise BadHeader("the connection does not begin with a PROXY header")


def _text(data: bytes) -> ProxyHeader | None:
    line, end, _ = data[:_V1_BYTES_MAX].partition(b"\r\n")
    if not end:
        if len(data) >= _V1_BYTES_MAX:
            raise BadHeader("a PROXY line without an end")
        return None
    size_bytes = len(line) + len(end)
    if line.startswith(b"PROXY UNKNOWN"):
        return ProxyHeader(None, size_bytes)
    found = _V1.fullmatch(line)
    if found is None:
        raise BadHeader("a PROXY line that says nothing")
    try:
        sender = ip_address(found[2].decode("ascii"))
    except ValueError:
        raise BadHeader("a PROXY line with no address") from None
    port = int(found[4])
    if sender.version != int(found[1]) or port > 65_535:
        raise BadHeader("a PROXY line with a wrong address or port")
    return ProxyHeader(Endpoint(str(sender), port), size_bytes)


def _binary(data: bytes) -> ProxyHeader | None:
    if len(data) < _V2_BYTES:
        return None
    command, family = data[12], data[13]
    size_bytes = _V2_BYTES + int.from_bytes(data[14:16], "big")
    if command not in (_V2_LOCAL, _V2_PROXY):
        raise BadHeader(f"a PROXY header with version and command {command:#04x}")
    if size_bytes > HEADER_BYTES_MAX:
        raise BadHeader(f"a PROXY header of {size_bytes} bytes")
    length = _V2_ADDRESS_BYTES.get(family >> 4)
    if length is None or command == _V2_LOCAL:
        return ProxyHeader(None, size_bytes) if len(data) >= size_bytes else None
    if size_bytes < _V2_BYTES + 2 * length + 4:
        raise BadHeader("a PROXY header that is too short for its addresses")
    if len(data) < size_bytes:
        return None
    packed = data[_V2_BYTES : _V2_BYTES + length]
    address = IPv4Address(packed) if length == 4 else IPv6Address(packed)
    port_at = _V2_BYTES + 2 * length
    port = int.from_bytes(data[port_at : port_at + 2], "big")
    return ProxyHeader(Endpoint(str(address), port), size_bytes)
