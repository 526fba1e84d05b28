"""Listeners over a Unix socket: the sockets themselves, and their settings."""

import socket
from collections.abc import Iterator

import pytest

from trapgate.config import Address, Cidr
from trapgate.listen import BoundListener, ListenerSettings, bind
from trapgate.listen.handover import LISTENERS_MAX, HandoverFailed, hand_over, taken_over

Line = tuple[socket.socket, socket.socket]


@pytest.fixture
def line() -> Iterator[Line]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    theirs.settimeout(5)
    yield ours, theirs
    ours.close()
    theirs.close()


def listening(name: str, transport: str = "udp", networks: int = 1) -> BoundListener:
    allow = tuple(Cidr.from_text(f"10.{n // 256}.{n % 256}.0/24") for n in range(networks))
    return bind(
        ListenerSettings(
            name=name,
            protocol="syslog",
            transport="tcp" if transport == "tcp" else "udp",
            address=Address("127.0.0.1", 0),
            allow=allow,
            receive_buffer_bytes=65_536,
        )
    )


def test_sockets_and_settings_arrive_whole_and_in_order(line: Line) -> None:
    for listeners in (
        [listening("a"), listening("b", "tcp"), listening("c", networks=500)],
        [],
        [listening(str(number)) for number in range(LISTENERS_MAX)],
    ):
        hand_over(line[0], listeners)
        taken = taken_over(line[1])
        assert [bound.settings for bound in taken] == [bound.settings for bound in listeners]
        assert [bound.key() for bound in taken] == [bound.key() for bound in listeners]
        for given, bound in zip(listeners, taken, strict=True):
            assert bound.socket.fileno() != given.socket.fileno()
            given.close()
            assert bound.local.port > 0
            assert not bound.socket.getblocking()
            bound.close()


def test_too_many_are_refused(line: Line) -> None:
    bound = listening("a")
    with pytest.raises(HandoverFailed, match="251 listeners are more than 250"):
        hand_over(line[0], [bound] * (LISTENERS_MAX + 1))
    bound.close()


def test_nobody_at_the_other_end(line: Line) -> None:
    bound = listening("a")
    line[1].close()
    with pytest.raises(HandoverFailed):
        hand_over(line[0], [bound])
    bound.close()


@pytest.mark.parametrize("sent", [b"", b"\x10\0\0\0", b"\x10\0\0\0half"])
def test_an_end_in_the_middle(sent: bytes, line: Line) -> None:
    line[0].sendall(sent)
    line[0].close()
    with pytest.raises(HandoverFailed, match="the other end is gone"):
        taken_over(line[1])
