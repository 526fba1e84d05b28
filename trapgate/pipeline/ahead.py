"""What others decode for ingest, beforehand.

While ingest works on a batch, decode processes prepare the events of the records behind it
(`pipeline.preparing`). What they have not begun when ingest comes to it, it takes back and does
itself: nobody waits for anybody, but for a request that is just being answered. Nothing depends on
an answer but speed.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import msgspec

from trapgate.observe import Metrics, logger
from trapgate.pipeline.prepared import HELLO, Answer, Line, Prepared, Request
from trapgate.pipeline.translate import NOTHING_PREPARED

REQUEST_RECORDS = 64
"""Records of a request: some 1.5 ms of work, and an answer of 35 KB."""

WAIT_S = 0.01
"""How long the answer to a request may take that was begun. Who is late is not asked again before
it has said something."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Answer).decode


class _Asked(msgspec.Struct, frozen=True):
    """A request without an answer, for these records of a stream."""

    number: int
    stream: str
    sequences: tuple[int, ...]

    @property
    def first(self) -> int:
        return self.sequences[0]


class _DecodeProcess:
    """A decode process, as ingest sees it: `asked` is what it has not answered, in order; `awake`
    whether it answers at all."""

    def __init__(self, line: Line) -> None:
        self.wire = line.wire
        self.asked: deque[_Asked] = deque()
        self.awake = True
        self._withdrawn = line.withdrawn

    def answered(self, number: int) -> _Asked | None:
        """What an answer is to; `None` if nobody asks that any more. Answers come in order, so
        that what was asked before and is not answered never will be."""
        self.awake = True
        if number == HELLO.number:
            self.asked.clear()
        while self.asked and self.asked[0].number <= number:
            asked = self.asked.popleft()
            if asked.number == number:
                return asked
        return None

    def withdraw(self, stream: str, last: int) -> _Asked | None:
        """Leave it nothing of a stream up to this sequence but what it may have begun, which is
        returned."""
        wanted = [each for each in self.asked if each.stream == stream and each.first <= last]
        if not wanted:
            return None
        self._withdrawn.set(wanted[-1].number)
        for each in wanted[1:]:
            self.asked.remove(each)
        return wanted[0]


class Ahead:
    """Asks decode processes for events, and has them when their records are read."""

    def __init__(
        self, lines: Sequence[Line], stamp: Callable[[], tuple[int, int]], metrics: Metrics
    ) -> None:
        """`lines` lead to the decode processes; `stamp` is that of the configuration in use."""
        self._processes = [_DecodeProcess(line) for line in lines]
        self._stamp = stamp
        self._number = time.monotonic_ns()  # no number of an earlier life of ingest comes again
        self._prepared: dict[str, dict[int, Prepared]] = {}
        self._late = metrics.counter("trapgate_decode_late_total")
        self._ahead = metrics.counter("trapgate_decode_ahead_datagrams_total")

    @property
    def busy(self) -> bool:
        """Whether something is asked and not answered, or answered and not read."""
        return bool(self._prepared) or any(process.asked for process in self._processes)

    def prepared(
        self, stream: str, last: int, following: Callable[[], Sequence[tuple[int, bytes]]]
    ) -> Mapping[int, Prepared]:
        """What there is of a stream's records up to `last`, by sequence. Those that are `following`
        will be prepared meanwhile, if they are worth it."""
        if not self._processes:
            return NOTHING_PREPARED
        self._take_answers()
        begun = [(process, process.withdraw(stream, last)) for process in self._processes]
        self._ask(stream, following())
        for process, asked in begun:
            if asked is not None:
                self._await(process, asked)
        prepared = self._prepared.pop(stream, NOTHING_PREPARED)
        self._ahead.inc(len(prepared))
        return prepared

    def forget(self) -> None:
        """The configuration is another one: what was prepared under the old one is no use."""
        self._prepared.clear()
        for process in self._processes:
            process.asked.clear()

    def _ask(self, stream: str, records: Sequence[tuple[int, bytes]]) -> None:
        """Have these records prepared, as far as there is room on the wires, if there are many."""
        processes = [process for process in self._processes if process.awake]
        if len(records) < 2 * REQUEST_RECORDS or not processes:
            return
        for at in range(0, len(records), REQUEST_RECORDS):
            sequences, payloads = zip(*records[at : at + REQUEST_RECORDS], strict=True)
            process = min(processes, key=lambda each: len(each.asked))
            self._number += 1
            request = Request(self._number, self._stamp(), payloads)
            if not process.wire.send(_encode(request)):
                return
            process.asked.append(_Asked(self._number, stream, sequences))

    def _take_answers(self) -> None:
        for process in self._processes:
            while (message := process.wire.received()) is not None:
                answer = _decode(message)
                asked = process.answered(answer.number)
                if asked is not None:
                    answers = zip(asked.sequences, answer.prepared, strict=False)
                    known = self._prepared.setdefault(asked.stream, {})
                    known.update((sequence, each) for sequence, each in answers if each)

    def _await(self, process: _DecodeProcess, asked: _Asked) -> None:
        """Wait until this is answered, for a moment: who does not may be dead, or stopped."""
        until = time.monotonic() + WAIT_S
        while asked in process.asked:
            left_s = until - time.monotonic()
            if left_s <= 0 or not process.wire.wait(left_s):
                logger().warning("decode.late", requests=len(process.asked))
                self._late.inc(len(process.asked))
                process.asked.clear()
                process.awake = False
            self._take_answers()
