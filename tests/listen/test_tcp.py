"""A TCP listener over loopback: frames across reads, and connections that end or must."""

import errno
import resource
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from listen.streams import Site, is_closed
from trapgate.listen import RecordReader
from trapgate.listen.framing import BAD_FRAMES_MAX


class Refusing(socket.socket):
    """A listening socket whose next accepts fail with `errors`, as accept(2) may."""

    errors: list[int]

    def accept(self) -> tuple[socket.socket, Any]:
        if self.errors:
            raise OSError(self.errors.pop(), "of the connection")
        return super().accept()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_frames_torn_across_reads(site: Site, host: str) -> None:
    with site.connect(host) as lines, site.connect(host) as counted:
        lines.sendall(b"<1>fir")
        assert site.drain() == []
        counted.sendall(b"1")
        assert site.drain() == []
        lines.sendall(b"st\n<2>sec")
        assert site.drain() == [b"<1>first"]
        counted.sendall(b"0 <3>a\nb\n")
        assert site.drain() == []
        counted.sendall(b"cde4 <4>x")
        assert site.drain() == [b"<3>a\nb\ncde", b"<4>x"]
        peers = [RecordReader().decode(record).peer for record in site.records]
        assert [(peer.address, peer.port) for peer in peers] == [
            (host, lines.getsockname()[1]),
            *[(host, counted.getsockname()[1])] * 2,
        ]
    assert site.drain() == [b"<2>sec"]
    assert site.open_connections() == 0
    assert site.sample("trapgate_listen_datagrams_total") == len(site.records) == 4


def test_a_reset_keeps_what_came_before(site: Site) -> None:
    client = site.connect()
    client.sendall(b"<1>a\n<2>b")
    assert site.drain() == [b"<1>a"]
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    assert site.drain() == [b"<2>b"]
    assert site.open_connections() == 0


def test_a_bad_count_is_counted_and_the_next_frame_found(site: Site) -> None:
    with site.connect() as client:
        client.sendall(b"4 <1>ax4 <2>b4")
        assert site.drain() == [b"<1>a", b"x", b"<2>b"]
        client.sendall(b"damaged 4 <3>c")
        assert site.drain() == [b"4damaged ", b"<3>c"]
        assert site.open_connections() == 1
    site.drain()
    assert site.sample("trapgate_listen_bad_frames_total") == 2
    assert site.refused("bad-frame") == 0


def test_who_never_sends_a_count_is_closed(site: Site) -> None:
    with site.connect() as client:
        client.sendall(b"4 <1>a" + b"x\n" * BAD_FRAMES_MAX + b"rest")
        assert site.drain() == [b"<1>a", *[b"x"] * BAD_FRAMES_MAX, b"rest"]
        assert is_closed(client)
    assert site.sample("trapgate_listen_bad_frames_total") == BAD_FRAMES_MAX
    assert site.refused("bad-frame") == 1
    assert site.open_connections() == 0


def test_too_many_connections(site: Site) -> None:
    clients = [site.connect() for _ in range(3)]
    with site.connect() as surplus:
        assert is_closed(surplus)
    assert site.refused("too-many") == 1
    clients.pop().close()
    site.drain()
    clients.append(site.connect())
    assert site.open_connections() == 3
    clients[-1].sendall(b"<1>a\n")
    assert site.drain() == [b"<1>a"]
    for client in clients:
        client.close()


def test_silent_connections_end(site: Site) -> None:
    with site.connect() as silent, site.connect() as busy:
        silent.sendall(b"<1>half")
        site.drain()
        site.elapsed_s = 90
        busy.sendall(b"<2>a\n")
        site.drain()
        site.elapsed_s = 110
        site.listener.expire(site.now, site.records)
        assert is_closed(silent)
        assert site.frames() == [b"<2>a", b"<1>half"]
        assert (site.refused("idle"), site.open_connections()) == (1, 1)
        busy.sendall(b"<3>b\n")
        assert site.drain() == [b"<3>b"]
    assert site.sample("trapgate_listen_datagrams_total") == 3


def test_a_pause_of_ours_is_not_silence(site: Site) -> None:
    with site.connect():
        site.elapsed_s = 1_000
        site.listener.resume(site.now)
        site.listener.expire(site.now, site.records)
        assert site.open_connections() == 1


def test_who_is_not_allowed_is_not_heard() -> None:
    site = Site(allow="::1")
    with site.connect("127.0.0.1") as stranger, site.connect("::1") as friend:
        assert is_closed(stranger)
        friend.sendall(b"<1>a\n")
        assert site.drain() == [b"<1>a"]
    assert site.refused("source-denied") == 1
    site.close()


def test_a_busy_connection_does_not_starve_another(site: Site) -> None:
    """One connection has more than a drain takes; the other's line is in the first drain anyway."""
    with site.connect() as busy, site.connect() as quiet:
        quiet.sendall(b"<1>quiet\n")
        busy.setblocking(False)
        try:
            while True:
                busy.send(b"<2>" + b"x" * 1_000 + b"\n")
        except BlockingIOError:
            pass
        site.listener.drain(site.now, site.records)
        site.listener.drain(site.now, site.records)
        assert b"<1>quiet" in site.frames()


def test_without_descriptors_accepting_waits() -> None:
    """The limit on open files is reached: no spinning, and later the connection is accepted."""
    site = Site()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.create_connection(("127.0.0.1", site.bound.local.port)) as client:
        resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno(), before[1]))
        try:
            assert not site.listener.drain(site.now, site.records)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert site.refused("too-many") == 1
        client.sendall(b"<1>a\n")
        site.listener.expire(site.now, site.records)
        assert site.drain() == [b"<1>a"]
    site.close()


def test_an_error_of_the_connection_that_waits_is_not_the_listeners() -> None:
    site = Site()
    refusing = Refusing(fileno=site.bound.socket.detach())
    refusing.setblocking(False)
    refusing.errors = [
        errno.EPROTO,
        errno.ENETDOWN,
        errno.ENOPROTOOPT,
        errno.EHOSTDOWN,
        errno.ENONET,
        errno.EHOSTUNREACH,
        errno.EOPNOTSUPP,
        errno.ENETUNREACH,
        errno.ECONNABORTED,
        errno.EPERM,
    ]
    site.bound.socket = refusing
    with site.connect() as client:
        client.sendall(b"<1>a\n")
        assert site.drain() == [b"<1>a"]
    assert refusing.errors == []
    site.close()
