"""One stream connection, layer by layer: PROXY header, TLS, frames. Bytes in, frames out; only the
answers of TLS are sent from here."""

import socket
from contextlib import suppress

from trapgate.listen.clients import ClientPolicy, Presented
from trapgate.listen.framing import BadFrame, Framer
from trapgate.listen.proxy import BadHeader, read_header
from trapgate.listen.tls import TlsContext, TlsRefused, TlsSession
from trapgate.model import NS_PER_S, Endpoint

ESTABLISH_NS = 10 * NS_PER_S
"""How long a connection may take for its PROXY header and its TLS handshake: seconds over the worst
line, and a place is not kept for who never says anything."""


class Refused(Exception):
    """The connection is to be closed. `reason` is a counter's, `frames` are those that were
    complete before; `detail` is for the log, empty if there is nothing to tell."""

    def __init__(
        self,
        reason: str,
        detail: str = "",
        frames: list[bytes] | None = None,
        presented: Presented | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.frames = frames or []
        self.presented = presented


class Connection:
    """An open connection. `sender` is whom its frames are from (known once `has_sender`),
    `heard_at` and `begun_at` are elapsed times."""

    def __init__(
        self,
        sock: socket.socket,
        peer: Endpoint,
        elapsed_ns: int,
        *,
        proxied: bool = False,
        tls: TlsContext | None = None,
    ) -> None:
        """`proxied`: a PROXY header comes first. `tls`: then a handshake."""
        self.socket = sock
        self.sender = peer
        self.begun_at = self.heard_at = elapsed_ns
        self._header: bytes | None = b"" if proxied else None
        self._tls = TlsSession(tls) if tls else None
        self._framer = Framer()

    @property
    def has_sender(self) -> bool:
        return self._header is None

    @property
    def is_tls(self) -> bool:
        return self._tls is not None

    @property
    def established(self) -> bool:
        """Whether frames are what comes next."""
        return self.has_sender and (self._tls is None or self._tls.established)

    @property
    def over(self) -> bool:
        """Whether the peer has said that nothing more comes."""
        return self._tls is not None and self._tls.over

    @property
    def bad_frames(self) -> int:
        """Damaged stretches so far."""
        return self._framer.bad_frames

    def identify(self, data: bytes) -> bytes | None:
        """Take bytes of the PROXY header; once it is whole, `sender` is known and the bytes behind
        it are returned. None: more is needed. Raises `Refused`."""
        self._header = (self._header or b"") + data
        try:
            header = read_header(self._header)
        except BadHeader as bad:
            raise Refused("proxy-header", str(bad)) from None
        if header is None:
            return None
        rest = self._header[header.size_bytes :]
        self._header = None
        self.sender = header.sender or self.sender
        return rest

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are complete with these bytes, which are behind the PROXY header if one
        comes first. Raises `Refused`."""
        if self._tls is None:
            return self._framed(data)
        try:
            plain = self._tls.feed(data)
        except TlsRefused as refused:
            with suppress(Refused):  # there is a better reason
                self._answer(self._tls)
            frames = self._framed(refused.plain)
            raise Refused(refused.reason, refused.detail, frames, refused.presented) from None
        frames = self._framed(plain)
        self._answer(self._tls, frames)
        return frames

    def end(self) -> list[bytes]:
        """What the stream's end leaves of a frame."""
        return self._framer.end()

    def late(self, elapsed_ns: int) -> str:
        """Why it is to be closed if it is not established in time; empty as long as it may go
        on."""
        if self.established or elapsed_ns - self.begun_at <= ESTABLISH_NS:
            return ""
        return "tls-timeout" if self.has_sender else "proxy-timeout"

    def unwelcome(self, policy: ClientPolicy) -> str:
        """Why a client that was accepted is not by this policy; empty if it is. Whether an
        authority vouches for it is not asked again."""
        if self._tls is None or not self._tls.established:
            return ""
        return policy.refusal(self._tls.presented)

    def _framed(self, plain: bytes) -> list[bytes]:
        try:
            return self._framer.feed(plain)
        except BadFrame as bad:
            raise Refused("bad-frame", str(bad), bad.frames) from None

    def _answer(self, tls: TlsSession, frames: list[bytes] | None = None) -> None:
        """Send what TLS has to say: a few kilobytes, which a buffer that nobody reads can fill."""
        answer = tls.answer()
        if not answer:
            return
        try:
            sent = self.socket.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # reset: the next read tells
        if sent < len(answer):
            raise Refused("tls-unread", "the client does not read what is sent to it", frames)
