"""Each datagram ends in exactly one outcome, and a bug costs one datagram, not the process."""

import msgspec
import pytest
from structlog.testing import capture_logs

from pipeline.datagrams import LINES, T0, TRAPS, WordDecoder, datagram, translator
from trapgate.model import Datagram, Decoded, Now, Position, Protocol, Trap
from trapgate.normalize.previous import GAP_CODE
from trapgate.normalize.settings import RateLimitSettings
from trapgate.pipeline.translate import Batch

NOW = Now(T0, 0)


def batch(*data: bytes, listener: str = TRAPS) -> Batch:
    records = [(n, datagram(each, listener=listener)) for n, each in enumerate(data, 5)]
    made = translator()
    return made.batch(records, "raw", made.memory(), NOW)


@pytest.mark.parametrize(
    ("data", "outcome", "events"),
    [
        (b"up", "stored", 1),
        (b"bad", "malformed/truncated", 1),
        (b"denied", "community-denied/unknown", 0),
        (b"bug", "malformed/internal-error", 1),
    ],
)
def test_outcomes(data: bytes, outcome: str, events: int) -> None:
    with capture_logs():
        found = batch(data)
    assert found.ledger == {outcome: 1}
    assert len(found.events) == events
    assert found.last == 5


def test_the_ledger_adds_up_whatever_comes() -> None:
    data = [b"up", b"up", b"bad", b"denied", b"up 2", b"denied", b"bug"]
    with capture_logs():
        found = batch(*data)
    assert found.ledger == {
        "stored": 2,
        "duplicate": 1,
        "malformed/truncated": 1,
        "malformed/internal-error": 1,
        "community-denied/unknown": 2,
    }
    assert sum(found.ledger.values()) == len(data)
    assert [event.position.sequence for event in found.events] == [5, 7, 9, 11]


def test_a_bug_is_an_event_and_is_counted() -> None:
    bugs: list[tuple[bytes, type[Exception]]] = []
    records = [(1, datagram(b"bug \xff")), (2, datagram(b"fine", listener=LINES))]
    with capture_logs() as logs:
        made = translator(lambda datagram, bug: bugs.append((datagram.data, type(bug))))
        found = made.batch(records, "raw", made.memory(), NOW)
    broken, fine = found.events
    assert broken.fields["event.reason"] == "internal-error"
    assert broken.kind == "snmp.trap"
    assert broken.raw == b""  # nothing has masked the community in it
    assert broken.fields["event.raw_bytes"] == 5
    assert fine.message == "fine"
    assert bugs == [(b"bug \xff", ZeroDivisionError)]
    assert [entry["event"] for entry in logs] == ["translate.bug"]


class MaskingDecoder(WordDecoder):
    """Hides all of the datagram, and says what the normalizer cannot bear, or says it twice."""

    def decode(self, datagram: Datagram, now: Now) -> Decoded:
        decoded = super().decode(datagram, now)
        (message,) = decoded.messages
        if datagram.data.startswith(b"twice"):
            return Decoded((message, message), b"******")
        assert isinstance(message, Trap)
        broken = msgspec.structs.replace(message, trap_oid=None)  # not what its type says
        return Decoded((broken,), b"******")


def masked(data: bytes) -> Batch:
    decoders: dict[Protocol, WordDecoder] = {Protocol.SNMP: MaskingDecoder(Protocol.SNMP)}
    with capture_logs():
        made = translator(decoders=decoders)
        return made.batch([(1, datagram(data))], "raw", made.memory(), NOW)


def test_a_bug_behind_the_decoder_keeps_the_secret() -> None:
    found = masked(b"public")
    assert found.ledger == {"malformed/internal-error": 1}
    assert found.events[0].raw == b"******"


def test_a_bug_in_the_syslog_decoder_keeps_the_bytes() -> None:
    with capture_logs():
        (event,) = batch(b"bug 1", listener=LINES).events
    assert (event.fields["event.reason"], event.raw) == ("internal-error", b"bug 1")


def test_each_message_of_a_datagram_is_an_event() -> None:
    found = masked(b"twice")
    assert found.ledger == {"stored": 1}  # datagrams are counted
    first, second = found.events
    assert (first.position, second.position) == (Position("raw", 1), Position("raw/2", 1))
    assert first.id[:8] == second.id[:8]
    assert first.id != second.id


