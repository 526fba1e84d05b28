"""Full text, a second behind the write: whoever dies, each event is found by its words once."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from system.running import Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Webhook
from trapgate.app.kernel import kernel_name
from trapgate.model.query import Phrase
from trapgate.query.predicate import predicate
from trapgate.store.sqlite.schema import SEQUENCE_MAX
from trapgate.store.sqlite.words import WordsReader

pytestmark = pytest.mark.real

EVERY = Phrase("message", ("ethernet1",))
"""Words of every trap's message."""

WAVE = 1_000
"""Traps of one wave: enough for a kill to come into the middle of the work."""


@pytest.fixture
def device(stopped: Trapgate) -> Iterator[Sender]:
    with Sender(stopped.snmp) as sender:
        yield sender


def indexed(trapgate: Trapgate) -> list[int]:
    """The sequences of the events that the index finds by `EVERY`, of all parts and streams."""
    found: list[int] = []
    for words in trapgate.layout.events.glob("events-*.words.sqlite"):
        reader = WordsReader.open(words.with_name(words.name.replace(".words", "")))
        if reader is not None:
            with reader:
                found += [seq & SEQUENCE_MAX for seq in reader.newest_first(EVERY, 0, 1 << 62)]
    return sorted(found)


def await_indexed(trapgate: Trapgate, count: int) -> None:
    """Wait until the index finds so many events at least."""
    eventually(lambda: len(indexed(trapgate)) >= count, f"{count} events are indexed")


def stored(trapgate: Trapgate) -> list[int]:
    """The sequences of the stored events that have these words."""
    events = filter(predicate(EVERY), trapgate.stored_events())
    return sorted(event.position.sequence for event in events)


def test_kills_of_index_in_the_middle_of_a_load(trapgate: Trapgate, device: Sender) -> None:
    kills = 3
    for number in range(kills):
        before = number * WAVE
        device.send_all(link_trap(index) for index in range(before + 1, before + WAVE + 1))
        await_indexed(trapgate, before + 1)
        os.kill(trapgate.process("index"), signal.SIGKILL)
    trapgate.await_accounted(kills * WAVE)
    await_indexed(trapgate, kills * WAVE)
    assert indexed(trapgate) == stored(trapgate)
    assert len(stored(trapgate)) == kills * WAVE
    restarts = trapgate.counted("trapgate_pipeline_restarts_total")
    assert restarts == trapgate.counted("trapgate_pipeline_restarts_total", process="index")
    assert restarts == kills
    eventually(lambda: trapgate.counted("trapgate_store_words_lag_events") == 0, "no lag")
    assert trapgate.stop() == 0


def test_nothing_waits_for_the_index(trapgate: Trapgate, webhook: Webhook, device: Sender) -> None:
    """It hangs: paging goes on, and a search reads what is not indexed."""
    index = trapgate.process("index")
    os.kill(index, signal.SIGSTOP)
    try:
        device.send(*(link_trap(number) for number in range(1, 4)))
        for number in range(1, 4):
            webhook.await_statuses(interface(number), "firing")
        found = trapgate.event('message:"Ethernet1/2"')
        assert interface(2) in found["message"]
        assert indexed(trapgate) == []
    finally:
        os.kill(index, signal.SIGCONT)
    await_indexed(trapgate, 3)


def test_its_files_may_be_lost(trapgate: Trapgate, device: Sender) -> None:
    device.send(link_trap(1))
    await_indexed(trapgate, 1)
    for path in trapgate.layout.events.glob("*.words.*"):
        path.unlink(missing_ok=True)
    device.send(link_trap(2))
    await_indexed(trapgate, 2)
    assert trapgate.counted("trapgate_store_words_failures_total") == 0


def test_runs_at_the_lowest_priority_and_not_at_all(stopped: Trapgate, device: Sender) -> None:
    stopped.start()
    assert os.getpriority(os.PRIO_PROCESS, stopped.process("index")) == 19
    stopped.stop()
    with (stopped.folder / "trapgate.yml").open("a") as file:
        file.write("store: {words: false}\n")
    stopped.start()
    device.send(link_trap(1))
    assert stopped.event('message:"Ethernet1/1"')
    names = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in stopped.children()]
    assert kernel_name("index") not in names
    assert list(stopped.layout.events.glob("*.words.*")) == []
