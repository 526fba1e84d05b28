"""Frames → datagrams: link layers, both IPs, fragments, and packets that are something else."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.captures import (
    ETHERNET,
    LOOPBACK,
    RAW,
    RECEIVER,
    RECEIVER6,
    SENDER,
    SENDER6,
    SLL,
    SLL2,
    ethernet,
    fragment6,
    ipv4,
    ipv6,
    udp,
)
from trapgate.cli.capture import Frame
from trapgate.cli.packets import FRAGMENTED_MAX, PacketReader
from trapgate.model import Endpoint

DATA = b"\x30\x03\x02\x01\x00" + b"payload" * 6
PACKET, PACKET6 = ipv4(udp(DATA)), ipv6(udp(DATA))
VLAN = b"\x81\x00\x00\x05"
PORTS = frozenset((162, 1162))


def frame(data: bytes, link: int = ETHERNET, number: int = 1) -> Frame:
    return Frame(number, 7, link, data)


def reader() -> PacketReader:
    return PacketReader(PORTS)


LINKS = {
    "ethernet": (ETHERNET, ethernet(PACKET) + bytes(6)),
    "ethernet, IPv6": (ETHERNET, ethernet(PACKET6)),
    "a VLAN": (ETHERNET, ethernet(PACKET, VLAN)),
    "two VLANs": (ETHERNET, ethernet(PACKET6, b"\x88\xa8\x00\x06", VLAN)),
    "MPLS": (ETHERNET, b"\x02" * 12 + b"\x88\x47" + b"\x00\x01\x01\x40" + PACKET),
    "Linux cooked": (SLL, struct.pack(">HHH8sH", 0, 1, 6, b"", 0x0800) + PACKET),
    "Linux cooked, IPv6": (SLL, struct.pack(">HHH8sH", 0, 1, 6, b"", 0x86DD) + PACKET6),
    "Linux cooked v2": (SLL2, struct.pack(">HHIHBB8s", 0x0800, 0, 3, 1, 0, 6, b"") + PACKET),
    "loopback": (LOOPBACK, struct.pack("<I", 2) + PACKET),
    "loopback of the other byte order": (LOOPBACK, struct.pack(">I", 30) + PACKET6),
    "loopback of OpenBSD": (108, struct.pack(">I", 24) + PACKET6),
    "raw": (RAW, PACKET),
    "raw, IPv6": (RAW, PACKET6),
    "raw as BSD numbers it": (12, PACKET),
    "IPv4 only": (228, PACKET),
    "IPv6 only": (229, PACKET6),
    "IPv6 with a hop-by-hop header": (
        RAW,
        ipv6(udp(DATA), protocol=0, headers=b"\x11\x00\x01\x04\x00\x00\x00\x00"),
    ),
    "IPv6, a fragment that is whole": (
        RAW,
        ipv6(udp(DATA), protocol=44, headers=fragment6(0, more=False)),
    ),
}


@pytest.mark.parametrize("name", LINKS)
def test_link_layers(name: str) -> None:
    link, data = LINKS[name]
    packets = reader()
    carried = packets.read(frame(data, link))
    assert carried is not None, packets.skipped()
    assert (carried.data, carried.at_ns, carried.number) == (DATA, 7, 1)
    ends = {str(carried.peer), str(carried.local)}
    of_v4 = {str(Endpoint(SENDER, 50_000)), str(Endpoint(RECEIVER, 162))}
    of_v6 = {str(Endpoint(SENDER6, 50_000)), str(Endpoint(RECEIVER6, 162))}
    assert ends in (of_v4, of_v6)
    assert str(carried.local).endswith(":162")
    assert packets.skipped() == {}


@pytest.mark.parametrize(
    ("data", "link", "reason"),
    [
        (ethernet(ipv4(udp(DATA, port=161))), ETHERNET, "UDP to another port"),
        (ethernet(ipv4(b"\0" * 20, protocol=6)), ETHERNET, "not UDP"),
        (b"\x02" * 12 + b"\x08\x06" + bytes(28), ETHERNET, "not IP"),
        (b"\x02" * 12 + b"\x00\x26" + b"\x42\x42\x03" + bytes(43), ETHERNET, "not IP"),
        (PACKET, 147, "link type 147 is not known"),
        (b"", ETHERNET, "broken"),
        (PACKET[:19], RAW, "broken"),
        (PACKET[:24], RAW, "broken"),
    ],
)
def test_what_is_left_out(data: bytes, link: int, reason: str) -> None:
    packets = reader()
    assert packets.read(frame(data, link)) is None
    assert packets.skipped() == {reason: 1}


def test_bytes_behind_the_end_of_udp_are_not_data() -> None:
    carried = reader().read(frame(ipv4(udp(DATA) + b"padding"), RAW))
    assert carried is not None
    assert carried.data == DATA


def test_any_port() -> None:
    packets = PacketReader(None)
    assert packets.read(frame(ipv4(udp(DATA, port=9)), RAW)) is not None
    assert packets.read(frame(ipv4(udp(b"text", port=162)), RAW)) is None
    assert packets.skipped() == {"not SNMP": 1}


LONG = b"\x30" + bytes(range(256)) * 12
SEGMENT = udp(LONG)
CUTS = [(0, 1480), (1480, 2960), (2960, len(SEGMENT))]
FRAGMENTS = [
    ipv4(SEGMENT[a:b], number=9, flags=a // 8 | (0x2000 if b < len(SEGMENT) else 0))
    for a, b in CUTS
]
FRAGMENTS6 = [
    ipv6(SEGMENT[a:b], protocol=44, headers=fragment6(a, more=b < len(SEGMENT))) for a, b in CUTS
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("fragments", [FRAGMENTS, FRAGMENTS6], ids=["IPv4", "IPv6"])
def test_fragments_in_any_order(fragments: list[bytes], order: tuple[int, ...]) -> None:
    packets = reader()
    found = [packets.read(frame(fragments[at], RAW, number)) for number, at in enumerate(order)]
    assert found[:2] == [None, None]
    assert found[2] is not None
    assert (found[2].data, found[2].number) == (LONG, 2)
    assert packets.skipped() == {}


def test_fragments_of_several_senders_do_not_mix() -> None:
    other = [ipv4(SEGMENT[a:b][::-1], number=10, flags=a // 8 | 0x2000) for a, b in CUTS[:2]]
    packets = reader()
    found = [
        packets.read(frame(data, RAW))
        for pair in zip(FRAGMENTS[:2], other, strict=True)
        for data in pair
    ]
    last = packets.read(frame(FRAGMENTS[2], RAW))
    assert found == [None] * 4
    assert last is not None
    assert last.data == LONG
    assert packets.skipped() == {"fragment of an incomplete datagram": 2}


def test_fragments_that_overlap_are_no_datagram() -> None:
    # as many bytes as are missing, but 8 of them twice and 8 of them never
    overlapping = ipv4(SEGMENT[1472:2952], number=9, flags=1472 // 8 | 0x2000)
    packets = reader()
    for data in (FRAGMENTS[0], overlapping, FRAGMENTS[2]):
        assert packets.read(frame(data, RAW)) is None
    assert packets.skipped() == {"fragment of an incomplete datagram": 3}


def test_fragments_that_never_end_take_bounded_room() -> None:
    packets = reader()
    for number in range(FRAGMENTED_MAX + 100):
        first = ipv4(SEGMENT[:1480], number=number, flags=0x2000)
        assert packets.read(frame(first, RAW)) is None
    assert len(packets._fragments._open) == FRAGMENTED_MAX
    piece = bytes(8_000)
    for at in range(0, 8_191, 1):
        packets.read(frame(ipv4(piece, number=1, flags=at | 0x2000), RAW))
    held = sum(parts.size for parts in packets._fragments._open.values())
    assert held <= FRAGMENTED_MAX * 65_535


@given(st.sampled_from([ETHERNET, LOOPBACK, SLL, SLL2, RAW, 228, 229]), st.binary(max_size=120))
def test_any_bytes(link: int, data: bytes) -> None:
    packets = reader()
    carried = packets.read(frame(data, link))
    assert (carried is None) == bool(packets.skipped())


@given(st.sampled_from(list(LINKS.values())), st.data())
def test_any_byte_changed(which: tuple[int, bytes], data: st.DataObject) -> None:
    link, whole = which
    changed = bytearray(whole)
    changed[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    packets = reader()
    carried = packets.read(frame(bytes(changed), link))
    assert (carried is None) == bool(packets.skipped())
