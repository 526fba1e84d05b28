"""Who takes part in TLS: our certificate, clients of several kinds, and their side of it."""

import ssl
from contextlib import suppress
from pathlib import Path

from listen.authority import Authority, Identity
from trapgate.listen.tls_settings import TlsSettings

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class Lab:
    """An authority, our certificate, and clients of several kinds."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.own = self.authority.issue("own", names=["trapgate.example.net"])
        self.known = self.authority.issue("known", names=["core1.example.net"])
        self.expired = self.authority.issue("expired", "core1.example.net", days=-1)
        self.stranger = self.authority.self_signed("stranger", "stranger")
        self.other = Authority(folder, "other").issue("other", "core1.example.net")

    def settings(self, **more: object) -> TlsSettings:
        return TlsSettings(
            cert_file=str(self.own.cert_file),
            key_file=str(self.own.key_file),
            **more,  # type: ignore[arg-type]
        )

    def of_authority(self, **more: object) -> TlsSettings:
        return self.settings(
            client_auth="required", client_ca_file=str(self.authority.ca_file), **more
        )

    def listed(self, *clients: Identity, **more: object) -> TlsSettings:
        prints = tuple(client.fingerprint for client in clients)
        return self.settings(client_auth="required", client_fingerprints=prints, **more)


class Client:
    """A client without a socket."""

    def __init__(self, lab: Lab, identity: Identity | None, version: ssl.TLSVersion) -> None:
        context = ssl.create_default_context(cafile=str(lab.authority.ca_file))
        context.minimum_version = context.maximum_version = version
        if identity is not None:
            context.load_cert_chain(identity.cert_file, identity.key_file)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname="trapgate.example.net")

    def step(self, data: bytes = b"") -> bytes:
        """Take what the server has sent; what is to be sent to it."""
        self._in.write(data)
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._out.read()

    def sent(self) -> bytes:
        """What is to be sent to the server."""
        return self._out.read()

    def say(self, text: bytes) -> bytes:
        self.tls.write(text)
        return self._out.read()
