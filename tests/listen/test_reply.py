"""Answers: from the address and the port that were sent to, also where many would do."""

import socket
from collections.abc import Iterator

import pytest

from trapgate.config import Address, Cidr
from trapgate.listen import BoundListener, ListenerSettings, RecordReader, UdpListener, bind
from trapgate.listen.reply import Replier
from trapgate.model import Datagram, Endpoint, Now
from trapgate.observe import Metrics


@pytest.fixture
def opened() -> Iterator[list[BoundListener]]:
    opened: list[BoundListener] = []
    yield opened
    for bound in opened:
        bound.close()


def listening(opened: list[BoundListener], address: str, name: str = "traps") -> BoundListener:
    bound = bind(
        ListenerSettings(
            name=name,
            protocol="snmp",
            address=Address.from_text(address),
            allow=(Cidr.from_text("any"),),
            receive_buffer_bytes=1 << 20,
        )
    )
    opened.append(bound)
    return bound


def answered(bound: BoundListener) -> list[Datagram]:
    """What waits at a listener, as datagrams to answer it."""
    records: list[bytes] = []
    UdpListener(bound, Metrics()).drain(Now(0, 0), records)
    found = [RecordReader().decode(record) for record in records]
    return [Datagram(b"ok", each.peer, each.local, each.listener, 0) for each in found]


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("*:0", "127.0.0.1"),
        ("*:0", "127.0.0.2"),
        ("*:0", "127.1.2.3"),
        ("*:0", "::1"),
        ("0.0.0.0:0", "127.0.0.2"),
        ("127.0.0.2:0", "127.0.0.2"),
        ("[::1]:0", "::1"),
    ],
)
def test_an_answer_comes_from_where_the_question_went(
    address: str, target: str, opened: list[BoundListener]
) -> None:
    bound = listening(opened, address)
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as device:
        device.settimeout(10)
        device.connect((target, bound.local.port))  # takes nothing from anywhere else
        device.send(b"inform")
        Replier([bound]).send(answered(bound))
        assert device.recv(100) == b"ok"


def test_what_cannot_be_sent_is_dropped_and_the_rest_goes_out(opened: list[BoundListener]) -> None:
    bound = listening(opened, "*:0")
    port = bound.local.port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.settimeout(10)
        device.bind(("127.0.0.1", 0))
        peer = Endpoint("127.0.0.1", device.getsockname()[1])
        Replier([bound]).send(
            [
                Datagram(b"not ours", peer, Endpoint("192.0.2.77", port), "traps", 0),
                Datagram(b"no zone", peer, Endpoint("fe80::1%nowhere0", port), "traps", 0),
                Datagram(b"gone", peer, Endpoint("127.0.0.1", port), "removed", 0),
                Datagram(b"group", peer, Endpoint("224.0.0.1", port), "traps", 0),
                Datagram(b"unknown", peer, Endpoint("::", port), "traps", 0),
            ]
        )
        assert [device.recv(100) for _ in range(2)] == [b"group", b"unknown"]


def test_other_listeners_from_now_on(opened: list[BoundListener]) -> None:
    one, two = (listening(opened, "127.0.0.1:0", name) for name in ("one", "two"))
    replier = Replier([one])
    replier.replace([two])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.settimeout(10)
        device.bind(("127.0.0.1", 0))
        peer = Endpoint("127.0.0.1", device.getsockname()[1])
        local = Endpoint("127.0.0.1", 1)
        replier.send([Datagram(name.encode(), peer, local, name, 0) for name in ("one", "two")])
        assert device.recvfrom(100) == (b"two", ("127.0.0.1", two.local.port))
