"""Frames in a syslog stream (RFC 6587), as a state machine without IO: bytes in, frames out.

A connection's first bytes tell which of the two forms it speaks: digits and a space are an octet
count (§3.4.1), anything else begins a line (§3.4.2), which LF, CR LF or NUL ends. Relays change the
form from message to message, so each frame is looked at anew: `<` begins a line among counted
frames, a count before a priority begins a counted frame among lines.

Where a count should be and is none, the stream is *damaged* (a sender that counts characters, not
bytes, is enough): everything up to the next line end, or up to a count before a priority, is a
frame of its own, so that nothing is lost, and reading goes on behind it.
"""

import re

from trapgate.model import DATAGRAM_BYTES_MAX

OCTET_COUNT_DIGITS_MAX = 8
"""Longest octet count: a message of 100 MB is no message but a stream that lost its frames."""

BAD_FRAMES_MAX = 32
"""Damaged stretches in a row after which a stream is given up: one wrong count damages one or two,
and who speaks another protocol never gets it right."""

_COUNT = re.compile(rb"([1-9][0-9]{0,7}) ")
_COUNT_BEGUN = re.compile(rb"(?:[1-9][0-9]{0,7})?")

# A count that is believed where none had to be: of a frame that is kept whole (5 digits), and
# with a priority (RFC 5424 §6.2.1) behind it.
_SURE = re.compile(rb"([1-9][0-9]{0,4}) (?=<[0-9]{1,3}>)")
_SURE_BEGUN = re.compile(rb"[1-9][0-9]{0,4}(?: (?:<[0-9]{0,3})?)?")
_SURE_BYTES_MAX = len(b"65535 <191>")

_LINE_END = re.compile(rb"[\n\0]")
_STRETCH_END = re.compile(rb"[\n\0]|[1-9][0-9]{0,4} <[0-9]{1,3}>")
_PRIORITY = re.compile(rb"<[0-9]{1,3}>")


class BadFrame(Exception):
    """The stream is damaged again and again: nobody knows where its frames are. `frames` are those
    before, and what was read and not understood."""

    def __init__(self, frames: list[bytes]) -> None:
        super().__init__(f"{BAD_FRAMES_MAX} damaged frames in a row")
        self.frames = frames


