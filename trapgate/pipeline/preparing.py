"""The loop of a decode process: records in, prepared events out.

It has no files, no memory and no order to keep: what it is asked twice it answers twice, and what
it does not answer ingest does itself.
"""

import select
from collections.abc import Callable, Iterator, Sequence

import msgspec

from trapgate.model import Datagram, Now
from trapgate.pipeline.prepared import HELLO, Answer, Line, Prepared, Request
from trapgate.pipeline.translate import Translator

IDLE_S = 0.25
"""Longest sleep without a request: how late a new configuration is taken over."""

ANSWER_S = 1.0
"""How long there may be no room for an answer: ingest is gone, or does not wait for it any more."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Request).decode


class Preparing:
    """Answers requests until `stop`, a descriptor, is readable."""

    def __init__(
        self,
        line: Line,
        configured: Callable[[], tuple[Translator, tuple[int, int]]],
        datagram_of: Callable[[bytes], Datagram],
        *,
        stop: int,
        now: Callable[[], Now],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`configured` gives the translator in use and the stamp of its configuration;
        `datagram_of` raises `ValueError` for a record that it cannot read; `beat` is called as the
        loop turns."""
        self._wire = line.wire
        self._withdrawn = line.withdrawn
        self._configured = configured
        self._datagram_of = datagram_of
        self._stop = stop
        self._now = now
        self._beat = beat

    def run(self) -> None:
        """Go on until told to stop."""
        self._wire.send(_encode(HELLO))
        while True:
            ready = select.select([self._wire.fileno(), self._stop], [], [], IDLE_S)[0]
            if self._stop in ready:
                return
            self.turn()
            self._beat()

    def turn(self) -> None:
        """Answer what has been asked, and look whether the configuration has changed."""
        translator, stamp = self._configured()
        while (message := self._wire.received()) is not None:
            request = _decode(message)
            withdrawn = request.number <= self._withdrawn.value
            useless = withdrawn or request.stamp != stamp
            prepared = () if useless else self._prepared(translator, request)
            self._answer(Answer(request.number, prepared))

    def _prepared(self, translator: Translator, request: Request) -> Sequence[Prepared]:
        now = self._now()
        found: list[Prepared] = []
        for record in request.records:
            try:
                datagram = self._datagram_of(record)
            except ValueError:  # ingest counts it
                found.append(())
            else:
                found.append(translator.prepared(datagram, now))
        return found

    def _answer(self, answer: Answer) -> None:
        """Send it, without what cannot be written (text that is not Unicode, a number over 64
        bits); with nothing if it is too large."""
        try:
            message = _encode(answer)
        except (ValueError, OverflowError):
            message = _encode(Answer(answer.number, list(_writable(answer))))
        if not self._wire.send(message, ANSWER_S):
            self._wire.send(_encode(Answer(answer.number, ())))


def _writable(answer: Answer) -> Iterator[Prepared]:
    for prepared in answer.prepared:
        try:
            _encode(prepared)
        except (ValueError, OverflowError):
            yield ()
        else:
            yield prepared
