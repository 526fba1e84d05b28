"""Captured frames → UDP datagrams, through dpkt: link layers, IPv4 and IPv6, fragments.

Whatever is not UDP to the ports that are asked for is left out and counted by its reason.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

import dpkt
import msgspec

from trapgate.cli.capture import Frame
from trapgate.model import DATAGRAM_BYTES_MAX, Endpoint

FRAGMENTED_MAX = 256
"""Datagrams whose fragments are collected at a time; of more, the one begun first is given up. With
64 KiB each they take 16 MiB."""

LAYERS_MAX = 8
"""Layers before IP: tags, labels and tunnels of one frame."""

RAW_IP = 101
"""LINKTYPE_RAW: a packet without a link layer."""

_UDP = 17
_FRAGMENT = 44
_FRAGMENT_UNIT_BYTES = 8
_BER_SEQUENCE = 0x30


def _raw(data: bytes) -> Any:
    return dpkt.ip6.IP6(data) if data[:1] >= b"\x60" else dpkt.ip.IP(data)


_LINKS: Mapping[int, Callable[[bytes], Any]] = {
    0: dpkt.loopback.Loopback,
    1: dpkt.ethernet.Ethernet,
    12: _raw,
    14: _raw,
    RAW_IP: _raw,
    108: dpkt.loopback.Loopback,
    113: dpkt.sll.SLL,
    228: dpkt.ip.IP,
    229: dpkt.ip6.IP6,
    276: dpkt.sll2.SLL2,
}
"""LINKTYPE → its reader (https://www.tcpdump.org/linktypes.html)."""


class Carried(msgspec.Struct, frozen=True):
    """A UDP datagram of a capture; `number` is that of its (last) frame."""

    number: int
    at_ns: int | None
    peer: Endpoint
    local: Endpoint
    data: bytes


class _LeftOut(Exception):
    """This frame gives no datagram; the message is the reason that is counted."""


class PacketReader:
    """Finds the datagrams in frames. `ports` are the destination ports that are wanted; `None`
    takes every port's that could be SNMP by its first byte."""

    def __init__(self, ports: frozenset[int] | None) -> None:
        self._ports = ports
        self._fragments = _Fragments()
        self._skipped: Counter[str] = Counter()

    def read(self, frame: Frame) -> Carried | None:
        """The datagram that this frame carries or completes; never raises."""
        try:
            return self._carried(frame, _network(frame))
        except _LeftOut as reason:
            self._skipped[str(reason)] += 1
        except Exception:  # noqa: BLE001 - one packet: dpkt raises many kinds for broken ones
            self._skipped["broken"] += 1
        return None

    def skipped(self) -> Mapping[str, int]:
        """Frames that were left out, by reason. Asked at the end: fragments that are collected
        count as incomplete."""
        incomplete = self._fragments.left
        return self._skipped + Counter({"fragment of an incomplete datagram": incomplete})

    def _carried(self, frame: Frame, packet: Any) -> Carried | None:
        segment = self._segment(packet)
        if segment is None:
            return None
        udp = dpkt.udp.UDP(segment)
        data = bytes(udp.data)[: max(0, udp.ulen - udp.__hdr_len__)]
        wanted = (
            data[:1] == bytes((_BER_SEQUENCE,))
            if self._ports is None
            else (udp.dport in self._ports)
        )
        if not wanted:
            raise _LeftOut("UDP to another port" if self._ports is not None else "not SNMP")
        peer = Endpoint(str(ip_address(packet.src)), udp.sport)
        local = Endpoint(str(ip_address(packet.dst)), udp.dport)
        return Carried(frame.number, frame.at_ns, peer, local, data)

    def _segment(self, packet: Any) -> bytes | None:
        """The UDP header and data of a packet; `None` while fragments of them are missing."""
        if packet.p != _UDP:
            raise _LeftOut("not UDP")
        if isinstance(packet, dpkt.ip.IP):
            offset, more, number = packet.offset, packet.mf, packet.id
        else:
            fragment = packet.extension_hdrs.get(_FRAGMENT)
            if fragment is None:
                return bytes(packet.data)
            offset, more, number = fragment.frag_off, fragment.m_flag, fragment.id
        data = bytes(packet.data)
        if not offset and not more:
            return data
        key = (packet.src, packet.dst, number)
        return self._fragments.add(key, offset * _FRAGMENT_UNIT_BYTES, data, last=not more)


def _network(frame: Frame) -> Any:
    """The IP packet in a frame, whatever is around it."""
    link = _LINKS.get(frame.link_type)
    if link is None:
        raise _LeftOut(f"link type {frame.link_type} is not known")
    layer = link(frame.data)
    for _ in range(LAYERS_MAX):
        if isinstance(layer, dpkt.ip.IP | dpkt.ip6.IP6):
            return layer
        layer = getattr(layer, "data", None)
    raise _LeftOut("not IP")


class _Parts(msgspec.Struct):
    """The fragments of one datagram that have come. `end` is 0 until the last of them has."""

    pieces: dict[int, bytes]
    size: int = 0
    end: int = 0

    def whole(self) -> bytes | None:
        """The datagram, if every byte of it is there exactly once: fragments that overlap are an
        attack or a damage."""
        data = b""
        for offset, piece in sorted(self.pieces.items()):
            if offset != len(data):
                return None
            data += piece
        return data if self.end and len(data) == self.end else None


class _Fragments:
    """Collects fragments (RFC 791 §3.2, RFC 8200 §4.5); `left` counts those that are in no whole
    datagram."""

    def __init__(self) -> None:
        self.left = 0
        self._open: dict[tuple[bytes, bytes, int], _Parts] = {}

    def add(
        self, key: tuple[bytes, bytes, int], offset: int, piece: bytes, *, last: bool
    ) -> bytes | None:
        """The datagram of UDP, once this fragment completes it."""
        self.left += 1
        parts = self._open.get(key)
        if parts is None:
            if len(self._open) >= FRAGMENTED_MAX:
                del self._open[next(iter(self._open))]
            parts = self._open[key] = _Parts({})
        if not piece or offset in parts.pieces or parts.size + len(piece) > DATAGRAM_BYTES_MAX:
            return None
        parts.pieces[offset] = piece
        parts.size += len(piece)
        if last:
            parts.end = offset + len(piece)
        data = parts.whole() if parts.end else None
        if data is not None:
            self.left -= len(parts.pieces)
            del self._open[key]
        return data
