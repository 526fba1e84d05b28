"""A disk without room: an alarm and a counter, not a crash; when there is room it goes on."""

from collections.abc import Iterator

import httpx
import pytest

from disks import filled, small_disk, taken
from system.running import Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook
from trapgate.store.sqlite.room import RESERVE_DISK_SHARE

pytestmark = pytest.mark.real

DISK_BYTES = 64 * 1024 * 1024

FIRST, LOST, AFTER = 200, 100, 100
"""Traps before the disk is full, meanwhile, and then."""

LINES = 20_000
"""Twice as much as the event store may take of what is left, and less than is kept for paging."""

RESERVE_BYTES = DISK_BYTES // RESERVE_DISK_SHARE


@pytest.fixture
def small(stopped: Trapgate) -> Iterator[Trapgate]:
    """Installed, its data folder on a disk of its own that is soon full."""
    with small_disk(stopped.layout.data, DISK_BYTES):
        yield stopped
        stopped.close()


def ready(trapgate: Trapgate) -> httpx.Response:
    return httpx.get(f"{trapgate.url}/-/ready", trust_env=False)


def dropped(trapgate: Trapgate) -> int:
    return trapgate.counted("trapgate_listen_dropped_total", reason="write-failed")


def read(trapgate: Trapgate) -> int:
    return trapgate.counted("trapgate_listen_datagrams_total")


def test_a_full_disk_is_an_alarm_and_a_counter(small: Trapgate, webhook: Webhook) -> None:
    trapgate = small
    trapgate.start()
    with Sender(trapgate.snmp) as device:
        device.send_all(link_trap(index) for index in range(1, FIRST + 1))
        trapgate.await_accounted(FIRST)
        eventually(lambda: len(trapgate.alerts()) == FIRST, "alerts")
        processes = {name: trapgate.process(name) for name in ("receive", "ingest", "core")}
        with filled(trapgate.layout.data):
            number = FIRST
            while not dropped(trapgate):  # what was allocated before takes some more
                number += 1
                device.send(link_trap(number))
                eventually(lambda: read(trapgate) == device.sent, "one more is read")
            device.send_all(link_trap(number + n) for n in range(1, LOST + 1))
            eventually(lambda: read(trapgate) == device.sent, "the rest is read, too")
            eventually(lambda: dropped(trapgate) > LOST, "the rest is lost")
            answer = ready(trapgate)
            assert answer.status_code == 503
            assert "spool.write-failed (raw)" in answer.text
            assert "spool.write-failed" in trapgate.text("/")
            assert trapgate.counted("trapgate_pipeline_alarms", alarm="spool.write-failed") == 1
        device.send_all(link_trap(number + LOST + n) for n in range(1, AFTER + 1))
        webhook.await_statuses(interface(number + LOST + AFTER), "firing")
        trapgate.await_accounted(device.sent)
        lost = dropped(trapgate)
        assert LOST < lost < LOST + 10
    assert {name: trapgate.process(name) for name in processes} == processes  # none has died
    assert trapgate.kept() == len(trapgate.stored_events()) == device.sent - lost
    log = trapgate.text_of("stderr")
    assert log.count("event=spool.write-failed ") == 1


def line(number: int) -> bytes:
    """One that no rule is about."""
    return b"<190>app-1 worker[%d]: request %d was answered, and took its time" % (number, number)


def test_what_is_stored_takes_no_room_of_what_pages(small: Trapgate, webhook: Webhook) -> None:
    """The store stops first; traps page, and what waits is stored when there is room."""
    trapgate = small
    trapgate.start()
    with taken(trapgate.layout.data, RESERVE_BYTES + LINES * 300):
        with Sender(trapgate.syslog) as chatty:
            chatty.send_all(map(line, range(LINES)))
        eventually(lambda: "store.away" in ready(trapgate).text, "the store is refused")
        with Sender(trapgate.snmp) as device:
            device.send(link_trap(1))
            webhook.await_statuses(interface(1), "firing")
            device.send(link_trap(1, up=True, request_id=2))
            webhook.await_statuses(interface(1), "firing", "resolved")
        answer = ready(trapgate)
        assert answer.status_code == 200
        (alarm,) = answer.text.splitlines()[1:]
        assert alarm.startswith("store.away (sqlite): ")
        assert "6 MiB are kept for paging" in alarm
        assert not trapgate.counted("trapgate_listen_dropped_total")
        assert trapgate.kept() < LINES
    trapgate.await_accounted(LINES + 2)
    assert trapgate.kept() == len(trapgate.stored_events()) > LINES // 2  # a storm's rest is folded
    assert trapgate.text_of("stderr").count("event=store.away ") == 1
