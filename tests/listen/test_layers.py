"""TLS and the PROXY protocol over loopback: who gets in, as whom, and for how long."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from listen.authority import Identity
from listen.lab import VERSIONS, Client, Lab
from listen.streams import Site, is_closed
from listen.test_proxy import binary
from trapgate.config import Cidr
from trapgate.listen.connection import ESTABLISH_NS, Connection, Refused
from trapgate.listen.tcp import DRAIN_HANDSHAKE_READS_MAX
from trapgate.listen.tls import load_context
from trapgate.listen.tls_settings import TlsSettings
from trapgate.model import NS_PER_S, Endpoint

ESTABLISH_S = ESTABLISH_NS // NS_PER_S
LOCALHOST = "127.0.0.1"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    """Sites that are closed when the test ends."""
    sites: list[Site] = []
    yield sites
    for site in sites:
        site.close()


class Device:
    """A client with its socket, which the test's own thread serves."""

    def __init__(
        self,
        site: Site,
        lab: Lab,
        identity: Identity | None = None,
        version: ssl.TLSVersion = VERSIONS[1],
        before: bytes = b"",
    ) -> None:
        self.site = site
        self.socket = site.connect()
        self.socket.settimeout(10)
        self.tls = Client(lab, identity, version)
        self.socket.sendall(before + self.tls.step())

    def shake_hands(self) -> "Device":
        """The whole handshake. Raises `ssl.SSLError` if we are refused."""
        for _ in range(10):
            self.site.drain()
            self.socket.setblocking(False)
            with suppress(BlockingIOError):
                sent = self.tls.step(self.socket.recv(65_536))
                self.socket.setblocking(True)
                if not sent:
                    break
                self.socket.sendall(sent)
        self.socket.setblocking(True)
        return self

    def say(self, text: bytes) -> list[bytes]:
        """Send a text; the frames that came of it."""
        self.socket.sendall(self.tls.say(text))
        return self.site.drain()

    def close(self) -> None:
        self.socket.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_frames_over_tls(lab: Lab, sites: list[Site], version: ssl.TLSVersion) -> None:
    sites.append(site := Site(tls=lab.of_authority()))
    device = Device(site, lab, lab.known, version).shake_hands()
    assert device.say(b"10 <1>one\nmor5") == [b"<1>one\nmor"]
    assert device.say(b" <2>b\n<3>line\n<4>half") == [b"<2>b\n", b"<3>line"]
    assert site.open_connections() == 1
    device.close()
    assert site.drain() == [b"<4>half"]
    assert site.open_connections() == 0
    assert {sender.address for sender in site.senders()} == {LOCALHOST}
    assert site.sample("trapgate_listen_datagrams_total") == 4


def test_a_goodbye_ends_the_connection(lab: Lab, sites: list[Site]) -> None:
    sites.append(site := Site(tls=lab.settings()))
    device = Device(site, lab).shake_hands()
    device.say(b"<1>half")
    with suppress(ssl.SSLWantReadError):
        device.tls.tls.unwrap()
    device.socket.sendall(device.tls.sent())
    assert site.drain() == [b"<1>half"]
    assert is_closed(device.socket)
    device.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refused_client_is_counted_and_its_fingerprint_told(
    lab: Lab, sites: list[Site], version: ssl.TLSVersion
) -> None:
    sites.append(site := Site(tls=lab.listed(lab.known)))
    with capture_logs() as logs:
        for _ in range(2):
            device = Device(site, lab, lab.stranger, version)
            with suppress(ssl.SSLError):
                device.shake_hands()
            site.turn()
            device.close()
    assert site.refused("tls-certificate") == 2
    assert site.open_connections() == 0
    (line,) = logs
    assert line["fingerprint"] == lab.stranger.fingerprint
    assert (line["peer"], line["detail"]) == (LOCALHOST, "its fingerprint is not listed")
    site.reconfigure(tls=lab.listed(lab.known, lab.stranger))
    accepted = Device(site, lab, lab.stranger, version).shake_hands()
    assert accepted.say(b"<1>a\n") == [b"<1>a"]
    accepted.close()


