"""What a flood has stored through both lanes comes back in the order in which it was received."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from system.running import Trapgate, command, eventually
from system.traffic import CHUNK, QUEUED_BYTES_MAX, Sender, link_trap, queued_bytes
from system.webhook import Webhook
from trapgate.model.query import Everything
from trapgate.store import SqliteEventStore
from trapgate.store.page import read_page

pytestmark = pytest.mark.real

FLAPS = 6_000
"""Of one link, down and up in turn: more than may wait in the first lane, and two thirds of it are
in the bulk lane then. It is up at last."""

QUIET_EVERY = 100
"""Between two traps of a quiet device, which is never in the bulk lane."""

PAGE = 7

FIRST_LANE, BULK_LANE = "f" * 16, "0" * 16
"""By the names of the streams the first lane is the newer one, which it is not."""


@pytest.fixture(scope="module")
def flooded(
    tmp_path_factory: pytest.TempPathFactory, shared_webhook: Webhook
) -> Iterator[Trapgate]:
    """It has read all of a flood that came while nothing was read."""
    trapgate = Trapgate(tmp_path_factory.mktemp("trapgate"), shared_webhook.url)
    try:
        _flood(trapgate)
        yield trapgate
    finally:
        trapgate.close()


def _flood(trapgate: Trapgate) -> None:
    trapgate.layout.create()
    for folder, name in (
        (trapgate.layout.raw_lane(1), FIRST_LANE),
        (trapgate.layout.bulk_lane(1), BULK_LANE),
    ):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "stream").write_text(f"{name}\n")
    trapgate.start()
    ingest = trapgate.process("ingest")
    os.kill(ingest, signal.SIGSTOP)
    with Sender(trapgate.snmp, "127.0.0.1") as flapping, Sender(trapgate.snmp, "::1") as quiet:
        for number in range(1, FLAPS + 1):
            flapping.send(link_trap(1, up=number % 2 == 0, request_id=number))
            if number % QUIET_EVERY == 0:
                quiet.send(link_trap(2, request_id=number))
            if number % CHUNK == 0:
                eventually(lambda: queued_bytes(trapgate.snmp) < QUEUED_BYTES_MAX, "it is read")
        sent = flapping.sent + quiet.sent
    eventually(lambda: queued_bytes(trapgate.snmp) == 0, "all are received")
    os.kill(ingest, signal.SIGCONT)
    trapgate.await_accounted(sent)
    decisions = "trapgate_rules_decisions_total"
    eventually(lambda: trapgate.counted(decisions) == trapgate.kept(), "all are judged")


def cli(trapgate: Trapgate, *arguments: str) -> str:
    result = command("trapgate", *arguments, cwd=trapgate.folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


def flaps(documents: list[Mapping[str, Any]]) -> list[int]:
    """The numbers of the flapping link's traps."""
    found = [document["snmp"]["request_id"] for document in documents]
    return [number for number, document in zip(found, documents, strict=True) if _flaps(document)]


def _flaps(document: Mapping[str, Any]) -> bool:
    return bool(document["source"]["ip"] == "127.0.0.1")


def test_a_flood_is_found_and_replayed_in_its_order(flooded: Trapgate) -> None:
    events = flooded.stored_events()
    both = {event.position.stream for event in events if event.source.address == "127.0.0.1"}
    assert both == {FIRST_LANE, BULK_LANE}
    assert all(newer.place > older.place for newer, older in pairwise(events))

    shown = cli(flooded, "events", "search", "--all", "-o", "jsonl")
    numbers = flaps([json.loads(line) for line in shown.splitlines()])
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == FLAPS
    newest = cli(flooded, "events", "search", "-n", str(PAGE), "-o", "jsonl")
    assert newest.splitlines() == shown.splitlines()[:PAGE]

    replayed = json.loads(cli(flooded, "replay", "--query", "source.ip:127.0.0.1", "-o", "json"))
    assert set(replayed["decisions"]) == {"raised", "cleared"}
    assert replayed["decisions"]["raised"] == replayed["decisions"]["cleared"]
    assert [alert for alert in replayed["alerts"] if "endsAt" not in alert] == []
    assert [each for each in flooded.alerts() if each["labels"]["device"] == "127.0.0.1"] == []


def test_small_pages_of_a_flood_neither_skip_nor_repeat(flooded: Trapgate) -> None:
    events = flooded.stored_events()
    store = SqliteEventStore.open(flooded.layout.events, read_only=True)
    found: list[object] = []
    before = None
    for _ in range(len(events) // PAGE + 1):
        page = read_page(store, Everything(), start=0, end=1 << 62, limit=PAGE, before=before)
        found += page.events
        before = page.next
    assert found == events
