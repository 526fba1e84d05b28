"""Messages into events: names, clocks, severities, ECS fields."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.config import Cidr
from trapgate.model import (
    RAW_BYTES_MAX,
    Datagram,
    Endpoint,
    Event,
    Position,
    Problem,
    SyslogMessage,
    parse_rfc3339,
    rfc3339,
)
from trapgate.normalize.bounded import VALUE_CUT
from trapgate.normalize.sources import Sources, SourceSettings
from trapgate.normalize.syslog import (
    FACILITIES,
    SECONDS_CACHED_MAX,
    SEVERITIES,
    SyslogNormalizer,
    _written_second,
)

RECEIVED = parse_rfc3339("2026-07-15T12:00:00Z")
SAID = parse_rfc3339("2026-07-15T11:59:58.5Z")
ODD = Problem("not-utf8", "warning", "odd")

MESSAGE = SyslogMessage(
    format="cisco-ios",
    facility=23,
    severity=5,
    timestamp=SAID,
    clock_trusted=True,
    hostname="r1",
    appname=None,
    procid=None,
    msgid=None,
    structured_data={},
    sequence=45,
    provider="LINK",
    code="UPDOWN",
    vendor_severity=3,
    fields={"interface.name": "Gi0/1"},
    message="%LINK-3-UPDOWN: x",
    raw=b"<189>x",
    problems=(ODD,),
)

SOURCES = Sources(
    [
        SourceSettings(cidr=Cidr.from_text("192.0.2.0/24"), labels={"site": "ber1"}),
        SourceSettings(cidr=Cidr.from_text("192.0.2.7"), name="core1", labels={"site": "ham1"}),
    ]
)


def event_of(peer: str = "192.0.2.1", **changes: object) -> Event:
    message = msgspec.structs.replace(MESSAGE, **changes)
    datagram = Datagram(message.raw, Endpoint(peer, 514), Endpoint("::", 5514), "syslog", RECEIVED)
    return SyslogNormalizer(SOURCES).event(
        message, datagram, event_id="e1", position=Position("raw", 1)
    )


def test_a_whole_event() -> None:
    assert event_of() == Event(
        id="e1",
        position=Position("raw", 1),
        timestamp=SAID,
        received_at=RECEIVED,
        clock="device:r1",
        kind="syslog.network",
        source=Endpoint("192.0.2.1", 514),
        device="r1",
        severity=3,
        code="UPDOWN",
        labels={"site": "ber1"},
        fields={
            "event.parser": "cisco-ios",
            "event.provider": "LINK",
            "event.sequence": 45,
            "interface.name": "Gi0/1",
            "log.level": "error",
            "log.syslog.facility.code": 23,
            "log.syslog.facility.name": "local7",
            "log.syslog.hostname": "r1",
            "log.syslog.priority": 189,
            "log.syslog.severity.code": 5,
            "log.syslog.severity.name": "notice",
        },
        message="%LINK-3-UPDOWN: x",
        raw=b"<189>x",
        problems=(ODD,),
    )


@pytest.mark.parametrize(
    ("peer", "hostname", "device"),
    [
        ("192.0.2.1", "r1", "r1"),
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("192.0.2.7", "r1", "r1"),
        ("192.0.2.7", None, "core1"),
        ("192.0.2.7", "192.0.2.7", "core1"),
        ("192.0.2.7", "192.0.2.8", "192.0.2.8"),
    ],
)
def test_the_device(peer: str, hostname: str | None, device: str) -> None:
    event = event_of(peer, hostname=hostname)
    assert event.device == device
    assert event.clock == f"device:{device}"
    assert event.fields.get("log.syslog.hostname") == hostname


def test_a_clock_that_is_not_trusted_is_told_but_not_believed() -> None:
    event = event_of(clock_trusted=False)
    assert (event.timestamp, event.clock) == (RECEIVED, "arrival")
    assert event.fields["event.start"] == "2026-07-15T11:59:58.500Z"
    assert event.fields["event.reason"] == "clock_unsynced"


@given(st.integers(-(2**62), 2**62))
def test_what_the_device_said_is_written_as_any_time(said: int) -> None:
    event = event_of(clock_trusted=False, timestamp=said)
    assert event.fields["event.start"] == rfc3339(said)


def test_written_seconds_are_remembered_within_bounds() -> None:
    assert _written_second.cache_info().maxsize == SECONDS_CACHED_MAX


def test_without_a_time_it_happened_when_it_arrived() -> None:
    event = event_of(timestamp=None, clock_trusted=False)
    assert (event.timestamp, event.clock) == (RECEIVED, "arrival")
    assert not {"event.start", "event.reason"} & set(event.fields)


@pytest.mark.parametrize(
    ("pri", "vendor", "severity", "level"),
    [(5, 3, 3, "error"), (5, 0, 0, "emergency"), (5, None, 5, "notice"), (None, 3, 3, "error")],
)
def test_the_vendors_severity_wins(
    pri: int | None, vendor: int | None, severity: int, level: str
) -> None:
    event = event_of(severity=pri, facility=None if pri is None else 23, vendor_severity=vendor)
    assert event.severity == severity
    assert event.fields["log.level"] == level
    assert event.fields.get("log.syslog.severity.code") == pri


def test_without_any_severity_there_is_none() -> None:
    event = event_of(severity=None, facility=None, vendor_severity=None)
    assert event.severity is None
    assert not [key for key in event.fields if "severity" in key or key == "log.level"]


@pytest.mark.parametrize(
    ("code", "msgid", "expected"),
    [("UPDOWN", "ID47", "UPDOWN"), (None, "ID47", "ID47"), (None, None, "")],
)
def test_the_code(code: str | None, msgid: str | None, expected: str) -> None:
    assert event_of(code=code, msgid=msgid).code == expected


def test_the_fields_of_rfc_5424() -> None:
    elements: Mapping[str, Mapping[str, str]] = {"a@1": {"x": "1", "y": "2"}, "b@1": {}}
    event = event_of(
        format="rfc5424", appname="su", procid="42", msgid="ID47", structured_data=elements
    )
    said = {key: value for key, value in event.fields.items() if key.startswith("log.syslog.")}
    said = {key.removeprefix("log.syslog."): value for key, value in said.items()}
    assert said["version"] == "1"
    assert (said["appname"], said["procid"], said["msgid"]) == ("su", "42", "ID47")
    assert (said["structured_data.a@1.x"], said["structured_data.a@1.y"]) == ("1", "2")
    assert (event.fields["process.name"], event.fields["process.pid"]) == ("su", 42)
    assert event.fields["event.parser"] == "rfc5424"


@pytest.mark.parametrize("procid", ["-1", "vty0", "", "²", "12345678901"])
def test_a_procid_need_not_be_a_number(procid: str) -> None:
    fields = event_of(procid=procid).fields
    assert fields["log.syslog.procid"] == procid
    assert "process.pid" not in fields


def test_raw_bytes_are_cut() -> None:
    raw = bytes(range(256)) * 256
    assert event_of(raw=raw).raw == raw[:RAW_BYTES_MAX]
    assert event_of(raw=raw).fields["event.raw_bytes"] == len(raw)
    assert "event.raw_bytes" not in event_of(raw=raw[:RAW_BYTES_MAX]).fields


def test_every_code_has_a_name() -> None:
    assert (len(SEVERITIES), len(FACILITIES)) == (8, 24)
    assert len(set(FACILITIES)) == 24
    assert (FACILITIES[10], FACILITIES[16], FACILITIES[23]) == ("authpriv", "local0", "local7")


def test_relay_node_and_count_are_fields() -> None:
    fields = event_of(relay="10.0.0.9", node="RP/0/RSP1/CPU0", repeated=3).fields
    assert fields["log.syslog.relay"] == "10.0.0.9"
    assert fields["log.syslog.node"] == "RP/0/RSP1/CPU0"
    assert fields["event.repeated"] == 3


def test_a_long_value_of_structured_data_is_cut() -> None:
    long = msgspec.structs.replace(MESSAGE, structured_data={"x@1": {"y": "z" * 5_000}})
    datagram = Datagram(
        b"x" * 6_000, Endpoint("192.0.2.1", 514), Endpoint("192.0.2.2", 514), "syslog", RECEIVED
    )
    normalizer = SyslogNormalizer(SOURCES)
    event = normalizer.event(long, datagram, event_id="id", position=Position("raw", 1))
    assert event.fields["log.syslog.structured_data.x@1.y"] == "z" * 4_095 + "…"
    assert event.problems == (ODD, VALUE_CUT)
