"""What devices send: datagrams made by hand, and a sender that loses none of them."""

import socket
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from decode.snmp.wire import header, integer, message, notification, tlv, varbind
from system.running import eventually

_LINK_DOWN, _LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
_IF_INDEX, _IF_DESCR = "1.3.6.1.2.1.2.2.1.1", "1.3.6.1.2.1.2.2.1.2"

CHUNK = 64
QUEUED_BYTES_MAX = 64 * 1024
"""UDP has no brake: a chunk is sent when the kernel holds less than this for the receiver, which
is below what it gives to a process without privileges."""


def interface(index: int) -> str:
    """The name that `link_trap` gives to a port."""
    return f"Ethernet1/{index}"


def link_trap(
    index: int, *, up: bool = False, request_id: int = 0, community: str = "public"
) -> bytes:
    """An SNMPv2c linkDown or linkUp."""
    variables = (
        varbind(f"{_IF_INDEX}.{index}", integer(index)),
        varbind(f"{_IF_DESCR}.{index}", tlv(0x04, interface(index).encode())),
    )
    pdu = notification(
        header(_LINK_UP if up else _LINK_DOWN),
        *variables,
        request_id=integer(request_id or index),
    )
    return message(pdu, community=community.encode())


class Sender:
    """A device: one UDP socket, so that all of its datagrams have one source port."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._port = port
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.connect((host, port))
        self.sent = 0

    def send(self, *datagrams: bytes) -> None:
        """Send at once, whatever becomes of it."""
        for data in datagrams:
            self._socket.send(data)
        self.sent += len(datagrams)

    def send_all(self, datagrams: Iterable[bytes]) -> None:
        """Send many, as fast as they are read."""
        chunk: list[bytes] = []
        for data in datagrams:
            chunk.append(data)
            if len(chunk) == CHUNK:
                self._send_chunk(chunk)
                chunk = []
        self._send_chunk(chunk)

    def _send_chunk(self, chunk: list[bytes]) -> None:
        eventually(lambda: queued_bytes(self._port) < QUEUED_BYTES_MAX, "the receiver reads")
        self.send(*chunk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()


def queued_bytes(port: int) -> int:
    """What the kernel holds for the UDP sockets of a port."""
    total = 0
    for table in ("udp", "udp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            columns = line.split()
            if int(columns[1].rpartition(":")[2], 16) == port:
                total += int(columns[4].partition(":")[2], 16)
    return total
