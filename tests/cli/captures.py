"""Packets and capture files, written for tests: packets by dpkt, files by hand."""

import struct
from collections.abc import Iterable
from ipaddress import ip_address

import dpkt

SENDER, RECEIVER = "10.1.2.7", "10.1.2.1"
SENDER6, RECEIVER6 = "fd00::7", "fd00::1"
ETHERNET, RAW, LOOPBACK, SLL, SLL2 = 1, 101, 0, 113, 276
AT_NS = 1_795_255_200_123_456_789
"""2026-11-21T10:00:00.123456789Z."""


def udp(data: bytes, port: int = 162, sport: int = 50_000) -> bytes:
    return bytes(dpkt.udp.UDP(sport=sport, dport=port, ulen=8 + len(data), data=data, sum=1))


def ipv4(segment: bytes, *, protocol: int = 17, number: int = 1, flags: int = 0) -> bytes:
    """`flags`: 0x2000 for more fragments, and the offset in units of 8 bytes."""
    return bytes(
        dpkt.ip.IP(
            src=ip_address(SENDER).packed,
            dst=ip_address(RECEIVER).packed,
            p=protocol,
            id=number,
            _flags_offset=flags,
            len=20 + len(segment),
            sum=1,
            data=segment,
        )
    )


def ipv6(segment: bytes, *, protocol: int = 17, headers: bytes = b"") -> bytes:
    """`headers` are extension headers; `protocol` is then the first of them."""
    fixed = struct.pack(">IHBB", 6 << 28, len(headers) + len(segment), protocol, 64)
    addresses = ip_address(SENDER6).packed + ip_address(RECEIVER6).packed
    return fixed + addresses + headers + segment


def fragment6(offset: int, *, more: bool, number: int = 1) -> bytes:
    """IPv6's fragment header before UDP; the offset in bytes."""
    return struct.pack(">BBHI", 17, 0, offset | more, number)


def ethernet(packet: bytes, *tags: bytes) -> bytes:
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    return b"\x02" * 6 + b"\x04" * 6 + b"".join(tags) + kind + packet


def trap_frame(data: bytes, port: int = 162) -> bytes:
    """A trap over IPv4 on Ethernet, with the padding of a short frame."""
    return ethernet(ipv4(udp(data, port))) + bytes(4)


def pcap(
    packets: Iterable[bytes], *, link: int = ETHERNET, order: str = "<", nano: bool = False
) -> bytes:
    """Each packet a second after the one before."""
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    whole = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link)
    for number, packet in enumerate(packets):
        seconds, fraction = divmod(AT_NS, 10**9)
        size = len(packet)
        fraction = fraction if nano else fraction // 1_000
        whole += struct.pack(order + "IIII", seconds + number, fraction, size, size) + packet
    return whole


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = 12 + len(body)
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link: int = ETHERNET, order: str = "<", options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, 262_144) + options, order)


def packet_block(packet: bytes, units: int, number: int = 0, order: str = "<") -> bytes:
    size = len(packet)
    head = struct.pack(order + "IIIII", number, units >> 32, units & 0xFFFFFFFF, size, size)
    return block(6, head + packet, order)


def pcapng(packets: Iterable[bytes], *, link: int = ETHERNET, order: str = "<") -> bytes:
    """In nanoseconds, one after the other."""
    whole = section(order) + interface(link, order, option(9, b"\x09", order))
    for number, packet in enumerate(packets):
        whole += packet_block(packet, AT_NS + number, order=order)
    return whole
