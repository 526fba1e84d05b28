"""Listeners as users write them, and every mistake with its place."""

from pathlib import Path

import pytest

from listen.authority import Authority
from trapgate.config import Section, load
from trapgate.listen import (
    ListenerSettings,
    check_certificates,
    check_listeners,
    with_paths,
)
from trapgate.listen.clients import ClientPolicy
from trapgate.model import NS_PER_S


class File(Section, frozen=True, kw_only=True):
    listen: tuple[ListenerSettings, ...] = ()


def listeners(text: str) -> tuple[ListenerSettings, ...]:
    loaded = load(text, "trapgate.yml", File)
    assert loaded.value is not None, loaded.problems
    return loaded.value.listen


def found(text: str) -> list[str]:
    return [f"{problem.span}: {problem.summary}" for problem in check_listeners(listeners(text))]


def test_the_short_form() -> None:
    (entry,) = listeners("listen: [{name: snmp, protocol: snmp, address: '*:1162'}]")
    assert (entry.transport, str(entry.address)) == ("udp", "*:1162")
    assert [cidr.text for cidr in entry.allow] == ["private"]
    assert entry.idle_timeout == 3600 * NS_PER_S
    assert check_listeners([entry]) == []


def test_each_mistake_has_its_place() -> None:
    assert found(
        """
listen:
  - name: "a b"
    protocol: snmp
    transport: tcp
    address: "*:1162"
    receive_buffer_bytes: 10
    connections_max: 0
    idle_timeout: 500ms
"""
    ) == [
        'trapgate.yml:3:5: "a b" is no name for a listener',
        "trapgate.yml:5:5: snmp over tcp is not supported",
        'trapgate.yml:7:5: "receive_buffer_bytes" must be from 65536 to 1073741824',
        'trapgate.yml:8:5: "connections_max" must be from 1 to 100000',
        'trapgate.yml:9:5: "idle_timeout" must be 1s or more',
    ]


def pair(one: str, other: str) -> str:
    return f"""
listen:
  - {{name: a, protocol: syslog, {one}}}
  - {{name: b, protocol: syslog, {other}}}
"""


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        ("address: '*:514'", "address: '*:514'", True),
        ("address: '*:514'", "address: '192.0.2.1:514'", True),
        ("address: '192.0.2.1:514'", "address: '192.0.2.1:514'", True),
        ("address: '192.0.2.1:514'", "address: '192.0.2.2:514'", False),
        ("address: '*:514'", "address: '*:515'", False),
        ("address: '*:514'", "address: '*:514', transport: tcp", False),
        ("address: '127.0.0.1:0'", "address: '127.0.0.1:0'", False),
    ],
)
def test_the_same_address_twice(one: str, other: str, collide: bool) -> None:
    problems = found(pair(one, other))
    assert len(problems) == collide
    if collide:
        assert 'is taken by listener "a" (line 3)' in problems[0]


def test_the_same_name_twice() -> None:
    text = pair("address: '*:1'", "address: '*:2'").replace("name: b", "name: a")
    assert found(text) == ['trapgate.yml:4:6: "a" is the name of another listener (line 3)']


def stream(more: str, transport: str = "tls") -> str:
    return f"""
listen:
- name: a
  protocol: syslog
  transport: {transport}
  address: "*:6514"
{more}
"""


PRINT = "sha256:" + ":".join(["AB"] * 32)


def test_tls_and_proxies() -> None:
    (entry,) = listeners(
        stream(
            f"""
  tls:
    cert_file: own.pem
    minimum_version: "1.3"
    client_auth: required
    client_ca_file: authorities.pem
    client_names: [core1.example.net, "*.example.org", 192.0.2.1]
    client_fingerprints: ["{PRINT}"]
  proxy_protocol: {{from: [192.0.2.9, 10.0.0.0/8]}}
"""
        )
    )
    assert check_listeners([entry]) == []
    assert entry.proxy_protocol is not None
    assert [cidr.text for cidr in entry.proxy_protocol.from_] == ["192.0.2.9", "10.0.0.0/8"]
    assert entry.tls is not None
    assert entry.tls.policy() == ClientPolicy(
        "required",
        True,
        ("core1.example.net", "*.example.org", "192.0.2.1"),
        frozenset([PRINT]),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (stream(""), "5:3: transport: tls needs a certificate"),
        (
            stream("  tls: {cert_file: a}", "tcp"),
            '7:3: "tls" has no effect with transport: tcp',
        ),
        (
            stream("  tls: {cert_file: a, client_ca_file: b}"),
            '7:23: "client_ca_file" has no effect with client_auth: none',
        ),
        (
            stream("  tls: {cert_file: a, client_auth: required}"),
            "7:23: client_auth: required accepts no certificate as it is",
        ),
        (
            stream("  tls: {cert_file: a, client_auth: optional, client_names: [b]}"),
            "7:23: client_auth: optional accepts no certificate as it is",
        ),
        (
            stream(
                "  tls: {cert_file: a, client_auth: required, client_names: [b],\n"
                f"    client_fingerprints: ['{PRINT}']}}"
            ),
            '7:46: "client_names" says nothing without an authority that vouches for names',
        ),
        (
            stream("  tls: {cert_file: a, client_auth: required, client_fingerprints: ['AB']}"),
            '7:46: "AB" is no fingerprint; write sha256:AA:BB:... (32 bytes in hex)',
        ),
        (
            stream(
                "  tls: {cert_file: a, client_auth: required, client_ca_file: b,\n"
                "    client_names: ['core*.net']}"
            ),
            '8:5: "core*.net" is no name of a client',
        ),
        (
            stream("  proxy_protocol: {from: [any]}", "udp"),
            "7:3: the PROXY protocol is not supported over udp",
        ),
        (stream("  proxy_protocol: {from: []}", "tcp"), '7:20: "from" is empty'),
    ],
)
def test_mistakes_of_layers(text: str, problem: str) -> None:
    assert found(text) == [f"trapgate.yml:{problem}"]


def test_snmp_is_for_udp() -> None:
    text = stream("  tls: {cert_file: a}").replace("protocol: syslog", "protocol: snmp")
    assert found(text) == ["trapgate.yml:5:3: snmp over tls is not supported"]


def test_tcp_and_tls_share_ports() -> None:
    text = pair(
        "address: '*:514', transport: tcp",
        "address: '*:514', transport: tls, tls: {cert_file: a}",
    )
    (problem,) = found(text)
    assert 'tls *:514 is taken by listener "a"' in problem


def test_files_are_looked_at_below_a_folder(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("own", "trapgate")
    authority.issue("other", "trapgate")
    entries = listeners(
        "listen:"
        + "".join(
            f"""
- name: {name}
  protocol: syslog
  transport: tls
  address: "*:{port}"
  tls: {{cert_file: own.pem, key_file: {key}, client_auth: required, client_ca_file: {ca}}}"""
            for name, port, key, ca in (
                ("good", 1, "own.key", "lab-ca.pem"),
                ("other-key", 2, "other.key", "lab-ca.pem"),
                ("no-authority", 3, "own.key", "missing.pem"),
            )
        )
        + "\n- {name: plain, protocol: syslog, address: '*:4'}\n"
    )
    placed = with_paths(entries, tmp_path)
    assert placed[0].tls is not None
    assert placed[0].tls.cert_file == str(tmp_path / "own.pem")
    assert [(problem.code, str(problem.span)) for problem in check_certificates(placed)] == [
        ("unusable-certificate", "trapgate.yml:11:29"),
        ("unusable-certificate", "trapgate.yml:16:71"),
    ]
    assert len(check_certificates(entries)) == 3
