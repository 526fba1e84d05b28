"""Frames in a syslog stream (RFC 6587), as a state machine without IO: bytes in, frames out.

A connection's first byte tells which of the two forms it speaks, and it keeps to it: a digit
starts octet counting (§3.4.1), anything else lines (§3.4.2), which LF, CR LF or NUL end.
"""

from trapgate.model import DATAGRAM_BYTES_MAX

OCTET_COUNT_DIGITS_MAX = 8
"""Longest octet count: a message of 100 MB is no message but a stream that lost its frames."""

_DIGITS = frozenset(b"0123456789")
_LINE_END = b"\n"


class BadFrame(Exception):
    """The octet count is none: nobody knows where the next frame starts. `frames` are those that
    were complete before."""

    def __init__(self, frames: list[bytes]) -> None:
        super().__init__("not an octet count")
        self.frames = frames


class Framer:
    """The frames of one connection, however the stream is cut into reads.

    A frame over `DATAGRAM_BYTES_MAX` is cut there and the rest of it skipped. Empty lines are no
    frames.
    """

    def __init__(self) -> None:
        self._counting: bool | None = None
        self._rest = b""
        self._missing = 0
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are complete with these bytes. Raises `BadFrame`, after which the stream
        is over."""
        if self._counting is None:
            if not data:
                return []
            self._counting = data[0] in _DIGITS
        return self._counted(data) if self._counting else self._lines(data)

    def end(self) -> list[bytes]:
        """What the stream's end leaves: a line without its end, a frame that was cut short."""
        rest, self._rest = self._rest, b""
        if self._counting and not self._missing:
            return []  # a count, or nothing
        return _line(rest)

    def _lines(self, data: bytes) -> list[bytes]:
        *lines, tail = data.replace(b"\0", _LINE_END).split(_LINE_END)
        frames: list[bytes] = []
        for line in lines:
            if self._skipping:
                self._skipping = False
            else:
                frames += _line(self._rest + line)
            self._rest = b""
        if self._skipping:
            return frames
        self._rest += tail
        # one byte more than the limit: a CR may be the line's end
        if len(self._rest) > DATAGRAM_BYTES_MAX + 1:
            frames.append(self._rest[:DATAGRAM_BYTES_MAX])
            self._rest = b""
            self._skipping = True
        return frames

    def _counted(self, data: bytes) -> list[bytes]:
        frames: list[bytes] = []
        at = 0
        while at < len(data):
            if not self._missing:
                at = self._count(data, at, frames)
                continue
            taken = min(self._missing, len(data) - at)
            room = DATAGRAM_BYTES_MAX - len(self._rest)
            self._rest += data[at : at + min(taken, room)]
            self._missing -= taken
            at += taken
            if not self._missing:
                frames.append(self._rest)
                self._rest = b""
        return frames

    def _count(self, data: bytes, at: int, frames: list[bytes]) -> int:
        """Read (a part of) an octet count and the space behind it; returns where that ends."""
        digits_max = OCTET_COUNT_DIGITS_MAX - len(self._rest)
        window = data[at : at + digits_max + 1]
        digits, space, _ = window.partition(b" ")
        text = self._rest + digits
        sound = text.isdigit() and not text.startswith(b"0") and len(digits) <= digits_max
        if not sound:
            raise BadFrame(frames)
        if not space:
            self._rest = text
            return at + len(window)
        self._missing = int(text)
        self._rest = b""
        return at + len(digits) + 1


def _line(line: bytes) -> list[bytes]:
    """The line as a frame, at most `DATAGRAM_BYTES_MAX` of it; none if it is empty."""
    line = line.removesuffix(b"\r")[:DATAGRAM_BYTES_MAX]
    return [line] if line else []
