"""Every datagram ends in exactly one counter, and what is counted as kept is in the store."""

import time

import pytest

from system.running import Trapgate, eventually
from system.traffic import Sender, link_trap
from trapgate.model import BUCKET_S

pytestmark = pytest.mark.real

GOOD = 1_500
REPEATED = 300
BROKEN = 250
DENIED = 200
CLOSED = 150
LINES = 800

BURST = 50_000
"""Traps at once."""

BURST_S = 5
"""More than the traps below take to be sent."""


def test_sent_is_the_sum_of_all_outcomes(trapgate: Trapgate) -> None:
    # identical datagrams are duplicates within a time bucket: all are sent in one
    eventually(lambda: time.time() % BUCKET_S < BUCKET_S - BURST_S, "a bucket with room")
    with (
        Sender(trapgate.snmp) as device,
        Sender(trapgate.snmp, "::1") as other,
        Sender(trapgate.closed) as outsider,
        Sender(trapgate.syslog) as syslog,
    ):
        device.send_all(link_trap(index) for index in range(1, GOOD + 1))
        device.send_all(link_trap(index) for index in range(1, REPEATED + 1))
        device.send_all(link_trap(index)[: 40 + index % 20] for index in range(1, BROKEN + 1))
        device.send_all(link_trap(index, community="no") for index in range(1, DENIED + 1))
        other.send_all(link_trap(index) for index in range(1, REPEATED + 1))
        outsider.send_all(link_trap(index) for index in range(1, CLOSED + 1))
        # identical lines are no duplicates
        syslog.send_all(b"<189>link flapped" for _ in range(LINES))
        sent = device.sent + other.sent + outsider.sent + syslog.sent
    trapgate.await_accounted(sent)
    assert sent == GOOD + 2 * REPEATED + BROKEN + DENIED + CLOSED + LINES

    def ingested(outcome: str) -> int:
        return trapgate.counted("trapgate_ingest_datagrams_total", outcome=outcome)

    assert ingested("stored") == GOOD + REPEATED + LINES
    assert ingested("duplicate") == REPEATED
    assert ingested("malformed") == BROKEN
    assert ingested("community-denied") == DENIED
    assert trapgate.counted("trapgate_listen_dropped_total", reason="source-denied") == CLOSED
    # receive shows its counters every 200 ms, ingest may be ahead of it
    eventually(lambda: trapgate.counted("trapgate_listen_datagrams_total") == sent, "all are read")

    events = trapgate.stored_events()
    assert len(events) == trapgate.kept()
    assert len({event.position for event in events}) == len(events)
    assert len({event.id for event in events}) == len(events)


def test_counts_are_exact_over_a_restart(trapgate: Trapgate) -> None:
    with Sender(trapgate.snmp) as device:
        device.send_all(link_trap(index) for index in range(1, 201))
        eventually(lambda: trapgate.kept() == 200, "stored")
        assert trapgate.stop() == 0
        trapgate.start()
        assert trapgate.kept() == 200
        device.send_all(link_trap(index) for index in range(201, 301))
        eventually(lambda: trapgate.kept() == 300, "stored")
    assert len(trapgate.stored_events()) == 300


def test_a_burst_is_accounted_for(trapgate: Trapgate) -> None:
    """As fast as the machine can, from one device, in the default configuration: what is over its
    budget is folded as far as it repeats, and everything is counted once."""
    interfaces = 100
    burst = [link_trap(1 + n % interfaces, request_id=1 + n) for n in range(BURST)]
    with Sender(trapgate.snmp) as device:
        for data in burst:
            device.send(data)
        assert device.sent == BURST
    trapgate.await_accounted(BURST)

    def ingested(outcome: str) -> int:
        return trapgate.counted("trapgate_ingest_datagrams_total", outcome=outcome)

    dropped = trapgate.counted("trapgate_listen_dropped_total")
    assert ingested("stored") + ingested("rate-limited") + dropped == BURST
    assert ingested("rate-limited") > 0
    # no first raise is folded: each interface is down
    eventually(lambda: len(trapgate.alerts()) == interfaces, "all interfaces are down")
    stored = [event for event in trapgate.stored_events() if event.code == "IF-MIB::linkDown"]
    assert len(stored) == ingested("stored")
