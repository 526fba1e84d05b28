"""TLS over a stream (RFC 5425), without IO of its own: ciphertext in, plain text and answers out.

pyOpenSSL and not Python's `ssl`: a client that is known by its fingerprint alone has to be judged
in the handshake, and `ssl` refuses it before anybody is asked, without telling its fingerprint.
"""

from typing import NamedTuple

from OpenSSL import SSL, crypto

from trapgate.listen.clients import ClientPolicy, Presented
from trapgate.listen.tls_settings import TlsSettings
from trapgate.model import Problem

PLAIN_BYTES = 16_384
"""Plain text that is asked for at once: the largest TLS record (RFC 8446 §5.1)."""

_VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}

# Sessions are not resumed: a client that is not accepted any more would come back with its ticket.
_OPTIONS = SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION

_VERIFY = {
    "none": SSL.VERIFY_NONE,
    "optional": SSL.VERIFY_PEER,
    "required": SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
}

_DISTRUST = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "an authority of its chain is not known",
    20: "its authority is not known",
    21: "its authority is not known",
    26: "it is not for TLS clients",
}
"""Why a certificate is not trusted, by OpenSSL's number (x509_vfy.h)."""


class UnusableFile(Exception):
    """A file of `tls` is not there, not readable, or not what it should be. `key` is the setting
    that names it."""

    def __init__(self, key: str, summary: str, help: str) -> None:
        super().__init__(summary)
        self.key = key
        self.summary = summary
        self.help = help


