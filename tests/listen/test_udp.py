"""A UDP listener over loopback: what is admitted, what is counted."""

import socket

import pytest
from msgspec import structs

from trapgate.config import Address, Cidr
from trapgate.listen import BoundListener, ListenerSettings, RecordReader, UdpListener, bind
from trapgate.listen.slots import SLOTS
from trapgate.model import Endpoint, Now
from trapgate.observe import Metrics

UDP = socket.SOCK_DGRAM
NOW = Now(wall_ns=1_700_000_000_000_000_000, elapsed_ns=5)


def settings(address: str, allow: str = "any", buffer_bytes: int = 1 << 24) -> ListenerSettings:
    return ListenerSettings(
        name="traps",
        protocol="snmp",
        address=Address.from_text(address),
        allow=(Cidr.from_text(allow),),
        receive_buffer_bytes=buffer_bytes,
    )


def count(metrics: Metrics, name: str, *labels: str) -> float:
    names = ("listener", "reason")
    value = metrics.registry.get_sample_value(name, dict(zip(names, labels, strict=False)))
    return value or 0.0


def test_datagrams_of_both_families_become_records() -> None:
    metrics = Metrics()
    bound = bind(settings("*:0"))
    listener = UdpListener(bound, metrics)
    sent = []
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            for data in (b"", b"trap", bytes(65_507)):
                sender.sendto(data, (host, bound.local.port))
                sent.append((host, sender.getsockname()[1], data))
    records: list[bytes] = []
    assert not listener.drain(NOW, records)
    datagrams = [RecordReader().decode(record) for record in records]
    assert [(d.peer.address, d.peer.port, d.data) for d in datagrams] == sent
    assert {(d.listener, d.received_at) for d in datagrams} == {("traps", NOW.wall_ns)}
    assert count(metrics, "trapgate_listen_datagrams_total", "traps") == 6
    bound.close()


@pytest.mark.parametrize(
    ("address", "asked", "known"),
    [
        ("*:0", ["127.0.0.1", "127.0.0.2", "::1"], ["127.0.0.1", "127.0.0.2", "::1"]),
        ("0.0.0.0:0", ["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "127.0.0.2"]),
        ("127.0.0.2:0", ["127.0.0.2"], ["127.0.0.2"]),
        ("[::1]:0", ["::1"], ["::1"]),
    ],
)
def test_the_address_that_was_sent_to_is_kept(
    address: str, asked: list[str], known: list[str]
) -> None:
    bound = bind(settings(address))
    listener = UdpListener(bound, Metrics())
    for host in asked:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, UDP) as sender:
            sender.sendto(b"trap", (host, bound.local.port))
    records: list[bytes] = []
    listener.drain(NOW, records)
    found = [RecordReader().decode(record).local for record in records]
    assert found == [Endpoint(host, bound.local.port) for host in known]
    bound.close()


def test_new_settings_hold_from_the_next_drain_on() -> None:
    """For senders that are known already too, and under the new name."""
    metrics = Metrics()
    bound = bind(settings("127.0.0.1:0"))
    listener = UdpListener(bound, metrics)
    records: list[bytes] = []
    with socket.socket(socket.AF_INET, UDP) as sender:
        for allow, name in (("any", "traps"), ("::1", "closed"), ("127.0.0.1", "open")):
            changed = structs.replace(settings("*:0", allow), name=name)
            listener.reconfigure(BoundListener(changed, bound.socket))
            sender.sendto(name.encode(), ("127.0.0.1", bound.local.port))
            listener.drain(NOW, records)
    datagrams = [RecordReader().decode(record) for record in records]
    assert [(d.listener, d.data) for d in datagrams] == [("traps", b"traps"), ("open", b"open")]
    assert count(metrics, "trapgate_listen_dropped_total", "closed", "source-denied") == 1
    bound.close()


def test_who_is_not_allowed_is_counted_and_not_kept() -> None:
    metrics = Metrics()
    bound = bind(settings("*:0", allow="::1"))
    listener = UdpListener(bound, metrics)
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(host.encode(), (host, bound.local.port))
    records: list[bytes] = []
    listener.drain(NOW, records)
    assert [RecordReader().decode(record).data for record in records] == [b"::1"]
    assert count(metrics, "trapgate_listen_datagrams_total", "traps") == 2
    assert count(metrics, "trapgate_listen_dropped_total", "traps", "source-denied") == 1
    bound.close()


def test_a_drain_ends_under_a_flood() -> None:
    bound = bind(settings("127.0.0.1:0"))
    listener = UdpListener(bound, Metrics())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(SLOTS + 1):
            sender.sendto(b"x", ("127.0.0.1", bound.local.port))
    records: list[bytes] = []
    assert listener.drain(NOW, records)
    assert len(records) == SLOTS
    assert not listener.drain(NOW, records)
    assert len(records) == SLOTS + 1
    bound.close()


def test_kernel_drops_of_before_are_counted_once() -> None:
    metrics = Metrics()
    bound = bind(settings("127.0.0.1:0", buffer_bytes=65_536))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(500):
            sender.sendto(bytes(1_000), ("127.0.0.1", bound.local.port))
    listener = UdpListener(bound, metrics)
    listener.count_kernel_drops()
    listener.count_kernel_drops()
    records: list[bytes] = []
    listener.drain(NOW, records)
    dropped = count(metrics, "trapgate_listen_dropped_total", "traps", "kernel-dropped")
    assert 0 < dropped == 500 - len(records)
    bound.close()
