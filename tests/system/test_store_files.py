"""Files of the event store that are deleted or damaged while it runs: somebody is told."""

import pytest

from system.running import Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook

pytestmark = pytest.mark.real


def test_a_deleted_and_a_damaged_file_are_told_of(trapgate: Trapgate, webhook: Webhook) -> None:
    with Sender(trapgate.snmp) as device:
        device.send(link_trap(1))
        trapgate.event(f"interface.name:{interface(1)}")
        (today,) = trapgate.layout.events.glob("events-????-??-??.sqlite")
        today.unlink()
        device.send(link_trap(2))
        trapgate.event(f"interface.name:{interface(2)}")
        webhook.await_statuses(interface(2), "firing")
        assert not trapgate.get("/api/v1/events", query=f"interface.name:{interface(1)}")["events"]
        assert f"event=store.file-gone process=ingest file={today.name}" in trapgate.text_of(
            "stderr"
        )
        assert trapgate.text("/-/ready") == "OK"

        old = trapgate.layout.events / "events-2026-01-01.sqlite"
        old.write_bytes(b"this is no database" * 400)
        eventually(lambda: "store.damaged" in trapgate.text("/-/ready"), "the alarm")
        assert f"reason: {old.name} (file is not a database)" in trapgate.text("/-/ready")
        assert trapgate.counted("trapgate_store_damaged_files") == 1
        assert trapgate.counted("trapgate_store_files_gone_total") == 1
        old.unlink()
        eventually(lambda: trapgate.text("/-/ready") == "OK", "the alarm is over")
