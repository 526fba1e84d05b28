"""Datagrams in bulk: whole, in order, each with its own addresses, whatever was there before."""

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from trapgate.listen.slots import Slots, ask_for_local, decode_origin, local_control
from trapgate.model import DATAGRAM_BYTES_MAX

UDP = socket.SOCK_DGRAM
LARGEST = 65_507


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for sock in opened:
        sock.close()


def receiver(sockets: list[socket.socket], host: str, *, local: bool = True) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, UDP)
    sockets.append(sock)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    if local:
        ask_for_local(sock)
    sock.bind((host, 0))
    return sock


def sender(sockets: list[socket.socket], host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, UDP)
    sockets.append(sock)
    sock.bind((host, 0))
    sock.settimeout(10)
    return sock


def test_an_empty_socket_gives_nothing(sockets: list[socket.socket]) -> None:
    assert Slots(2).receive(receiver(sockets, "127.0.0.1").fileno()) == []


def test_as_many_as_there_are_slots_in_order(sockets: list[socket.socket]) -> None:
    sock, device = receiver(sockets, "127.0.0.1"), sender(sockets, "127.0.0.1")
    slots = Slots(4)
    sizes = [0, 1, LARGEST, 3, 2, LARGEST, 0, 9, 8]
    for size in sizes:
        device.sendto(bytes([size % 251]) * size, sock.getsockname())
        # the buffer of this socket holds few of the largest
    found = [slots.receive(sock.fileno()) for _ in range(4)]
    assert [len(batch) for batch in found] == [4, 4, 1, 0]
    datas = [data for batch in found for _, data in batch]
    assert datas == [bytes([size % 251]) * size for size in sizes]
    assert len({origin for batch in found for origin, _ in batch}) == 1
    assert DATAGRAM_BYTES_MAX > LARGEST


def test_one_memory_for_sockets_of_all_kinds(sockets: list[socket.socket]) -> None:
    """An origin holds nothing of the datagram that was in its slot before."""
    slots = Slots(2)
    both = receiver(sockets, "::")
    four = receiver(sockets, "0.0.0.0")
    plain = receiver(sockets, "127.0.0.1", local=False)
    one, two, six = (sender(sockets, host) for host in ("127.0.0.1", "127.0.0.2", "::1"))
    seen = []
    for _ in range(2):
        for sock, device, target in (
            (both, six, "::1"),
            (plain, one, "127.0.0.1"),
            (both, two, "127.0.0.3"),
            (four, two, "127.0.0.2"),
            (plain, two, "127.0.0.1"),
        ):
            device.sendto(b"", (target, sock.getsockname()[1]))
            ((origin, _),) = slots.receive(sock.fileno())
            found = decode_origin(origin)
            seen.append((found.host, found.local))
            assert found.port == device.getsockname()[1]
    assert seen[:5] == [
        ("::1", "::1"),
        ("127.0.0.1", None),
        ("::ffff:127.0.0.2", "127.0.0.3"),
        ("127.0.0.2", "127.0.0.2"),
        ("127.0.0.2", None),
    ]
    assert seen[5:] == seen[:5]


def test_a_socket_that_is_none_is_an_error() -> None:
    read, write = os.pipe()
    with pytest.raises(OSError, match="socket") as failed:
        Slots(1).receive(read)
    assert failed.value.errno == errno.ENOTSOCK
    os.close(read)
    os.close(write)


@pytest.mark.parametrize(
    ("host", "device_host", "local"),
    [
        ("::", "127.0.0.1", "127.0.0.9"),
        ("0.0.0.0", "127.0.0.1", "127.0.0.9"),
        ("::", "::1", "::1"),
    ],
)
def test_what_is_sent_comes_from_the_address_asked_for(
    host: str, device_host: str, local: str, sockets: list[socket.socket]
) -> None:
    sock, device = receiver(sockets, host), sender(sockets, device_host)
    target = device.getsockname()[:2]
    if host == "::" and ":" not in device_host:
        target = (f"::ffff:{device_host}", target[1])
    sock.sendmsg([b"answer"], [local_control(sock, local)], 0, target)
    data, source = device.recvfrom(100)
    assert (data, source[:2]) == (b"answer", (local, sock.getsockname()[1]))


def test_an_address_that_cannot_be_used_is_an_error(sockets: list[socket.socket]) -> None:
    with pytest.raises(ValueError, match="::1 on an IPv4 socket"):
        local_control(receiver(sockets, "0.0.0.0"), "::1")
    with pytest.raises(OSError, match="interface"):
        local_control(receiver(sockets, "::"), "fe80::1%nowhere0")


def test_a_link_local_origin_has_its_zone() -> None:
    """As the kernel writes it: sender and local address on interface 1, which is loopback."""
    link_local = bytes.fromhex("fe80000000000000") + bytes(7) + b"\x07"
    name = socket.AF_INET6.to_bytes(2, "little") + b"\x00\xa1" + bytes(4) + link_local
    name += (1).to_bytes(4, "little") + bytes(4)
    control = (36).to_bytes(8, "little") + (41).to_bytes(4, "little") + (50).to_bytes(4, "little")
    control += link_local + (1).to_bytes(4, "little") + bytes(4)
    found = decode_origin(name + control)
    assert (found.host, found.port, found.local) == ("fe80::7%lo", 161, "fe80::7%lo")
