"""Packet captures → frames: the file formats pcap and pcapng, read as a stream.

dpkt's readers know one interface a file, lose nanoseconds in floats and cannot say where a file is
damaged, so the containers are read here; what is in a frame is dpkt's (`trapgate.cli.packets`).
Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

import msgspec

from trapgate.model import NS_PER_S

MAGIC_BYTES = 4
"""How much of a file tells what it is."""

FRAME_BYTES_MAX = 262_144
"""The largest frame that libpcap captures (MAXIMUM_SNAPLEN); a larger one is a damaged length."""

BLOCK_BYTES_MAX = 1 << 20
"""The largest block that is held: a frame and its comments. Others are skipped unread."""

INTERFACES_MAX = 4_096
"""Interfaces of one pcapng section: no machine has captured on more."""

_PCAP: Mapping[bytes, tuple[str, int, int]] = {
    bytes.fromhex("a1b2c3d4"): (">", 1_000, 16),
    bytes.fromhex("d4c3b2a1"): ("<", 1_000, 16),
    bytes.fromhex("a1b23c4d"): (">", 1, 16),
    bytes.fromhex("4d3cb2a1"): ("<", 1, 16),
    bytes.fromhex("a1b2cd34"): (">", 1_000, 24),
    bytes.fromhex("34cdb2a1"): ("<", 1_000, 24),
}
"""Magic → byte order, nanoseconds of the fraction's unit, size of a record's header."""

_PCAPNG = bytes.fromhex("0a0d0d0a")
_ORDER_MAGIC = 0x1A2B3C4D
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_BLOCK_OVERHEAD = 12
_LINK_TYPE_MASK = 0xFFFF
"""The bits above say how long a checksum each frame has."""

TIME_NS_MAX = 253_402_300_800 * NS_PER_S
"""The year 10000: a later time cannot be written, and is a damaged one."""

_OPTION_END, _OPTION_RESOLUTION, _OPTION_OFFSET = 0, 9, 14


class Frame(msgspec.Struct, frozen=True):
    """One captured frame: its number in the file from 1, when it came (`None`: the file does not
    say, or says what is before 1970 or after `TIME_NS_MAX`), its LINKTYPE: what it begins with."""

    number: int
    at_ns: int | None
    link_type: int
    data: bytes


class DamagedCapture(Exception):
    """The file cannot be read on; the message says where and why."""


class _Interface(msgspec.Struct, frozen=True):
    link_type: int
    snap_bytes: int
    units_per_s: int = 1_000_000
    offset_s: int = 0


def is_capture(magic: bytes) -> bool:
    """Whether a file that begins with these bytes is a capture."""
    return magic in _PCAP or magic == _PCAPNG


def frames(magic: bytes, file: BinaryIO) -> Iterator[Frame]:
    """The frames of a capture in their order. `magic` was read from `file` before.

    Raises `DamagedCapture` after the frames that are before the damage.
    """
    source = _Source(file, len(magic))
    return _Pcapng(source).frames() if magic == _PCAPNG else _pcap(magic, source)


class _Source:
    """A stream and how far it was read."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        self._file = file
        self.offset = offset

    def exactly(self, size: int, what: str, *, may_end: bool = False) -> bytes:
        """`size` bytes; nothing at the end of the file, if it may end here."""
        data = self._file.read(size)
        if len(data) < size and (data or not may_end):
            raise DamagedCapture(f"the file ends within {what} at byte {self.offset}")
        self.offset += len(data)
        return data

    def skip(self, size: int, what: str) -> None:
        while size:
            size -= len(self.exactly(min(size, BLOCK_BYTES_MAX), what))


def _pcap(magic: bytes, source: _Source) -> Iterator[Frame]:
    order, unit_ns, header_bytes = _PCAP[magic]
    header = source.exactly(20, "its header")
    link_type = struct.unpack_from(order + "I", header, 16)[0] & _LINK_TYPE_MASK
    number = 1
    while head := source.exactly(header_bytes, f"the header of packet {number}", may_end=True):
        seconds, fraction, size = struct.unpack_from(order + "III", head)
        if size > FRAME_BYTES_MAX:
            at = source.offset - header_bytes
            raise DamagedCapture(f"packet {number} at byte {at} claims to have {size} bytes")
        data = source.exactly(size, f"packet {number}")
        yield Frame(number, seconds * NS_PER_S + fraction * unit_ns, link_type, data)
        number += 1