class Framer:
    """The frames of one connection, however the stream is cut into reads.

    A line or a counted frame over `DATAGRAM_BYTES_MAX` is cut there and the rest of it skipped; a
    damaged stretch over it becomes several. Empty lines are no frames. `bad_frames` counts damaged
    stretches.
    """

    def __init__(self) -> None:
        self.bad_frames = 0
        self._bad_in_a_row = 0
        self._counting: bool | None = None
        self._rest = b""
        self._scanned = 0
        self._missing = 0
        self._skipping_line = False
        self._with_nul = False

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are complete with these bytes. Raises `BadFrame`, after which the stream
        is over."""
        frames: list[bytes] = []
        data = self._rest + data
        self._with_nul = b"\0" in data
        at, size = 0, len(data)
        while at < size:
            if self._missing:
                behind = self._skipped(at, size)
            elif self._skipping_line:
                behind = self._line_skipped(data, at)
            elif self._counting is False:
                behind = self._of_lines(data, at, frames)
            else:
                behind = self._of_counts(data, at, frames)
            if behind < 0:
                break
            at = behind
            if self._bad_in_a_row >= BAD_FRAMES_MAX:
                self._rest = b""
                raise BadFrame(frames + _pieces(data[at:]))
        self._rest = data[at:]
        return frames

    def end(self) -> list[bytes]:
        """What the stream's end leaves: a line without its end, a frame that was cut short."""
        rest, self._rest = self._rest, b""
        if self._missing or self._skipping_line:
            return []
        count = _COUNT.match(rest)
        if count and (self._counting is not False or _SURE.match(rest)):
            rest = rest[count.end() :]
        elif self._counting and _COUNT_BEGUN.fullmatch(rest):
            return []
        return _pieces(rest) if self._bad_in_a_row else _line(rest)

    # Each of these reads from `at` and returns where it got to, or -1: more bytes are needed.

    def _of_lines(self, data: bytes, at: int, frames: list[bytes]) -> int:
        """A line; a counted frame if that is certain."""
        if data[at : at + 1].isdigit():
            sure = _SURE.match(data, at)
            if sure:
                return self._counted(data, sure, frames)
        end = self._line_end(data, at + self._scanned)
        if end >= 0:
            self._scanned = 0
            frames += _line(data[at:end])
            return end + 1
        self._scanned = len(data) - at
        # one byte more than the limit: a CR may be the line's end
        if self._scanned > DATAGRAM_BYTES_MAX + 1:
            frames.append(data[at : at + DATAGRAM_BYTES_MAX])
            self._scanned = 0
            self._skipping_line = True
            return len(data)
        return -1

    def _of_counts(self, data: bytes, at: int, frames: list[bytes]) -> int:
        """A counted frame; at the start of a connection it decides which form this is."""
        lost = self._bad_in_a_row > 0
        count = (_SURE if lost else _COUNT).match(data, at)
        if count:
            return self._counted(data, count, frames)
        if (_SURE_BEGUN if lost else _COUNT_BEGUN).fullmatch(data, at):
            return -1
        if self._counting is None:
            self._counting = False
            return at
        if data[at] in b"\r\n\0":  # some end counted frames like lines, too
            return at + 1
        return self._stretch(data, at, frames)

    def _counted(self, data: bytes, count: re.Match[bytes], frames: list[bytes]) -> int:
        self._scanned = 0
        size, start = int(count[1]), count.end()
        kept = min(size, DATAGRAM_BYTES_MAX)
        if len(data) - start < kept:
            return -1
        frames.append(data[start : start + kept])
        self._missing = size - kept
        self._counting = True
        self._bad_in_a_row = 0
        return start + kept

    def _stretch(self, data: bytes, at: int, frames: list[bytes]) -> int:
        """Among counted frames: a line, or what damage has left of a frame."""
        end = _STRETCH_END.search(data, at + self._scanned)
        if end is None and len(data) - at < DATAGRAM_BYTES_MAX + _SURE_BYTES_MAX:
            # the end may have begun: it is looked for from there again
            self._scanned = max(0, len(data) - at - _SURE_BYTES_MAX)
            return -1
        if end is None or end.start() - at > DATAGRAM_BYTES_MAX:
            self._damaged()
            frames.append(data[at : at + DATAGRAM_BYTES_MAX])
            return at + DATAGRAM_BYTES_MAX
        frames += _line(data[at : end.start()])
        if end[0] not in (b"\n", b"\0"):
            self._damaged()
            return end.start()
        if _PRIORITY.match(data, at):
            self._counting = False
            self._bad_in_a_row = self._scanned = 0
        else:
            self._damaged()
        return end.end()

    def _damaged(self) -> None:
        self.bad_frames += 1
        self._bad_in_a_row += 1
        self._scanned = 0

    def _skipped(self, at: int, size: int) -> int:
        taken = min(self._missing, size - at)
        self._missing -= taken
        return at + taken

    def _line_skipped(self, data: bytes, at: int) -> int:
        end = self._line_end(data, at)
        self._skipping_line = end < 0
        return len(data) if end < 0 else end + 1

    def _line_end(self, data: bytes, start: int) -> int:
        """Where the line ends, or -1. Few senders use NUL, and looking for one character is ten
        times as fast."""
        if not self._with_nul:
            return data.find(b"\n", start)
        end = _LINE_END.search(data, start)
        return end.start() if end else -1


def _line(line: bytes) -> list[bytes]:
    """The line as a frame, at most `DATAGRAM_BYTES_MAX` of it; none if it is empty."""
    line = line.removesuffix(b"\r")[:DATAGRAM_BYTES_MAX]
    return [line] if line else []


def _pieces(data: bytes) -> list[bytes]:
    """All of it, as frames of `DATAGRAM_BYTES_MAX`."""
    return [data[at : at + DATAGRAM_BYTES_MAX] for at in range(0, len(data), DATAGRAM_BYTES_MAX)]
