"""The load is what it says: each line is what it was, and hardly two are the same."""

from collections.abc import Mapping

from trapgate.decode.syslog import SyslogDecoder
from trapgate.model import Event, FieldValue, Position, SyslogMessage
from trapgate.normalize.syslog import SyslogNormalizer

from .lines import FIELD_LINES_OF_AN_ALARM, corpus, field, field_corpus, met_rules, mixed
from .samples import ARRIVED, configuration, datagram
from .variation import DEVICES_OF_A_NAME, LINES_A_SECOND, Variation

COUNT = 3_000

DISTINCT = 0.9
"""Some lines hold nothing that could vary: `Object drop rate rate-1 exceeded.`"""

VALUES = ("event.parser", "event.provider", "interface.state", "bgp.state", "event.action")
"""What a line is about; none of it changes from device to device."""


def _event(line: bytes) -> Event:
    sources, dialects = configuration().sources, configuration().dialects
    received = datagram(line, "syslog-udp")
    (message,) = SyslogDecoder(sources.zone_of, dialects).decode(received, ARRIVED).messages
    assert isinstance(message, SyslogMessage)
    place = Position("bench", 1)
    return SyslogNormalizer(sources).event(message, received, event_id="", position=place)


def _about(event: Event) -> Mapping[str, FieldValue | None]:
    values = {name: event.fields.get(name) for name in VALUES}
    return values | {"code": event.code, "severity": event.severity, "fields": (*event.fields,)}


def test_a_varied_line_is_read_as_the_line_that_it_was() -> None:
    lines = corpus()
    for number, line in enumerate(mixed(2 * len(lines), first=5 * len(lines))):
        assert _about(_event(line)) == _about(_event(lines[number % len(lines)])), line


def test_hardly_two_lines_are_the_same() -> None:
    for lines in (mixed(COUNT), field(COUNT)):
        assert len(set(lines)) >= DISTINCT * COUNT


def test_two_runs_send_the_same_and_a_load_goes_on_where_another_ended() -> None:
    assert mixed(COUNT) == mixed(COUNT)
    assert mixed(100, first=COUNT) == mixed(COUNT + 100)[COUNT:]


def test_devices_are_some_two_hundred() -> None:
    names = {_event(line).device for line in mixed(len(corpus()) * DEVICES_OF_A_NAME)}
    assert 150 <= len(names) <= 250


def test_clocks_go_on() -> None:
    variation = Variation()
    line = b"<14>Dec 31 23:59:59 r1 x: y"
    lines = [variation.of(line) for _ in range(LINES_A_SECOND + 1)]
    assert b" 23:59:59 " in lines[LINES_A_SECOND - 1]
    assert b" 00:00:00 " in lines[LINES_A_SECOND]


def test_numbers_of_a_device_leave_none_out() -> None:
    translator = configuration().translator(lambda *_: None)
    numbered = [(n, datagram(line, "syslog-udp")) for n, line in enumerate(mixed(COUNT), start=1)]
    memory = translator.memory()
    events = translator.batch(numbered, "bench", memory, ARRIVED).events
    assert [event.code for event in events if event.code == "trapgate.sequence-gap"] == []


def test_in_the_field_one_line_in_twenty_meets_a_rule() -> None:
    met = met_rules(field(len(field_corpus())))
    assert sum(met) * FIELD_LINES_OF_AN_ALARM == len(met)
