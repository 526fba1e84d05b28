"""What ingest asks of decode processes, and that it goes on whatever they do."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from structlog.testing import capture_logs

from bench.samples import ARRIVED
from pipeline.datagrams import LINES, UNLIMITED, decode_record, record, translator
from pipeline.ingesting import Gates, Process
from pipeline.spools import MemorySpool
from pipeline.wires import pair
from trapgate.observe import Metrics
from trapgate.pipeline.ahead import REQUEST_RECORDS, Ahead
from trapgate.pipeline.leg import BATCH_RECORDS
from trapgate.pipeline.prepared import HELLO, Answer, Line, PreparedEvent, Request
from trapgate.pipeline.preparing import Preparing
from trapgate.spool import SharedNumber, Wire

STAMP = (1, 2)
MANY = 4 * REQUEST_RECORDS
Records = Sequence[tuple[int, bytes]]


class Helper:
    """A decode process that does what the test says."""

    def __init__(self) -> None:
        ours, self.wire = pair()
        self.withdrawn = SharedNumber()
        self.line = Line(ours, self.withdrawn)
        self.requests: list[Request] = []

    def take(self) -> list[Request]:
        """The requests that are new."""
        new = []
        while (message := self.wire.received()) is not None:
            new.append(msgspec.msgpack.decode(message, type=Request))
        self.requests += new
        return new

    def answer(self, request: Request) -> None:
        prepared = [(_event(payload),) for payload in request.records]
        self.say(Answer(request.number, prepared))

    def say(self, answer: Answer) -> None:
        assert self.wire.send(msgspec.msgpack.encode(answer))


def _event(payload: bytes) -> PreparedEvent:
    code = payload.decode()
    return PreparedEvent(1, "arrival", "syslog.network", "r1", 3, code, {}, {}, "", None, ())


def records(first: int, count: int = MANY) -> Records:
    return [(sequence, b"%d" % sequence) for sequence in range(first, first + count)]


def following(first: int, count: int = MANY) -> Callable[[], Records]:
    return lambda: records(first, count)


@pytest.fixture
def helper() -> Helper:
    return Helper()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def ahead(helper: Helper, metrics: Metrics) -> Ahead:
    return Ahead([helper.line], lambda: STAMP, metrics)


def test_what_follows_is_asked_and_there_when_it_is_read(
    helper: Helper, ahead: Ahead, metrics: Metrics
) -> None:
    assert ahead.prepared("raw", 10, following(11)) == {}
    asked = helper.take()
    assert [len(request.records) for request in asked] == [REQUEST_RECORDS] * 4
    assert {request.stamp for request in asked} == {STAMP}
    for request in asked:
        helper.answer(request)
    found = ahead.prepared("raw", 10 + MANY, following(11 + MANY))
    assert {sequence: prepared[0].code for sequence, prepared in found.items()} == {
        sequence: str(sequence) for sequence, _ in records(11)
    }
    count = metrics.registry.get_sample_value("trapgate_decode_ahead_datagrams_total")
    assert count == MANY


def test_what_is_not_begun_is_taken_back(helper: Helper, ahead: Ahead) -> None:
    ahead.prepared("raw", 10, following(11))
    first, second, third, fourth = helper.take()
    helper.answer(first)
    helper.answer(second)  # being answered when ingest comes
    prepared = ahead.prepared("raw", 10 + MANY, following(11 + MANY))
    assert len(prepared) == 2 * REQUEST_RECORDS
    assert third.number <= helper.withdrawn.value == fourth.number
    assert min(request.number for request in helper.take()) > fourth.number
    helper.say(Answer(third.number, ()))
    helper.answer(fourth)  # too late
    with capture_logs():
        assert ahead.prepared("raw", 10 + 2 * MANY, following(1, 0)) == {}


def test_few_records_are_not_worth_it(helper: Helper, ahead: Ahead) -> None:
    ahead.prepared("raw", 10, following(11, REQUEST_RECORDS))
    assert helper.take() == []


def test_without_helpers_nothing_is_read_ahead(metrics: Metrics) -> None:
    def asked() -> Records:
        raise AssertionError

    assert Ahead([], lambda: STAMP, metrics).prepared("raw", 10, asked) == {}


def test_who_is_silent_is_not_asked_again_before_it_speaks(
    helper: Helper, ahead: Ahead, metrics: Metrics
) -> None:
    ahead.prepared("raw", 10, following(11))
    assert len(helper.take()) == 4
    with capture_logs() as logs:
        assert ahead.prepared("raw", 10 + MANY, following(11 + MANY)) == {}
    assert [line["event"] for line in logs] == ["decode.late"]
    assert (metrics.registry.get_sample_value("trapgate_decode_late_total") or 0) > 0
    helper.take()
    assert ahead.prepared("raw", 10 + 2 * MANY, following(11 + 2 * MANY)) == {}
    assert helper.take() == []
    helper.say(HELLO)
    ahead.prepared("raw", 10 + 3 * MANY, following(11 + 3 * MANY))
    assert len(helper.take()) == 4


def test_a_forerunners_requests_are_not_waited_for(helper: Helper, ahead: Ahead) -> None:
    ahead.prepared("raw", 10, following(11))
    helper.take()
    helper.say(HELLO)
    with capture_logs() as logs:
        assert ahead.prepared("raw", 10 + MANY, following(11 + MANY)) == {}
    assert logs == []


def test_drafts_of_an_older_configuration_are_forgotten(helper: Helper, ahead: Ahead) -> None:
    ahead.prepared("raw", 10, following(11))
    first, second, *_ = helper.take()
    helper.answer(first)
    ahead.prepared("bulk", 1, following(2, 0))  # takes the first answer
    ahead.forget()
    helper.answer(second)
    assert ahead.prepared("raw", 10 + MANY, following(11 + MANY)) == {}


def test_streams_are_kept_apart(helper: Helper, ahead: Ahead) -> None:
    ahead.prepared("raw", 10, following(11))
    of_raw = helper.take()
    ahead.prepared("bulk", 10, following(11))
    of_bulk = helper.take()
    for request in of_raw + of_bulk:
        helper.answer(request)
    assert len(ahead.prepared("raw", 10 + MANY, following(1, 0))) == MANY
    assert len(ahead.prepared("bulk", 10 + MANY, following(1, 0))) == MANY


def test_several_share_the_work(metrics: Metrics) -> None:
    helpers = [Helper(), Helper()]
    ahead = Ahead([helper.line for helper in helpers], lambda: STAMP, metrics)
    ahead.prepared("raw", 10, following(11))
    for helper in helpers:
        requests = helper.take()
        assert len(requests) == 2
        for request in requests:
            helper.answer(request)
    assert len(ahead.prepared("raw", 10 + MANY, following(11 + MANY))) == MANY


# -- with ingest and a decode process that works when ingest has asked it ---------------------


class Working:
    """A decode process in this thread: it answers so many of the requests that it has, each time
    that ingest looks for its answers."""

    def __init__(self, at_a_time: int) -> None:
        ours, theirs = pair()
        withdrawn = SharedNumber()
        self._left = 0
        self._at_a_time = at_a_time
        self.line = Line(_Looked(ours, self.work), withdrawn)
        self._wire = _Limited(theirs, self.may)
        self._drafting = Preparing(
            Line(self._wire, withdrawn),
            lambda: (translator(), STAMP),
            decode_record,
            stop=theirs.fileno(),
            now=lambda: ARRIVED,
        )

    def may(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def work(self) -> None:
        self._left = self._at_a_time
        self._drafting.turn()


class _Looked(Wire):
    """Lets the other end work before it is looked for a message."""

    def __init__(self, wire: Wire, work: Callable[[], None]) -> None:
        self.__dict__ |= wire.__dict__
        self._work = work

    def received(self) -> bytes | None:
        self._work()
        return super().received()


class _Limited(Wire):
    """Has no message when it may not."""

    def __init__(self, wire: Wire, may: Callable[[], bool]) -> None:
        self.__dict__ |= wire.__dict__
        self._may = may

    def received(self) -> bytes | None:
        return super().received() if self._may() else None


COUNT = 3 * BATCH_RECORDS + 100


def spool() -> MemorySpool:
    """Every kind of datagram, in an order in which it matters."""
    made = MemorySpool()
    words = [
        b"up",
        b"line %d",
        b"bad",
        b"denied",
        b"inform",
        b"turns",
        b"many 3 %d",
        b"up %d",
        b"bug",
    ]
    payloads = []
    for number in range(COUNT):
        word = words[number % len(words)]
        data = word % number if b"%" in word else word
        payloads.append(record(data, number / 1_000, listener=(LINES if number % 3 else "traps")))
    made.append(payloads)
    return made


def lived(at_a_time: int | None) -> tuple[Gates, Process]:
    """A life of ingest over this spool, with such a decode process or with none."""
    gates = Gates()
    line = [] if at_a_time is None else [Working(at_a_time).line]
    process = Process(spool(), gates, limit=UNLIMITED, lines=line)
    with capture_logs():
        process.run()
    return gates, process


@pytest.mark.parametrize("at_a_time", [0, 1, 3, 1_000])
def test_it_all_comes_to_the_same(at_a_time: int) -> None:
    alone, without = lived(None)
    helped, process = lived(at_a_time)
    assert helped.stored == alone.stored
    assert helped.matches == alone.matches
    assert helped.replies == alone.replies
    assert helped.refused == alone.refused
    assert process.ledger() == without.ledger()
    ahead = process.value("trapgate_decode_ahead_datagrams_total")
    assert (ahead > 0) == (at_a_time > 0)