def test_a_batch_ends_when_it_is_large_enough() -> None:
    """Messages beside the first of a datagram count: there may be hundreds. What is behind is left
    for the next batch."""
    made = translator()
    words = [b"many 10", b"bad", b"many 5", b"up", b"up"]
    records = iter([(n, datagram(each, listener=LINES)) for n, each in enumerate(words, 1)])
    memory = made.memory()
    batches = []
    while (found := made.batch(records, "raw", memory, NOW, size_max=12)).size:
        batches.append(found)
    assert [(each.last, each.size, len(each.events)) for each in batches] == [
        (3, 16, 16),
        (5, 2, 2),
    ]
    assert [each.ledger for each in batches] == [
        {"stored": 2, "malformed/truncated": 1},
        {"stored": 2},
    ]


def numbered(*numbers: int) -> Batch:
    """Lines of a device that numbers them."""
    made = translator()
    lines = [datagram(b"line %d" % number, listener=LINES) for number in numbers]
    return made.batch(list(enumerate(lines, start=1)), "raw", made.memory(), NOW)


def test_lines_that_are_missing_are_an_event() -> None:
    found = numbered(4, 5, 8)
    assert [event.code for event in found.events] == ["line", "line", GAP_CODE, "line"]
    assert found.ledger == {"stored": 3}


def test_a_record_that_cannot_be_read_has_no_event() -> None:
    made = translator()
    found = made.batch([(7, None)], "raw", made.memory(), NOW)
    assert found == Batch(7, [], {"malformed/unreadable-record": 1}, [], size=1)


def test_an_inform_is_answered_each_time() -> None:
    found = batch(b"inform", b"inform", b"up")
    assert found.ledger == {"stored": 2, "duplicate": 1}
    assert len(found.replies) == 2  # its sender asks again because the first answer was lost


def test_identical_syslog_lines_are_events_of_their_own() -> None:
    found = batch(b"same", b"same", b"same", listener=LINES)
    assert found.ledger == {"stored": 3}
    assert len({event.id for event in found.events}) == 3


def test_records_of_a_listener_that_is_gone() -> None:
    made = translator()
    assert made.protocol_of(datagram(b"\x30\x00", listener="old")) is Protocol.SNMP
    assert made.protocol_of(datagram(b"<13>x", listener="old")) is Protocol.SYSLOG
    assert made.protocol_of(datagram(b"", listener="old")) is Protocol.SYSLOG
    assert made.protocol_of(datagram(b"\x30\x00", listener=LINES)) is Protocol.SYSLOG


def test_nothing_is_an_empty_batch() -> None:
    assert batch() == Batch(0, [], {}, [])


class TestStorms:
    """Past the budget of its source an event is folded if it repeats; what becomes of it is said
    in the ledger, and in an event when the time bucket is over."""

    LIMIT = RateLimitSettings(events_per_second=1, burst=2)

    def batch(self, *given: Datagram) -> Batch:
        made = translator(limit=self.LIMIT)
        records = [(number, datagram) for number, datagram in enumerate(given, start=1)]
        return made.batch(records, "raw", made.memory(), NOW)

    def test_repeats_are_folded_and_told(self) -> None:
        flood = [datagram(b"down %d" % number) for number in range(6)]
        found = self.batch(*flood, datagram(b"other", 10))
        assert found.ledger == {"stored": 4, "rate-limited/repeat": 3}
        codes = [event.code for event in found.events]
        assert codes == ["down", "down", "down", "trapgate.rate-limited", "other"]

    def test_a_clear_passes(self) -> None:
        words = [b"down 1", b"down 2", b"down 3", b"down 4", b"up 1", b"up 2", b"down 5"]
        found = self.batch(*map(datagram, words))
        assert [event.position.sequence for event in found.events] == [1, 2, 3, 5, 7]

    def test_another_source_is_not_affected(self) -> None:
        flood = [datagram(b"down %d" % number) for number in range(6)]
        found = self.batch(*flood, datagram(b"down 1", peer="10.0.0.2"))
        assert found.events[-1].device == "10.0.0.2"

    def test_what_cannot_be_decoded_is_folded_too(self) -> None:
        found = self.batch(*[datagram(b"bad %d" % number) for number in range(6)])
        assert found.ledger == {"malformed/truncated": 3, "rate-limited/repeat": 3}

    def test_a_folded_inform_is_answered(self) -> None:
        found = self.batch(*[datagram(b"inform %d" % number) for number in range(6)])
        assert len(found.replies) == 6
