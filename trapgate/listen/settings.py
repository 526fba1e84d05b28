"""The listeners of `trapgate.yml`. The docstrings of the fields are the user's reference."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from trapgate.config import Address, Cidr, Duration, Section
from trapgate.listen.proxy import ProxySettings
from trapgate.listen.tls import check_files
from trapgate.listen.tls_settings import TlsSettings, check_tls
from trapgate.model import NS_PER_S, Problem

RECEIVE_BUFFER_BYTES = 64 * 1024 * 1024
"""Default buffer asked of the kernel: it holds some 80,000 small datagrams, a second and a half at
60,000 a second."""

RECEIVE_BUFFER_BYTES_MAX = 1024**3
"""The largest buffer that Linux accepts without an overflow (it doubles the figure in an int)."""

RECEIVE_BUFFER_BYTES_MIN = 65_536
"""Less does not hold one large datagram."""

CONNECTIONS_MAX = 1000
"""Default bound on open connections: below the common limit of 1,024 open files."""

CONNECTIONS_MAX_MAX = 100_000
"""Each connection may hold a 64 KiB frame that is not complete."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}", re.IGNORECASE)


class ListenerSettings(Section, frozen=True, kw_only=True):
    """One entry of `listen`: a port that devices send to."""

    name: str
    """Name of the listener in events, metrics and logs: letters, digits and `_.-`, at most 63."""

    protocol: Literal["snmp", "syslog"]
    """What devices send to it: `snmp` (traps and informs) or `syslog`."""

    transport: Literal["udp", "tcp", "tls"] = "udp"
    """`udp`, or for syslog `tcp` (RFC 6587: lines, or octet-counted frames) or `tls` (RFC 5425, the
    same frames; its usual port is 6514)."""

    address: Address
    """Where to listen, as `*:1162`, `192.0.2.1:514`, `[2001:db8::1]:514`; `*` is every address,
    IPv4 and IPv6. Ports below 1024 need CAP_NET_BIND_SERVICE."""

    allow: tuple[Cidr, ...] = (Cidr.from_text("private"),)
    """Who may send: networks, addresses, `private` (loopback, link-local and private ranges) or
    `any`. Datagrams from elsewhere are counted as source-denied and not kept."""

    receive_buffer_bytes: int = RECEIVE_BUFFER_BYTES
    """Kernel buffer of a UDP socket, which holds bursts while the disk is busy. Above
    `net.core.rmem_max` it needs CAP_NET_ADMIN; without that the kernel gives less."""

    connections_max: int = CONNECTIONS_MAX
    """Open TCP connections at the same time; more are closed at once and counted as too-many."""

    idle_timeout: Duration = Duration(3600 * NS_PER_S)
    """A TCP connection on which nothing comes for this long is closed; most devices open a new one
    with their next message."""

    tls: TlsSettings | None = None
    """Our certificate and whose clients may send, with `transport: tls`."""

    proxy_protocol: ProxySettings | None = None
    """Load balancers before a `tcp` or `tls` listener that say whose connection it is."""

    @property
    def socket_kind(self) -> Literal["udp", "tcp"]:
        """What the socket is, whatever is spoken over it."""
        return "udp" if self.transport == "udp" else "tcp"


def check_listeners(settings: Sequence[ListenerSettings]) -> list[Problem]:
    """What is wrong with the listeners: of each alone, and of any two together."""
    problems: list[Problem] = []
    for index, entry in enumerate(settings):
        problems += _check_one(entry)
        for earlier in settings[:index]:
            line = earlier.where.span.line
            if earlier.name == entry.name:
                summary = f'"{entry.name}" is the name of another listener (line {line})'
                problems.append(entry.problem("name", summary, "give each its own name"))
            if _collide(earlier, entry):
                summary = f"{entry.transport} {entry.address} is taken by listener "
                summary += f'"{earlier.name}" (line {line})'
                problems.append(entry.problem("address", summary, "use another port"))
    return problems


def _check_one(entry: ListenerSettings) -> list[Problem]:
    problems: list[Problem] = []
    if not _NAME.fullmatch(entry.name):
        summary = f'"{entry.name}" is no name for a listener'
        problems.append(entry.problem("name", summary, "use letters, digits and _.-, at most 63"))
    if entry.protocol == "snmp" and entry.transport != "udp":
        summary = f"snmp over {entry.transport} is not supported"
        problems.append(entry.problem("transport", summary, "devices send traps over udp"))
    problems += _check_layers(entry)
    bounds = (
        ("receive_buffer_bytes", RECEIVE_BUFFER_BYTES_MIN, RECEIVE_BUFFER_BYTES_MAX),
        ("connections_max", 1, CONNECTIONS_MAX_MAX),
        ("idle_timeout", NS_PER_S, None),
    )
    for key, least, most in bounds:
        value = getattr(entry, key)
        if value < least or (most is not None and value > most):
            if key == "idle_timeout":
                summary = f'"{key}" must be 1s or more'
            else:
                summary = f'"{key}" must be from {least} to {most}'
            problems.append(entry.problem(key, summary))
    return problems


def _check_layers(entry: ListenerSettings) -> list[Problem]:
    """What is wrong with what is spoken below syslog."""
    problems: list[Problem] = []
    if entry.transport == "tls" and entry.tls is None:
        hint = "add tls: {cert_file: ..., key_file: ...}"
        problems.append(entry.problem("transport", "transport: tls needs a certificate", hint))
    if entry.tls is not None:
        if entry.transport != "tls":
            summary = f'"tls" has no effect with transport: {entry.transport}'
            problems.append(entry.problem("tls", summary, "use transport: tls"))
        problems += check_tls(entry.tls)
    if entry.proxy_protocol is not None:
        if entry.transport == "udp":
            summary = "the PROXY protocol is not supported over udp"
            hint = "let the balancer keep the sender's address, or use tcp or tls"
            problems.append(entry.problem("proxy_protocol", summary, hint))
        if not entry.proxy_protocol.from_:
            hint = "list the addresses of the load balancers"
            problems.append(entry.proxy_protocol.problem("from", '"from" is empty', hint))
    return problems


def check_certificates(settings: Sequence[ListenerSettings]) -> list[Problem]:
    """What is wrong with the files that listeners over TLS name; paths as in `with_paths`."""
    return [
        problem
        for entry in settings
        if entry.tls is not None and not _check_layers(entry)
        for problem in check_files(entry.tls)
    ]


def with_paths(settings: Sequence[ListenerSettings], folder: Path) -> tuple[ListenerSettings, ...]:
    """The listeners with absolute paths of their files; `folder` is where relative ones start."""
    return tuple(
        entry
        if entry.tls is None
        else msgspec.structs.replace(entry, tls=entry.tls.below(folder.absolute()))
        for entry in settings
    )


def _collide(one: ListenerSettings, other: ListenerSettings) -> bool:
    """Whether the system would refuse the second socket."""
    if one.socket_kind != other.socket_kind or one.address.port != other.address.port:
        return False
    if one.address.port == 0:
        return False
    hosts = {one.address.host, other.address.host}
    return len(hosts) == 1 or bool(hosts & {"*", "::"})
