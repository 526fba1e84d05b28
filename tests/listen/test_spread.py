"""Several sockets at one address: each sender has one, whatever its port; others find it taken."""

import errno
import socket
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

import pytest

from trapgate.config import Address, Cidr
from trapgate.listen import BindFailed, BoundListener, ListenerSettings, bind
from trapgate.listen.spread import bind_all, of_worker, socket_count

SENDERS = [f"127.0.0.{number}" for number in range(1, 65)]
ATTACH = 51
"""SO_ATTACH_REUSEPORT_CBPF."""


def settings(address: str, transport: str = "udp") -> ListenerSettings:
    return ListenerSettings(
        name="traps",
        protocol="syslog",
        transport="tcp" if transport == "tcp" else "udp",
        address=Address.from_text(address),
        allow=(Cidr.from_text("any"),),
        receive_buffer_bytes=65_536,
    )


@pytest.fixture
def opened() -> Iterator[list[BoundListener]]:
    opened: list[BoundListener] = []
    yield opened
    for bound in opened:
        bound.close()


def chosen(bound: Sequence[BoundListener], sender: str) -> list[int]:
    """Send from three ports of an address; the indexes of the sockets that had something."""
    host = "::1" if ":" in sender else "127.0.0.1"
    family = socket.AF_INET6 if ":" in sender else socket.AF_INET
    for _ in range(3):
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((sender, 0))
            sock.sendto(b"trap", (host, bound[0].local.port))
    indexes = []
    for index, each in enumerate(bound):
        try:
            while each.socket.recv(100):
                indexes.append(index)
        except BlockingIOError:
            continue
    return indexes


def expected(sender: str, count: int) -> int:
    """The index by the words of the address, as the module's text has it."""
    packed = ip_address(sender).packed
    word = 0
    for start in range(0, len(packed), 4):
        word ^= int.from_bytes(packed[start : start + 4])
    return ((word * 0x9E3779B1 & 0xFFFFFFFF) >> 16) % count


@pytest.mark.parametrize("address", ["*:0", "127.0.0.1:0", "0.0.0.0:0"])
@pytest.mark.parametrize("count", [2, 3, 16])
def test_all_of_an_address_goes_one_way(
    address: str, count: int, opened: list[BoundListener]
) -> None:
    opened += bind_all(settings(address), count)
    assert [bound.worker for bound in opened] == list(range(1, count + 1))
    assert len({bound.local for bound in opened}) == 1
    ways = {sender: chosen(opened, sender) for sender in SENDERS}
    assert ways == {sender: [expected(sender, count)] * 3 for sender in SENDERS}
    assert {way for indexes in ways.values() for way in indexes} == set(range(count))


@pytest.mark.parametrize("address", ["*:0", "[::1]:0"])
def test_ipv6_too(address: str, opened: list[BoundListener]) -> None:
    indexes = set()
    for count in range(2, 17):
        bound = bind_all(settings(address), count)
        opened += bound
        assert chosen(bound, "::1") == [expected("::1", count)] * 3
        indexes.add(expected("::1", count))
    assert len(indexes) > 1


def test_the_first_of_them_alone_has_everything(opened: list[BoundListener]) -> None:
    """While the others are not bound yet nothing is lost."""
    opened += bind_all(settings("127.0.0.1:0"), 3)
    for _ in range(2):
        opened.pop().close()
    for sender in SENDERS:
        assert chosen(opened, sender) == [0] * 3


@pytest.mark.parametrize("workers", [1, 3])
def test_a_port_of_another_trapgate_is_taken(workers: int, opened: list[BoundListener]) -> None:
    opened += bind_all(settings("127.0.0.1:0"), 2)
    place = settings(f"127.0.0.1:{opened[0].local.port}")
    with pytest.raises(BindFailed) as failed:
        bind_all(place, workers)
    assert failed.value.errno == errno.EADDRINUSE


def test_a_listener_of_one_worker_is_as_ever(opened: list[BoundListener]) -> None:
    opened += bind_all(settings("127.0.0.1:0"))
    (bound,) = opened
    assert not bound.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)


def test_tcp_has_one_socket(opened: list[BoundListener]) -> None:
    tcp, udp = settings("127.0.0.1:0", "tcp"), settings("127.0.0.1:0")
    opened += [*bind_all(tcp, 3), *bind_all(udp, 3)]
    assert (socket_count(tcp, 3), socket_count(udp, 3)) == (1, 3)
    assert of_worker(opened, 1) == (opened[0], opened[1])
    assert of_worker(opened, 3) == (opened[3],)
    assert of_worker(opened, 4) == ()


class Narrow(socket.socket):
    """A socket of a kernel that cannot spread."""

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:  # type: ignore[override]
        if option == ATTACH:
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")
        super().setsockopt(level, option, value)


def test_a_kernel_that_cannot_is_told_of_and_nothing_stays_open() -> None:
    free = bind(settings("127.0.0.1:0"))
    free.close()
    port = free.local.port
    with pytest.raises(BindFailed, match="Protocol not available"):
        bind_all(settings(f"127.0.0.1:{port}"), 2, Narrow)
    bind(settings(f"127.0.0.1:{port}")).close()


def test_all_or_none_are_opened() -> None:
    made: list[socket.socket] = []

    def open_socket(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        if len(made) == 3:
            raise OSError(errno.EMFILE, "Too many open files")
        made.append(socket.socket(family, kind))
        return made[-1]

    with pytest.raises(BindFailed, match="Too many open files"):
        bind_all(settings("127.0.0.1:0"), 3, open_socket)
    assert [sock.fileno() for sock in made] == [-1, -1, -1]
