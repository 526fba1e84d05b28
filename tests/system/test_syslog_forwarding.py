"""Syslog as relays send it: rsyslog, syslog-ng and logger over UDP, TCP and TLS; nothing is lost
over the last two, whatever trapgate is doing meanwhile."""

import os
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from listen.authority import Authority, Identity
from ports import free_port
from system.forwarders import Forwarder, Target, forwarding, rsyslog, syslog_ng
from system.peers import ran
from system.running import Trapgate, command, eventually
from system.webhook import Webhook

pytestmark = pytest.mark.real

LINES = 1_200


class Lab(NamedTuple):
    """Who has which certificate, and the ports of the TLS listeners."""

    authority: Authority
    own: Identity
    relay: Identity
    lone: Identity
    stranger: Identity
    names: int
    prints: int


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("lab")
    authority = Authority(folder)
    return Lab(
        authority,
        authority.issue("own", names=["trapgate.example.net", "127.0.0.1"]),
        authority.issue("relay", "relay", ["relay1.example.net"]),
        authority.self_signed("lone", "lone"),
        authority.self_signed("stranger", "stranger"),
        free_port(),
        free_port(),
    )


def install(folder: Path, lab: Lab, webhook: Webhook) -> Trapgate:
    """trapgate with two TLS listeners: one takes clients by name, one by fingerprint."""
    trapgate = Trapgate(folder, webhook.url)
    own = f"cert_file: {lab.own.cert_file}, key_file: {lab.own.key_file}, client_auth: required"
    by_name = f'client_ca_file: {lab.authority.ca_file}, client_names: ["*.example.net"]'
    entries = "".join(
        f"- {{name: {name}, protocol: syslog, transport: tls,"
        f' address: "*:{port}", tls: {{{own}, {clients}}}}}\n'
        for name, port, clients in (
            ("names", lab.names, by_name),
            ("prints", lab.prints, f'client_fingerprints: ["{lab.lone.fingerprint}"]'),
        )
    )
    more = "normalize: {rate_limit: {burst: 1000000}}\n"  # all relays are one source here
    trapgate.edit("trapgate.yml", "decode:\n", f"{entries}{more}decode:\n")
    return trapgate


@pytest.fixture(scope="module")
def trapgate(
    tmp_path_factory: pytest.TempPathFactory, lab: Lab, shared_webhook: Webhook
) -> Iterator[Trapgate]:
    trapgate = install(tmp_path_factory.mktemp("trapgate"), lab, shared_webhook)
    trapgate.start()
    yield trapgate
    trapgate.close()


def target(lab: Lab, trapgate: Trapgate, how: str) -> Target:
    """Where and how to forward."""
    return {
        "udp": Target(trapgate.syslog, "udp"),
        "tcp": Target(trapgate.syslog),
        "tcp, counted": Target(trapgate.syslog, counted=True),
        "tls by name": Target(
            lab.names, authority=lab.authority.ca_file, client=lab.relay, counted=True
        ),
        "tls by fingerprint": Target(
            lab.prints, authority=lab.authority.ca_file, client=lab.lone, driver="ossl"
        ),
    }[how]


def messages(trapgate: Trapgate, word: str) -> list[str]:
    """The stored messages that hold a word, from there on (what stands before it is the decoder's
    business), sorted."""
    texts = [event.message for event in trapgate.stored_events()]
    return sorted(text[text.index(word) :] for text in texts if word in text)


@pytest.mark.parametrize("forwarder", [rsyslog, syslog_ng])
@pytest.mark.parametrize("how", ["tcp", "tcp, counted", "tls by name", "tls by fingerprint"])
def test_nothing_is_lost_over_streams(
    trapgate: Trapgate, lab: Lab, tmp_path: Path, forwarder: Forwarder, how: str
) -> None:
    word = f"{forwarder.__name__}-{how.replace(' ', '-').replace(',', '')}"
    lines = [f"{word} line {index:05}" for index in range(LINES)]
    before = trapgate.kept()
    with forwarding(forwarder, tmp_path, lines, target(lab, trapgate, how)):
        eventually(lambda: trapgate.kept() >= before + LINES, "all lines")
    assert messages(trapgate, word) == lines


