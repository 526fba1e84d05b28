"""What is prepared comes to the event that ingest makes itself, whatever the datagram; what needs
a memory is left to it."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.samples import ARRIVED, configuration, trap_datagrams
from pipeline.datagrams import LINES, datagram, translator
from trapgate.model import Datagram, Event
from trapgate.pipeline.prepared import Answer, Prepared
from trapgate.pipeline.translate import Translator

VENDORS = Path(__file__).parents[1] / "decode" / "syslog" / "vendors"
STREAM = "raw-1"


@pytest.fixture(scope="module")
def real() -> Translator:
    return configuration().translator(lambda *_: None)


def events(made: Translator, sent: Datagram, prepared: Prepared = ()) -> list[Event]:
    """What ingest makes of it, by itself or of what is prepared."""
    found = {7: prepared} if prepared else {}
    return made.batch([(7, sent)], STREAM, made.memory(), ARRIVED, prepared=found).events


def over_the_wire(prepared: Prepared) -> Prepared:
    packed = msgspec.msgpack.encode(Answer(1, [prepared]))
    (unpacked,) = msgspec.msgpack.decode(packed, type=Answer).prepared
    return tuple(unpacked)


@pytest.mark.parametrize("file", sorted(VENDORS.glob("*.txt")), ids=lambda path: path.stem)
def test_lines_of_every_vendor(file: Path, real: Translator) -> None:
    for line in file.read_bytes().splitlines():
        sent = datagram(line, listener="syslog-udp")
        prepared = over_the_wire(real.prepared(sent, ARRIVED))
        assert prepared
        assert events(real, sent, prepared) == events(real, sent)


def test_traps(real: Translator) -> None:
    for sent in trap_datagrams(3):
        prepared = over_the_wire(real.prepared(sent, ARRIVED))
        assert prepared
        assert prepared[0].raw is not None  # its community is masked
        assert events(real, sent, prepared) == events(real, sent)


@given(st.binary(max_size=300), st.sampled_from(["snmp", "syslog-udp"]))
def test_any_bytes(data: bytes, listener: str) -> None:
    made = configuration().translator(lambda *_: None)
    sent = datagram(data, listener=listener)
    prepared = over_the_wire(made.prepared(sent, ARRIVED))
    assert events(made, sent, prepared) == events(made, sent)


def test_several_messages_in_a_datagram(real: Translator) -> None:
    sent = datagram(b"<13>one\n<14>two\n<15>three", listener="syslog-udp")
    prepared = over_the_wire(real.prepared(sent, ARRIVED))
    made = events(real, sent, prepared)
    assert [event.message for event in made] == ["one", "two", "three"]
    assert [event.raw for event in made] == [b"<13>one", b"<14>two", b"<15>three"]
    assert made == events(real, sent)


def test_a_long_line_is_cut_as_ever(real: Translator) -> None:
    sent = datagram(b"<13>" + b"long " * 4_000, listener="syslog-udp")
    prepared = over_the_wire(real.prepared(sent, ARRIVED))
    assert prepared[0].raw is None
    assert events(real, sent, prepared) == events(real, sent)


@pytest.mark.parametrize("data", [b"bad", b"denied", b"bug", b"inform", b"as one"])
def test_what_is_more_than_events_is_left_to_ingest(data: bytes) -> None:
    made = translator()
    assert made.prepared(datagram(data), ARRIVED) == ()
    assert made.prepared(datagram(b"up"), ARRIVED)
    assert made.prepared(datagram(b"up", listener=LINES), ARRIVED)


def test_what_is_remembered_is_left_to_ingest() -> None:
    made = translator()
    assert made.prepared(datagram(b"turns"), ARRIVED) == ()


def test_a_repeat_is_one_although_it_is_drafted(real: Translator) -> None:
    (trap,) = trap_datagrams(1)
    prepared = real.prepared(trap, ARRIVED)
    records = [(1, trap), (2, trap)]
    memory = real.memory()
    batch = real.batch(records, STREAM, memory, ARRIVED, prepared={1: prepared, 2: prepared})
    assert batch.ledger == {"stored": 1, "duplicate": 1}
    assert [event.position.sequence for event in batch.events] == [1]
