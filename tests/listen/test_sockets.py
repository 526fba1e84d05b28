"""Bound sockets: both families, a taken port, a machine without IPv6, kernel drops."""

import errno
import socket

import pytest

from trapgate.config import Address, Cidr
from trapgate.listen import BindFailed, ListenerSettings, bind
from trapgate.listen.sockets import proc_drops

BUFFER_BYTES = 65_536


def settings(address: str, transport: str = "udp", name: str = "snmp") -> ListenerSettings:
    return ListenerSettings(
        name=name,
        protocol="syslog",
        transport="tcp" if transport == "tcp" else "udp",
        address=Address.from_text(address),
        allow=(Cidr.from_text("any"),),
        receive_buffer_bytes=BUFFER_BYTES,
    )


def test_every_address_is_one_socket_for_both_families() -> None:
    bound = bind(settings("*:0"))
    assert bound.local.address == "::"
    bound.socket.settimeout(10)
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(host.encode(), (host, bound.local.port))
        assert bound.socket.recv(100) == host.encode()
    bound.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_one_address(host: str, transport: str) -> None:
    bound = bind(settings(f"{host}:0", transport))
    assert bound.local.address == host.strip("[]")
    assert bound.local.port > 0
    assert not bound.socket.getblocking()
    bound.close()


def test_an_ipv6_address_leaves_ipv4_alone() -> None:
    six = bind(settings("[::1]:0"))
    four = bind(settings(f"127.0.0.1:{six.local.port}"))
    four.close()
    six.close()


def test_without_ipv6() -> None:
    def open_socket(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return socket.socket(family, kind)

    bound = bind(settings("*:0"), open_socket)
    assert bound.local.address == "0.0.0.0"
    bound.close()
    with pytest.raises(BindFailed):
        bind(settings("[::1]:0"), open_socket)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_taken_port_says_who_wanted_it(transport: str) -> None:
    first = bind(settings("*:0", transport))
    address = f"*:{first.local.port}"
    with pytest.raises(BindFailed) as failed:
        bind(settings(address, transport, name="second"))
    assert failed.value.errno == errno.EADDRINUSE
    assert str(failed.value) == (
        f'listener "second" cannot listen on {transport} {address}: Address already in use'
    )
    first.close()


def test_kernel_drops_are_counted_both_ways() -> None:
    for host in ("127.0.0.1", "[::1]"):
        bound = bind(settings(f"{host}:0"))
        assert bound.kernel_drops() == 0
        sender = socket.socket(bound.socket.family, socket.SOCK_DGRAM)
        for _ in range(500):
            sender.sendto(bytes(1_000), (bound.local.address, bound.local.port))
        kept = 0
        try:
            while True:
                bound.socket.recv(2_000)
                kept += 1
        except BlockingIOError:
            pass
        assert 0 < kept < 500
        assert bound.kernel_drops() == 500 - kept
        assert proc_drops(bound.socket) == 500 - kept
        sender.close()
        bound.close()


def test_the_buffer_is_what_was_asked_for_or_what_the_kernel_allows() -> None:
    bound = bind(settings("127.0.0.1:0"))
    assert bound.receive_buffer_bytes() == 2 * BUFFER_BYTES
    bound.close()