class TlsRefused(Exception):
    """A handshake or a record failed. `reason` is a counter's (`tls-handshake`, `tls-certificate`,
    `tls-no-certificate`, `tls-record`), `plain` what was read before, `presented` the certificate
    that is not accepted."""

    def __init__(
        self, reason: str, detail: str, plain: bytes = b"", presented: Presented | None = None
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.plain = plain
        self.presented = presented


class _Judge:
    """One handshake's look at the client's certificate, which OpenSSL shows certificate by
    certificate, faults first; the client's own without a fault comes last."""

    def __init__(self, policy: ClientPolicy) -> None:
        self.policy = policy
        self.distrust = ""
        self.presented: Presented | None = None
        self.refusal = policy.refusal(None)

    def look(self, certificate: crypto.X509, error: int, depth: int, sound: bool) -> bool:
        if not sound:
            self.distrust = self.distrust or _DISTRUST.get(error, f"OpenSSL's fault {error}")
            return True  # a fingerprint may be enough
        if depth == 0:
            self.presented = Presented.of(certificate.to_cryptography(), self.distrust)
            self.refusal = self.policy.refusal(self.presented)
            return not self.refusal
        return True


class TlsContext(NamedTuple):
    """What new sessions begin with. It stays as it is: changed files make another one."""

    openssl: SSL.Context
    policy: ClientPolicy


class TlsSession:
    """The server's side of one connection. `presented` is the client's certificate once it is
    `established`, `over` whether the client has said that it is done."""

    def __init__(self, context: TlsContext) -> None:
        self._judge = _Judge(context.policy)
        self._openssl = SSL.Connection(context.openssl, None)
        self._openssl.set_app_data(self._judge)
        self._openssl.set_accept_state()
        self.established = False
        self.over = False

    @property
    def presented(self) -> Presented | None:
        return self._judge.presented

    def feed(self, data: bytes) -> bytes:
        """The plain text that these bytes bring. Raises `TlsRefused`, after which the session is
        over; what `answer` has then is worth sending: it tells the client."""
        if data:
            self._openssl.bio_write(data)
        if not self.established and not self._handshake():
            return b""
        parts: list[bytes] = []
        try:
            while True:
                parts.append(self._openssl.recv(PLAIN_BYTES))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.over = True
        except SSL.Error as error:
            raise TlsRefused("tls-record", _words(error), b"".join(parts)) from None
        return b"".join(parts)

    def answer(self) -> bytes:
        """What is to be sent to the client; empty if nothing is."""
        parts: list[bytes] = []
        try:
            while True:
                parts.append(self._openssl.bio_read(PLAIN_BYTES))
        except SSL.WantReadError:
            return b"".join(parts)

    def _handshake(self) -> bool:
        """Whether the handshake is done."""
        judge = self._judge
        try:
            self._openssl.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            words = _words(error)
            if judge.presented is not None and judge.refusal:
                raise TlsRefused(
                    "tls-certificate", judge.refusal, presented=judge.presented
                ) from None
            missing = "did not return a certificate" in words
            raise TlsRefused("tls-no-certificate" if missing else "tls-handshake", words) from None
        if judge.refusal:  # nothing was shown: said by OpenSSL already, but never trust that alone
            raise TlsRefused("tls-no-certificate", judge.refusal)
        self.established = True
        return True


def load_context(tls: TlsSettings) -> TlsContext:
    """Read the files. Raises `UnusableFile`."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(_VERSIONS[tls.minimum_version])
    context.set_options(_OPTIONS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(b"trapgate")
    _load_own(context, tls)
    policy = tls.policy()
    if tls.client_ca_file is not None:
        _load_authorities(context, tls.client_ca_file, named=not policy.fingerprints)
    context.set_verify(_VERIFY[tls.client_auth], _look)
    return TlsContext(context, policy)


def check_files(tls: TlsSettings) -> list[Problem]:
    """What is wrong with the files; their paths are absolute, or relative to the current folder."""
    try:
        load_context(tls)
    except UnusableFile as error:
        return [tls.problem(error.key, error.summary, error.help, "unusable-certificate")]
    return []


def _look(
    connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, sound: int
) -> bool:
    judge = connection.get_app_data()
    assert isinstance(judge, _Judge)
    return judge.look(certificate, error, depth, bool(sound))


def _load_own(context: SSL.Context, tls: TlsSettings) -> None:
    _readable("cert_file", tls.cert_file)
    try:
        context.use_certificate_chain_file(tls.cert_file)
    except SSL.Error as error:
        summary = f"{tls.cert_file} is no certificate that can be used: {_words(error)}"
        raise UnusableFile("cert_file", summary, "it must be PEM, our own first") from None
    name, path = ("cert_file", tls.cert_file)
    if tls.key_file is not None:
        name, path = ("key_file", tls.key_file)
        _readable(name, path)
    if b"ENCRYPTED" in _readable(name, path):
        hint = "decrypt it: openssl pkey -in KEY -out PLAIN"
        raise UnusableFile(name, f"the key in {path} has a password", hint)
    try:
        context.use_privatekey_file(path)
        context.check_privatekey()
    except SSL.Error as error:
        summary = f"the key in {path} does not belong to {tls.cert_file}: {_words(error)}"
        raise UnusableFile(
            name, summary, "give the private key of the certificate, as PEM"
        ) from None


def _load_authorities(context: SSL.Context, path: str, *, named: bool) -> None:
    """`named` tells clients which authorities we know; some then show no other certificate, also
    not one whose fingerprint is listed."""
    _readable("client_ca_file", path)
    try:
        context.load_verify_locations(path)
        if named:
            context.load_client_ca(path.encode())
    except SSL.Error as error:
        summary = f"{path} holds no certificates of authorities: {_words(error)}"
        raise UnusableFile("client_ca_file", summary, "it must be PEM") from None


def _readable(key: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        summary = f"cannot read {path}: {error.strerror}"
        raise UnusableFile(key, summary, "correct the path, or the file's mode") from None


def _words(error: SSL.Error) -> str:
    """OpenSSL's own words."""
    stack = error.args[0] if error.args else ()
    reasons = [entry[-1] for entry in stack if entry] if isinstance(stack, list) else []
    return "; ".join(filter(None, reasons)) or "OpenSSL does not say why"
