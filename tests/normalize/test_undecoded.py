"""What could not be decoded is an event with its reason and its bytes."""

import pytest

from trapgate.config import Cidr
from trapgate.model import (
    DATAGRAM_BYTES_MAX,
    RAW_BYTES_MAX,
    Datagram,
    Dataset,
    Decoded,
    Endpoint,
    Event,
    Position,
    Problem,
)
from trapgate.normalize.sources import Sources, SourceSettings
from trapgate.normalize.undecoded import undecoded_event

SOURCES = Sources(
    [SourceSettings(cidr=Cidr.from_text("10.0.0.7"), name="r1", labels={"site": "ber1"})]
)
TRUNCATED = Problem("truncated", "error", "the sequence ends after 2 of 40 bytes")
POSITION = Position("raw", 5)


def event(data: bytes, peer: str = "10.0.0.7", kind: Dataset = "snmp.trap") -> Event:
    datagram = Datagram(data, Endpoint(peer, 50_000), Endpoint("10.0.0.1", 1162), "traps", 17)
    decoded = Decoded((), data, (TRUNCATED, Problem("odd", "warning", "odd too")))
    return undecoded_event(
        decoded, datagram, SOURCES, kind=kind, event_id="id-1", position=POSITION
    )


@pytest.mark.parametrize("kind", ["snmp.trap", "syslog.network"])
def test_the_whole_event(kind: Dataset) -> None:
    assert event(b"\x30\x28", kind=kind) == Event(
        id="id-1",
        position=POSITION,
        timestamp=17,
        received_at=17,
        clock="arrival",
        kind=kind,
        source=Endpoint("10.0.0.7", 50_000),
        device="r1",
        severity=None,
        code="trapgate.undecoded",
        labels={"site": "ber1"},
        fields={"event.reason": "truncated", "event.raw_bytes": 2},
        message="undecodable datagram of 2 bytes: the sequence ends after 2 of 40 bytes",
        raw=b"\x30\x28",
        problems=(TRUNCATED, Problem("odd", "warning", "odd too")),
    )


def test_a_device_without_a_name_is_its_address() -> None:
    unknown = event(b"", peer="2001:db8::1")
    assert (unknown.device, unknown.labels) == ("2001:db8::1", {})


def test_a_large_one_is_cut_and_its_size_is_kept() -> None:
    large = event(b"x" * DATAGRAM_BYTES_MAX)
    assert len(large.raw) == RAW_BYTES_MAX
    assert large.fields["event.raw_bytes"] == DATAGRAM_BYTES_MAX