def test_what_is_no_handshake(lab: Lab, sites: list[Site]) -> None:
    sites.append(site := Site(tls=lab.settings()))
    with capture_logs(), site.connect() as client:
        client.sendall(b"<13>not encrypted\n")
        assert site.drain() == []
        assert is_closed(client)
    assert site.refused("tls-handshake") == 1


def test_a_damaged_record_ends_the_connection_and_no_line(lab: Lab, sites: list[Site]) -> None:
    sites.append(site := Site(tls=lab.settings()))
    device = Device(site, lab).shake_hands()
    damaged = bytearray(device.tls.say(b"<1>a\n<2>half") + device.tls.say(b"<3>lost\n"))
    damaged[-1] ^= 1
    device.socket.sendall(damaged)
    with capture_logs() as logs:
        assert site.drain() == [b"<1>a", b"<2>half"]
    assert logs[0]["reason"] == "tls-record"
    assert site.refused("tls-record") == 1
    assert site.open_connections() == 0
    device.close()


def test_slow_and_silent_clients_make_room(lab: Lab, sites: list[Site]) -> None:
    """Handshakes count as connections, and take a bounded time."""
    sites.append(site := Site(tls=lab.settings()))
    device = Device(site, lab).shake_hands()
    silent = [site.connect(), site.connect()]
    silent[1].sendall(b"\x16\x03\x01")
    site.drain()
    with site.connect() as surplus:
        assert is_closed(surplus)
    assert (site.open_connections(), site.refused("too-many")) == (3, 1)
    site.expire(ESTABLISH_S)
    assert site.open_connections() == 3
    site.expire(ESTABLISH_S + 1)
    assert all(map(is_closed, silent))
    assert (site.open_connections(), site.refused("tls-timeout")) == (1, 2)
    assert device.say(b"<1>a\n") == [b"<1>a"]
    device.close()
    for client in silent:
        client.close()


def test_a_pause_of_ours_is_not_slowness(lab: Lab, sites: list[Site]) -> None:
    sites.append(site := Site(tls=lab.settings()))
    with site.connect():
        site.elapsed_s = 1_000
        site.listener.resume(site.now)
        site.expire(1_000 + ESTABLISH_S)
        assert site.open_connections() == 1


def test_a_storm_of_handshakes_is_taken_in_portions(lab: Lab, sites: list[Site]) -> None:
    count = DRAIN_HANDSHAKE_READS_MAX + 4
    sites.append(site := Site(tls=lab.settings(), connections_max=100))
    clients = [site.connect() for _ in range(count)]
    for client in clients:
        client.sendall(Client(lab, None, VERSIONS[1]).step())
    assert site.listener.drain(site.now, site.records)
    answered = 0
    for client in clients:
        client.setblocking(False)
        with suppress(BlockingIOError):
            answered += bool(client.recv(1))
    assert answered == DRAIN_HANDSHAKE_READS_MAX
    for client in clients:
        client.close()


class Unread(socket.socket):
    """A socket whose peer reads nothing: its buffer is full."""

    def send(self, *_: object) -> int:
        raise BlockingIOError


def test_answers_are_not_kept_for_who_does_not_read(lab: Lab) -> None:
    with Unread() as sock:
        context = load_context(lab.settings())
        connection = Connection(sock, Endpoint(LOCALHOST, 1), 0, tls=context)
        with pytest.raises(Refused) as refused:
            connection.feed(Client(lab, None, VERSIONS[1]).step())
    assert refused.value.reason == "tls-unread"


