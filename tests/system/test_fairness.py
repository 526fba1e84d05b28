"""One device's flood does not delay another's trap."""

import socket

import pytest

from system.running import Trapgate, eventually
from system.traffic import link_trap
from system.webhook import Webhook

pytestmark = pytest.mark.real

FLOOD = 200_000
AHEAD = 50_000
"""The quiet device's trap is sent behind so many."""


def test_a_quiet_devices_trap_does_not_wait_for_a_flood(
    trapgate: Trapgate, webhook: Webhook
) -> None:
    """By order, not by time: when it was told to its receiver, most of the flood was not read."""
    trap = link_trap(1)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quiet,
    ):
        for sock, host in ((flood, "127.0.0.2"), (quiet, "127.0.0.3")):
            sock.bind((host, 0))
            sock.connect(("127.0.0.1", trapgate.snmp))
        for number in range(FLOOD):
            flood.send(trap)
            if number == AHEAD:
                quiet.send(link_trap(2))
    webhook.await_statuses("Ethernet1/2", "firing")
    read = trapgate.counted("trapgate_ingest_datagrams_total")
    dropped = trapgate.counted("trapgate_listen_dropped_total")
    assert read < FLOOD - dropped - AHEAD
    diverted = "trapgate_spool_diverted_peers"
    eventually(lambda: trapgate.counted(diverted) == 1, "it waits in a lane of its own")
    eventually(lambda: trapgate.counted("trapgate_listen_dropped_total") >= dropped, "shown")
    trapgate.await_accounted(FLOOD + 1)