@pytest.mark.parametrize("forwarder", [rsyslog, syslog_ng])
def test_what_udp_loses_is_counted(
    trapgate: Trapgate, lab: Lab, tmp_path: Path, forwarder: Forwarder
) -> None:
    word = f"{forwarder.__name__}-udp"
    before = trapgate.accounted()
    lines = [f"{word} line {index:05}" for index in range(LINES)]
    dropped = trapgate.counted("trapgate_listen_dropped_total")
    with forwarding(forwarder, tmp_path, lines, target(lab, trapgate, "udp")):
        eventually(lambda: trapgate.accounted() >= before + LINES, "all lines")
    dropped = trapgate.counted("trapgate_listen_dropped_total") - dropped
    assert len(messages(trapgate, word)) == LINES - dropped


@pytest.mark.parametrize("transport", ["-d", "-T"])
@pytest.mark.parametrize("more", [(), ("--octet-count",), ("--rfc3164",), ("--rfc5424",)])
def test_logger(trapgate: Trapgate, transport: str, more: tuple[str, ...]) -> None:
    word = f"logger{transport}{''.join(more)}".replace("-", "_")
    ran("logger", "-n", "127.0.0.1", "-P", str(trapgate.syslog), transport, *more, f"{word} says")
    eventually(lambda: messages(trapgate, word), f"the message of {word}")
    assert messages(trapgate, word) == [f"{word} says"]


def test_a_refused_fingerprint_is_logged_to_be_pasted(
    trapgate: Trapgate, lab: Lab, tmp_path: Path
) -> None:
    """Its clients are refused; with the line from the log they are accepted, after a reload. What
    was sent with TLS 1.3 before the refusal came is lost: the relay thought that all was well."""
    port = lab.prints
    with forwarding(
        rsyslog,
        tmp_path,
        ["pasted line"],
        Target(port, authority=lab.authority.ca_file, client=lab.stranger, driver="ossl"),
    ) as source:
        eventually(lambda: lab.stranger.fingerprint in trapgate.text_of("stderr"), "the log line")
        refused = "trapgate_listen_connections_refused_total"
        eventually(
            lambda: trapgate.counted(refused, listener="prints", reason="tls-certificate"),
            "the counter",
        )
        assert messages(trapgate, "pasted line") == []
        old = f'"{lab.lone.fingerprint}"'
        trapgate.edit("trapgate.yml", old, f'{old}, "{lab.stranger.fingerprint}"')
        assert trapgate.reload().status_code == 200

        def arrives() -> bool:
            with source.open("a") as file:
                file.write("pasted line\n")
            return bool(messages(trapgate, "pasted line"))

        eventually(arrives, "a line")


def test_check_looks_at_the_files(trapgate: Trapgate, lab: Lab, tmp_path: Path) -> None:
    text = (trapgate.folder / "trapgate.yml").read_text()
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace(str(lab.own.key_file), str(lab.relay.key_file)))
    (tmp_path / "alertmanager.yml").write_text(trapgate.text_of("alertmanager.yml"))
    done = command("trapgate", "check", "--config", str(wrong))
    assert done.returncode != 0
    assert "does not belong to" in done.stdout + done.stderr


PAUSED_LINES = 4_000


def send_lines(lab: Lab, port: int, how: str, lines: list[str]) -> None:
    """Send lines over one connection and close it in order."""
    sock = socket.create_connection(("127.0.0.1", port))
    if how == "tls":
        context = ssl.create_default_context(cafile=str(lab.authority.ca_file))
        context.load_cert_chain(lab.relay.cert_file, lab.relay.key_file)
        sock = context.wrap_socket(sock, server_hostname="127.0.0.1")
    with sock:
        sock.sendall("".join(f"<13>Nov 21 14:00:00 feed app: {line}\n" for line in lines).encode())
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65_536):  # TLS 1.3 has tickets to say
            continue


@pytest.mark.parametrize("how", ["tcp", "tls"])
def test_a_store_that_stands_still(trapgate: Trapgate, lab: Lab, how: str) -> None:
    """Nothing is stored while ingest does not run; the sender does not notice, and nothing is
    lost."""
    word = f"paused-{how}"
    lines = [f"{word} line {index:05}" for index in range(PAUSED_LINES)]
    port = lab.names if how == "tls" else trapgate.syslog
    before = trapgate.kept()
    ingest = trapgate.process("ingest")
    os.kill(ingest, signal.SIGSTOP)
    try:
        send_lines(lab, port, how, lines)
        assert trapgate.kept() == before
    finally:
        os.kill(ingest, signal.SIGCONT)
    eventually(lambda: trapgate.kept() >= before + PAUSED_LINES, "all lines")
    assert messages(trapgate, word) == lines