def test_other_certificates_while_connections_stay(
    lab: Lab, sites: list[Site], tmp_path: Path
) -> None:
    cert, key = tmp_path / "own.pem", tmp_path / "own.key"

    def put(identity: Identity) -> None:
        for source, target in ((identity.cert_file, cert), (identity.key_file, key)):
            scratch = target.with_suffix(".new")
            scratch.write_bytes(source.read_bytes())
            os.replace(scratch, target)

    def shown(device: Device) -> bytes | None:
        return device.tls.tls.getpeercert(binary_form=True)

    put(lab.own)
    sites.append(site := Site(tls=TlsSettings(cert_file=str(cert), key_file=str(key))))
    old = Device(site, lab).shake_hands()
    renewed = lab.authority.issue("renewed", names=["trapgate.example.net"])
    put(renewed)
    with capture_logs() as logs:
        site.expire(1)
    assert [line["event"] for line in logs] == ["tls.files-read-again"]
    new = Device(site, lab).shake_hands()
    assert shown(old) != shown(new) == ssl.PEM_cert_to_DER_cert(renewed.cert_file.read_text())
    assert old.say(b"<1>old\n") + new.say(b"<2>new\n") == [b"<1>old", b"<2>new"]
    old.close()
    new.close()


def test_without_usable_files_nobody_connects(lab: Lab, sites: list[Site], tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    with capture_logs() as logs:
        sites.append(site := Site(tls=TlsSettings(cert_file=str(both))))
        with site.connect() as client:
            assert is_closed(client)
        assert site.refused("tls-unavailable") == 1
        both.write_bytes(lab.own.cert_file.read_bytes() + lab.own.key_file.read_bytes())
        site.expire(1)
    assert logs[0]["event"] == "tls.files-unusable"
    device = Device(site, lab).shake_hands()
    assert device.say(b"<1>a\n") == [b"<1>a"]
    device.close()


def test_who_is_struck_off_the_list_is_closed(lab: Lab, sites: list[Site]) -> None:
    sites.append(site := Site(tls=lab.listed(lab.known, lab.stranger)))
    known = Device(site, lab, lab.known).shake_hands()
    stranger = Device(site, lab, lab.stranger).shake_hands()
    stranger.say(b"<1>half")
    site.reconfigure(tls=lab.listed(lab.known))
    assert is_closed(stranger.socket)
    assert site.frames() == [b"<1>half"]
    assert site.refused("tls-certificate") == 1
    assert known.say(b"<2>a\n") == [b"<2>a"]
    known.close()
    stranger.close()


def test_what_is_not_encrypted_does_not_stay_when_tls_comes(lab: Lab, sites: list[Site]) -> None:
    sites.append(site := Site())
    with site.connect() as client:
        client.sendall(b"<1>half")
        site.drain()
        site.reconfigure(transport="tls", tls=lab.settings())
        assert is_closed(client)
    assert site.frames() == [b"<1>half"]
    assert site.refused("transport-changed") == 1
    device = Device(site, lab).shake_hands()
    assert device.say(b"<2>a\n") == [b"<2>a"]
    site.reconfigure(transport="tcp", tls=None)
    assert is_closed(device.socket)
    device.close()


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_sender_waits_while_nobody_reads(lab: Lab, sites: list[Site], encrypted: bool) -> None:
    """More than the kernel takes: the sender is stopped, and goes on where it was."""
    sites.append(site := Site(tls=lab.settings() if encrypted else None))
    client = site.connect()
    if encrypted:
        device = Device(site, lab).shake_hands()
        client.close()
        client = device.socket
    lines = [b"<13>%06d " % index + b"x" * 1_000 for index in range(20_000)]
    stream = b"".join(line + b"\n" for line in lines)
    if encrypted:
        stream = device.tls.say(stream)
    client.setblocking(False)
    at = 0
    with suppress(BlockingIOError):
        while True:
            at += client.send(stream[at : at + 65_536])
    assert 0 < at < len(stream)
    while at < len(stream):
        site.turn()
        with suppress(BlockingIOError):
            at += client.send(stream[at : at + 65_536])
    while len(site.records) < len(lines):
        site.turn()
    assert site.frames() == lines
    client.close()


def test_the_sender_is_whom_the_balancer_names(sites: list[Site]) -> None:
    """Also byte by byte; `allow` is asked about the sender, not about the balancer."""
    sites.append(site := Site(allow="192.0.2.0/24", proxies=LOCALHOST))
    for header in (binary(), b"PROXY TCP4 192.0.2.1 192.0.2.9 5000 514\r\n"):
        with site.connect() as client:
            for at in range(len(header)):
                client.sendall(header[at : at + 1])
                assert site.drain() == []
            client.sendall(b"<1>a\n")
            assert site.drain() == [b"<1>a"]
        site.drain()
        with site.connect() as client:
            client.sendall(header + b"5 <2>ab")
            assert site.drain() == [b"<2>ab"]
        site.drain()
    assert site.senders() == [Endpoint("192.0.2.1", 5000)] * 4


def test_a_mapped_sender_is_canonical(sites: list[Site]) -> None:
    sites.append(site := Site(allow="192.0.2.0/24", proxies=LOCALHOST))
    with site.connect() as client:
        client.sendall(binary("::ffff:192.0.2.1", 7) + b"<1>a\n")
        site.drain()
    assert site.senders() == [Endpoint("192.0.2.1", 7)]


def test_a_sender_who_is_not_allowed(sites: list[Site]) -> None:
    sites.append(site := Site(allow="192.0.2.0/24", proxies=LOCALHOST))
    with site.connect() as client:
        client.sendall(binary("198.51.100.1") + b"<1>a\n")
        assert site.drain() == []
        assert is_closed(client)
    assert site.refused("source-denied") == 1


def test_a_balancer_that_speaks_for_itself(sites: list[Site]) -> None:
    sites.append(site := Site(allow=LOCALHOST, proxies=LOCALHOST))
    with site.connect() as client:
        client.sendall(binary(command=0x20) + b"<1>a\n")
        assert site.drain() == [b"<1>a"]
        assert site.senders() == [Endpoint(LOCALHOST, client.getsockname()[1])]


@pytest.mark.parametrize("data", [b"<1>a\n", binary(command=0x22), b"PROXY nonsense\r\n"])
def test_a_trusted_connection_without_a_header(sites: list[Site], data: bytes) -> None:
    sites.append(site := Site(proxies=LOCALHOST))
    with capture_logs() as logs, site.connect() as client:
        client.sendall(data)
        assert site.drain() == []
        assert is_closed(client)
    assert site.refused("proxy-header") == 1
    assert logs[0]["reason"] == "proxy-header"


def test_a_header_of_somebody_else_is_data(sites: list[Site]) -> None:
    """Who is not trusted cannot borrow an address."""
    sites.append(site := Site(proxies="192.0.2.9"))
    with site.connect() as client:
        client.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.9 5000 514\r\n<1>a\n")
        assert site.drain() == [b"PROXY TCP4 192.0.2.1 192.0.2.9 5000 514", b"<1>a"]
        assert {sender.address for sender in site.senders()} == {LOCALHOST}


def test_a_header_that_does_not_come(sites: list[Site]) -> None:
    sites.append(site := Site(allow="192.0.2.0/24", proxies=LOCALHOST))
    with site.connect() as client:
        client.sendall(binary()[:20])
        site.drain()
        site.reconfigure(allow=(Cidr.from_text("198.51.100.0/24"),))  # not asked about yet
        site.expire(ESTABLISH_S + 1)
        assert is_closed(client)
    assert site.refused("proxy-timeout") == 1
    assert site.refused("source-denied") == 0


def test_a_header_before_the_handshake(lab: Lab, sites: list[Site]) -> None:
    sites.append(site := Site(allow="192.0.2.0/24", proxies=LOCALHOST, tls=lab.of_authority()))
    device = Device(site, lab, lab.known, before=binary()).shake_hands()
    assert device.say(b"5 <1>ab") == [b"<1>ab"]
    assert site.senders() == [Endpoint("192.0.2.1", 5000)]
    device.close()
