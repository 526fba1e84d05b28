"""What `trapgate decode trap` is given → datagrams: hexadecimal, dumps, binary files, captures.

Which of them it is, is told from its content, never from a name. A capture is read as a stream, so
that its size does not matter, also from a pipe (`tcpdump -w - | trapgate decode trap -`).
"""

import os
import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from trapgate.cli.capture import MAGIC_BYTES, DamagedCapture, Frame, frames, is_capture
from trapgate.cli.hexdump import TEXT_BYTES_MAX, bytes_of, is_dump, looks_like_hex, packets_of
from trapgate.cli.packets import RAW_IP, PacketReader
from trapgate.model import Endpoint

PROGRESS_BYTES_MIN = 16 * 1024 * 1024
"""Smaller files are through before anybody looks at a progress bar."""

_ETHERNET = 1
_ETHERTYPES = tuple(bytes.fromhex(text) for text in ("0800", "86dd", "8100", "88a8"))
_BER_SEQUENCE = 0x30
_PRINTABLE = frozenset(string.printable.encode())


class Arrived(msgspec.Struct, frozen=True):
    """One datagram. `number` counts from 1, in a capture its frames; what the input does not say
    is `None`."""

    number: int
    data: bytes
    peer: Endpoint | None = None
    local: Endpoint | None = None
    at_ns: int | None = None


class Inputs:
    """The datagrams of one input, once. `ports` are destination ports (`PacketReader`)."""

    def __init__(self, file: BinaryIO, ports: frozenset[int] | None) -> None:
        self.damage = ""
        """Where and why reading ended before the end; "" if it did not."""
        self._file = file
        self._packets = PacketReader(ports)
        self._frames = 0
        self._found = 0

    def __iter__(self) -> Iterator[Arrived]:
        """Raises `ValueError` for a text that is not hexadecimal."""
        magic = self._file.read(MAGIC_BYTES)
        if is_capture(magic):
            yield from self._captured(frames(magic, self._file))
            return
        data = magic + self._file.read(TEXT_BYTES_MAX)
        if not _PRINTABLE.issuperset(data):
            yield Arrived(1, data)
            return
        text = data.decode()
        if is_dump(text):
            yield from self._dumped(packets_of(text))
        else:
            yield Arrived(1, bytes_of(text))

    def summary(self) -> str:
        """How many packets there were and what became of them; "" if there are no packets."""
        if not self._frames:
            return ""
        skipped = self._packets.skipped()
        counts = (self._frames, self._found, sum(skipped.values()))
        text = "packets: {}, datagrams: {}, skipped: {}".format(*counts)
        reasons = [f"{count} {reason}" for reason, count in sorted(skipped.items())]
        return f"{text} ({', '.join(reasons)})" if reasons else text

    def _dumped(self, packets: list[bytes]) -> Iterator[Arrived]:
        for number, packet in enumerate(packets, start=1):
            link = _link_type(packet)
            if link is None:
                yield Arrived(number, packet)
            else:
                yield from self._captured(iter([Frame(number, None, link, packet)]))

    def _captured(self, found: Iterator[Frame]) -> Iterator[Arrived]:
        try:
            for frame in found:
                self._frames += 1
                carried = self._packets.read(frame)
                if carried is not None:
                    self._found += 1
                    yield Arrived(
                        carried.number, carried.data, carried.peer, carried.local, carried.at_ns
                    )
        except DamagedCapture as damaged:
            self.damage = str(damaged)


def _link_type(packet: bytes) -> int | None:
    """What a packet of a dump begins with; `None` for an SNMP message, or what may be one."""
    if packet[:1] == bytes((_BER_SEQUENCE,)) or len(packet) < 28:
        return None
    if packet[12:14] in _ETHERTYPES:
        return _ETHERNET
    return RAW_IP if packet[0] >> 4 in (4, 6) else None


@contextmanager
def opened(given: str) -> Iterator[BinaryIO]:
    """The input as a stream: `-` is standard input, then hexadecimal itself, then a file's name.

    A large file is read with a progress bar, if standard error is a terminal and standard output
    is not. Raises `OSError`.
    """
    if given == "-":
        yield sys.stdin.buffer
    elif looks_like_hex(given):
        yield BytesIO(given.encode())
    else:
        with Path(given).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < PROGRESS_BYTES_MIN or not sys.stderr.isatty() or sys.stdout.isatty():
                yield file
                return
            from rich.console import Console
            from rich.progress import wrap_file

            console = Console(stderr=True)
            with wrap_file(file, size, description="decoding", console=console) as watched:
                yield watched
