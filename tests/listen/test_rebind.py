"""Other listeners: sockets that are wanted still stay, and all or none of the new ones open."""

import socket
from collections.abc import Iterator

import msgspec
import pytest

from ports import free_port
from trapgate.config import Address, Cidr
from trapgate.listen import BindFailed, BoundListener, ListenerSettings, bind
from trapgate.listen.rebind import rebind, removed

BUFFER_BYTES = 65_536


@pytest.fixture
def opened() -> Iterator[list[BoundListener]]:
    opened: list[BoundListener] = []
    yield opened
    for bound in opened:
        bound.close()


def settings(
    address: str, name: str = "traps", transport: str = "udp", buffer_bytes: int = BUFFER_BYTES
) -> ListenerSettings:
    return ListenerSettings(
        name=name,
        protocol="syslog",
        transport="tcp" if transport == "tcp" else "udp",
        address=Address.from_text(address),
        allow=(Cidr.from_text("any"),),
        receive_buffer_bytes=buffer_bytes,
    )


def test_the_same_place_is_the_same_socket(opened: list[BoundListener]) -> None:
    held = [bind(settings("127.0.0.1:0", "a")), bind(settings("127.0.0.1:0", "b", "tcp"))]
    opened += held
    wanted = [
        settings("127.0.0.1:0", "other name", "tcp"),
        settings("127.0.0.1:0", "c", buffer_bytes=2 * BUFFER_BYTES),
        settings("127.0.0.1:0", "d"),
    ]
    result = rebind(held, wanted)
    opened.append(result[2])
    assert [bound.settings for bound in result] == wanted
    assert [bound.socket for bound in result[:2]] == [held[1].socket, held[0].socket]
    assert result[2].local != held[0].local
    assert result[1].receive_buffer_bytes() == 4 * BUFFER_BYTES
    assert removed(held, result) == ()
    assert removed(held, result[1:]) == (held[1],)
    assert removed(result, held) == (result[2],)


def test_all_or_none_of_the_new_ones(opened: list[BoundListener]) -> None:
    held = [bind(settings("127.0.0.1:0"))]
    opened += held
    free = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        with pytest.raises(BindFailed, match="Address already in use"):
            rebind(held, [settings(f"127.0.0.1:{free}"), settings(f"127.0.0.1:{taken}")])
    opened.append(bind(settings(f"127.0.0.1:{free}")))
    assert held[0].socket.fileno() >= 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(("old", "new"), [("*", "127.0.0.1"), ("127.0.0.1", "*")])
def test_an_address_may_become_wider_or_narrower(
    old: str, new: str, transport: str, opened: list[BoundListener]
) -> None:
    port = free_port()
    held = [bind(settings(f"{old}:{port}", transport=transport))]
    opened += held
    (result,) = rebind(held, [settings(f"{new}:{port}", transport=transport)])
    opened.append(result)
    assert removed(held, [result]) == tuple(held)
    held[0].close()
    # nobody else may follow; of a TCP port the kernel remembers that it was shared once
    with pytest.raises(BindFailed):
        bind(settings(f"{new}:{port}", transport=transport), beside=transport == "udp")


def reuse(bound: BoundListener) -> int:
    return bound.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)


def test_the_sockets_of_all_workers_stay_together(opened: list[BoundListener]) -> None:
    port = free_port()
    first = rebind((), [settings(f"*:{port}", "a"), settings("127.0.0.1:0", "b", "tcp")], 2)
    opened += first
    assert [(bound.settings.name, bound.worker) for bound in first] == [
        ("a", 1),
        ("a", 2),
        ("b", 1),
    ]
    wanted = [settings("127.0.0.1:0", "b", "tcp"), settings(f"*:{port}", "c", buffer_bytes=131072)]
    again = rebind(first, wanted, 2)
    assert [bound.socket for bound in again] == [first[2].socket, first[0].socket, first[1].socket]
    assert [bound.worker for bound in again] == [1, 1, 2]
    assert {bound.receive_buffer_bytes() for bound in again[1:]} == {2 * 131072}
    assert removed(first, again[:1]) == first[:2]

    narrower = rebind(again, [settings(f"127.0.0.1:{port}")], 2)
    opened += narrower
    assert len(narrower) == 2
    assert removed(again, narrower) == again
    # the old ones are spread over both workers until they are closed
    assert [reuse(bound) for bound in (*again, *narrower)] == [0, 1, 1, 1, 1]


def test_of_the_sockets_of_workers_too_all_or_none(opened: list[BoundListener]) -> None:
    free = free_port()
    taken = bind(settings("127.0.0.1:0"))
    opened.append(taken)
    wanted = [settings(f"127.0.0.1:{free}"), settings(f"127.0.0.1:{taken.local.port}")]
    with pytest.raises(BindFailed, match="Address already in use"):
        rebind((), wanted, 3)
    opened.append(bind(settings(f"127.0.0.1:{free}")))


def test_a_socket_stays_when_tls_comes_to_its_port(opened: list[BoundListener]) -> None:
    """It is the same socket; what is spoken over it is the listener's business."""
    plain = bind(settings(f"*:{free_port()}", transport="tcp"))
    opened.append(plain)
    encrypted = msgspec.structs.replace(plain.settings, transport="tls")
    (result,) = rebind([plain], [encrypted])
    assert result.socket is plain.socket
    assert result.settings.transport == "tls"
    assert removed([plain], [result]) == ()
