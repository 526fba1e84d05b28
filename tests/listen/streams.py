"""A stream listener over loopback, as the tests turn it."""

import select
import socket

import msgspec

from trapgate.config import Address, Cidr, Duration
from trapgate.listen import BoundListener, ListenerSettings, RecordReader, TcpListener, bind
from trapgate.listen.proxy import ProxySettings
from trapgate.listen.tls_settings import TlsSettings
from trapgate.model import NS_PER_S, Endpoint, Now
from trapgate.observe import Metrics


class Site:
    """A listener, its metrics, and what came of it."""

    def __init__(
        self,
        address: str = "*:0",
        allow: str = "any",
        *,
        tls: TlsSettings | None = None,
        proxies: str = "",
        connections_max: int = 3,
    ) -> None:
        """`proxies` may speak for others with PROXY headers."""
        from_ = (Cidr.from_text(proxies),) if proxies else ()
        self.bound: BoundListener = bind(
            ListenerSettings(
                name="lines",
                protocol="syslog",
                transport="tls" if tls else "tcp",
                address=Address.from_text(address),
                allow=(Cidr.from_text(allow),),
                connections_max=connections_max,
                idle_timeout=Duration(100 * NS_PER_S),
                tls=tls,
                proxy_protocol=ProxySettings(from_=from_) if proxies else None,
            )
        )
        self.metrics = Metrics()
        self.listener = TcpListener(self.bound, self.metrics)
        self.records: list[bytes] = []
        self.elapsed_s = 0
        self._poll = select.poll()
        self._poll.register(self.listener.fileno(), select.POLLIN)

    @property
    def now(self) -> Now:
        return Now(1_700_000_000 * NS_PER_S, self.elapsed_s * NS_PER_S)

    def connect(self, host: str = "127.0.0.1") -> socket.socket:
        client = socket.create_connection((host, self.bound.local.port))
        self.drain()
        return client

    def drain(self) -> list[bytes]:
        """Wait until something is there, take all of it; the new frames."""
        assert self._poll.poll(10_000)
        start = len(self.records)
        while self.listener.drain(self.now, self.records):
            continue
        return self.frames()[start:]

    def turn(self) -> None:
        """One drain of what is there, without waiting."""
        self.listener.drain(self.now, self.records)

    def reconfigure(self, **changed: object) -> None:
        """Go on with other settings on the same socket."""
        settings = msgspec.structs.replace(self.bound.settings, **changed)
        self.bound = BoundListener(settings, self.bound.socket)
        self.listener.reconfigure(self.bound, self.now, self.records)

    def expire(self, elapsed_s: int) -> None:
        """What is due at this time."""
        self.elapsed_s = elapsed_s
        self.listener.expire(self.now, self.records)

    def senders(self) -> list[Endpoint]:
        """Whom the frames are from."""
        return [RecordReader().decode(record).peer for record in self.records]

    def frames(self) -> list[bytes]:
        return [RecordReader().decode(record).data for record in self.records]

    def sample(self, name: str, reason: str = "") -> float:
        labels = {"listener": "lines"} | ({"reason": reason} if reason else {})
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def refused(self, reason: str) -> float:
        return self.sample("trapgate_listen_connections_refused_total", reason)

    def open_connections(self) -> float:
        return self.sample("trapgate_listen_connections")

    def close(self) -> None:
        self.listener.close(self.now, self.records)
        self.bound.close()


def is_closed(client: socket.socket) -> bool:
    client.settimeout(10)
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
