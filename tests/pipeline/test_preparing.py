"""A decode process answers every request, with prepared or without; none of them ends it."""

import msgspec
import pytest

from bench.samples import ARRIVED
from pipeline.datagrams import LINES, datagram, decode_record, record, translator
from pipeline.wires import pair
from trapgate.model import Datagram, Now
from trapgate.pipeline.prepared import HELLO, Answer, Line, Prepared, PreparedEvent, Request
from trapgate.pipeline.preparing import Preparing
from trapgate.pipeline.translate import Translator
from trapgate.spool import SharedNumber

STAMP = (1, 2)


class Desk:
    """A decode process and who asks it."""

    def __init__(self, made: Translator | None = None) -> None:
        self.wire, theirs = pair()
        self.withdrawn = SharedNumber()
        self.stamp = STAMP
        self.translator = made or translator()
        self.preparing = Preparing(
            Line(theirs, self.withdrawn),
            lambda: (self.translator, self.stamp),
            decode_record,
            stop=theirs.fileno(),
            now=lambda: ARRIVED,
        )

    def ask(self, number: int, *records: bytes, stamp: tuple[int, int] = STAMP) -> None:
        assert self.wire.send(msgspec.msgpack.encode(Request(number, stamp, records)))

    def answers(self) -> list[Answer]:
        self.preparing.turn()
        found = []
        while (message := self.wire.received()) is not None:
            found.append(msgspec.msgpack.decode(message, type=Answer))
        return found


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_answer_has_one_entry_for_each_record(desk: Desk) -> None:
    desk.ask(5, record(b"up", listener=LINES), record(b"bad"), b"no record", record(b"down"))
    (answer,) = desk.answers()
    assert answer.number == 5
    assert [[prepare.code for prepare in prepared] for prepared in answer.prepared] == [
        ["up"],
        [],
        [],
        ["down"],
    ]
    up = desk.translator.prepared(datagram(b"up", listener=LINES), ARRIVED)
    assert tuple(answer.prepared[0]) == up


def test_what_is_withdrawn_or_of_another_configuration_has_no_drafts(desk: Desk) -> None:
    desk.withdrawn.set(6)
    desk.ask(6, record(b"up"))
    desk.ask(7, record(b"up"), stamp=(1, 3))
    desk.ask(8, record(b"up"))
    assert [(a.number, len(a.prepared)) for a in desk.answers()] == [(6, 0), (7, 0), (8, 1)]
    desk.stamp = (1, 3)
    desk.ask(9, record(b"up"), stamp=(1, 3))
    assert [(a.number, len(a.prepared)) for a in desk.answers()] == [(9, 1)]


class Fixed(Translator):
    """Makes prepared of anything."""

    def __init__(self, **codes: PreparedEvent) -> None:
        self._codes = codes

    def prepared(self, datagram: Datagram, now: Now) -> Prepared:
        return (self._codes[datagram.data.decode()],)


def prepare(message: str) -> PreparedEvent:
    return PreparedEvent(1, "arrival", "syslog.network", "r1", 3, "up", {}, {}, message, None, ())


def test_what_cannot_be_written_is_left_out() -> None:
    desk = Desk(Fixed(fine=prepare("fine"), odd=prepare("\ud800")))
    desk.ask(1, record(b"fine"), record(b"odd"), record(b"fine"))
    (answer,) = desk.answers()
    assert [len(prepared) for prepared in answer.prepared] == [1, 0, 1]


def test_what_is_too_large_has_no_drafts() -> None:
    desk = Desk(Fixed(large=prepare("x" * 5_000_000)))
    desk.ask(1, record(b"large"))
    assert desk.answers() == [Answer(1, [])]


def test_it_says_hello_and_ends_when_it_is_told_to(desk: Desk) -> None:
    desk.ask(3, record(b"up"))  # its wire stands for the descriptor that says so
    desk.preparing.run()
    message = desk.wire.received()
    assert message is not None
    assert msgspec.msgpack.decode(message, type=Answer).number == HELLO.number
    assert desk.wire.received() is None