class _Pcapng:
    """One reading of a pcapng file: byte order and interfaces belong to its current section."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self._number = 0
        self._packets: Mapping[int, Callable[[bytes], Frame]] = {
            _PACKET: self._packet,
            _OLD_PACKET: self._old_packet,
            _SIMPLE_PACKET: self._simple_packet,
        }

    def frames(self) -> Iterator[Frame]:
        self._section()
        while head := self._source.exactly(4, "a block", may_end=True):
            if head == _PCAPNG:
                self._section()
                continue
            at = self._source.offset - 4
            (kind,) = struct.unpack(self._order + "I", head)
            body = self._body(kind, at)
            try:
                if kind == _INTERFACE:
                    self._interface(body)
                elif kind in self._packets:
                    self._number += 1
                    yield self._packets[kind](body)
            except (struct.error, IndexError):
                raise DamagedCapture(f"the block at byte {at} is too short") from None

    def _section(self) -> None:
        """The rest of a section header block: everything is counted anew."""
        at = self._source.offset - 4
        head = self._source.exactly(8, "a section header")
        for order in "<>":
            size, magic = struct.unpack(order + "II", head)
            if magic == _ORDER_MAGIC:
                self._order, self._interfaces = order, []
                self._source.skip(self._checked(size, at) - _BLOCK_OVERHEAD, "a section header")
                return
        raise DamagedCapture(f"the section header at byte {at} has no byte order")

    def _body(self, kind: int, at: int) -> bytes:
        """The content of the block that begins at `at`; of kinds that are not used nothing."""
        (size,) = struct.unpack(self._order + "I", self._source.exactly(4, "a block"))
        content = self._checked(size, at) - _BLOCK_OVERHEAD
        body, what = b"", f"the block at byte {at}"
        if kind == _INTERFACE or kind in self._packets:
            if size > BLOCK_BYTES_MAX:
                raise DamagedCapture(f"{what} claims to have {size} bytes")
            body = self._source.exactly(content, what)
        else:
            self._source.skip(content, what)
        if struct.unpack(self._order + "I", self._source.exactly(4, what)) != (size,):
            raise DamagedCapture(f"{what} does not end where it says")
        return body

    @staticmethod
    def _checked(size: int, at: int) -> int:
        if size < _BLOCK_OVERHEAD or size % 4:
            raise DamagedCapture(f"the block at byte {at} claims to have {size} bytes")
        return size

    def _interface(self, body: bytes) -> None:
        if len(self._interfaces) >= INTERFACES_MAX:
            raise DamagedCapture(f"there are more than {INTERFACES_MAX} interfaces")
        link_type, _, snap_bytes = struct.unpack_from(self._order + "HHI", body)
        units, offset_s, pos = 1_000_000, 0, 8
        while pos + 4 <= len(body):
            code, size = struct.unpack_from(self._order + "HH", body, pos)
            value = body[pos + 4 : pos + 4 + size]
            if code == _OPTION_END:
                break
            if code == _OPTION_RESOLUTION:
                units = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
            elif code == _OPTION_OFFSET:
                (offset_s,) = struct.unpack(self._order + "q", value)
            pos += 4 + size + -size % 4
        self._interfaces.append(_Interface(link_type, snap_bytes, units, offset_s))

    def _packet(self, body: bytes) -> Frame:
        number, high, low, size = struct.unpack_from(self._order + "IIII", body)
        return self._timed(number, high << 32 | low, body[20 : 20 + size])

    def _old_packet(self, body: bytes) -> Frame:
        number, _, high, low, size = struct.unpack_from(self._order + "HHIII", body)
        return self._timed(number, high << 32 | low, body[20 : 20 + size])

    def _simple_packet(self, body: bytes) -> Frame:
        """It has no time and belongs to the first interface."""
        (size,) = struct.unpack_from(self._order + "I", body)
        interface = self._of(0)
        captured = min(size, interface.snap_bytes or size)
        return Frame(self._number, None, interface.link_type, body[4 : 4 + captured])

    def _timed(self, number: int, units: int, data: bytes) -> Frame:
        interface = self._of(number)
        at_ns = units * NS_PER_S // interface.units_per_s + interface.offset_s * NS_PER_S
        possible = at_ns if 0 <= at_ns < TIME_NS_MAX else None
        return Frame(self._number, possible, interface.link_type, data)

    def _of(self, number: int) -> _Interface:
        if number >= len(self._interfaces):
            raise DamagedCapture(f"packet {self._number} names an interface that is not described")
        return self._interfaces[number]
