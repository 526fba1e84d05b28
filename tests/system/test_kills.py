"""Kill -9 of every process at every moment: nothing is lost, nothing is stored or told twice."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from system.running import Kill, Trapgate, eventually
from system.traffic import Sender, interface, link_trap
from system.webhook import Delivery, Webhook
from trapgate.pipeline.lanes import decode_barrier
from trapgate.spool import SpoolReader

pytestmark = pytest.mark.real

LINKS = 40
"""Alerts in each wave of a load."""

WAVES = 3
"""One kill in each wave of traps that go down, and one in each that come up."""


@pytest.fixture
def device(trapgate: Trapgate) -> Iterator[Sender]:
    with Sender(trapgate.snmp) as sender:
        yield sender


READ_S = 0.5
"""A request that was sent right before a kill is noted when the receiver's thread has read it, some
milliseconds after on a busy machine. Less than `RETRY_FIRST_S`: a second attempt of a process that
lives is no such request."""


def wave(number: int, *, up: bool = False) -> list[bytes]:
    """The traps of one wave, with what must not disturb among them."""
    datagrams = []
    for index in links(number):
        trap = link_trap(index, up=up, request_id=index + 100_000 * up)
        datagrams += [trap, trap, link_trap(index, community="no"), trap[: 50 + index % 30]]
    return datagrams


def links(number: int) -> range:
    return range(number * LINKS + 1, (number + 1) * LINKS + 1)


def moments(webhook: Webhook) -> Iterator[Callable[[], None]]:
    """When to kill: right after the traps are sent, or as the first of their notifications comes
    in, or somewhat later, in turns."""
    for further in (0, 1, LINKS // 2, 0) * WAVES:
        wanted = len(webhook.deliveries) + further

        def await_it(wanted: int = wanted) -> None:
            eventually(lambda: len(webhook.deliveries) >= wanted, "notifications")

        yield await_it


def check_store(trapgate: Trapgate, sent: int) -> None:
    """Every datagram in one counter; what is counted as kept in the store, once."""
    trapgate.await_accounted(sent)
    events = trapgate.stored_events()
    assert len(events) == trapgate.kept()
    assert len({event.position for event in events}) == len(events)
    assert len({event.id for event in events}) == len(events)
    accepted = [event for event in events if not event.problems]
    # a trap and its copy may be in two time buckets, the later one is stored then
    assert len({event.fields["snmp.request_id"] for event in accepted}) == 2 * WAVES * LINKS


def check_told(webhook: Webhook, kills: list[Kill]) -> None:
    """Each alert told once and cleared once. The same notification comes twice only where a kill
    of core fell between the copies; the first may have been read a little after the kill."""
    for index in range(1, WAVES * LINKS + 1):
        told = webhook.of(interface(index))
        assert len({delivery.key for delivery in told if delivery.firing}) == 1
        assert len({delivery.key for delivery in told if not delivery.firing}) == 1
    by_key: dict[str, list[Delivery]] = {}
    for delivery in webhook.deliveries:
        by_key.setdefault(delivery.key, []).append(delivery)
    for copies in by_key.values():
        assert all(copy.body["alerts"] == copies[0].body["alerts"] for copy in copies)
        for one, other in pairwise(copies):
            between = [k for k in kills if one.at <= k.after + READ_S and k.before <= other.at]
            assert between, (one.at, other.at, kills)
        assert len(copies) <= 1 + len(kills)


@pytest.mark.parametrize("name", ["ingest", "core"])
def test_in_the_middle_of_a_load(
    name: str, trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    kills, told_at = [], moments(webhook)
    for number in range(WAVES):
        waiting = next(told_at)
        device.send_all(wave(number))
        waiting()
        kills.append(trapgate.kill_process(name))
    every = range(1, WAVES * LINKS + 1)
    for index in every:
        webhook.await_told(interface(index))
    for number in range(WAVES):
        waiting = next(told_at)
        device.send_all(wave(number, up=True))
        waiting()
        kills.append(trapgate.kill_process(name))
    for index in every:
        await_clear(webhook, interface(index))

    check_store(trapgate, device.sent)
    check_told(webhook, kills if name == "core" else [])
    assert trapgate.alerts() == []
    # what has been told is noted as such when the answer has come
    owed = "trapgate_alerting_owed_resolves"
    eventually(lambda: trapgate.counted(owed) == 0, "no resolve is owed")
    assert trapgate.counted("trapgate_pipeline_restarts_total", process=name) == len(kills)


def await_clear(webhook: Webhook, name: str) -> None:
    """Nothing fires after its clear, however often one of both was repeated."""
    eventually(lambda: webhook.statuses(name)[-1:] == ["resolved"], f"{name} is cleared")
    statuses = webhook.statuses(name)
    assert statuses == sorted(statuses)


def test_receive_loses_nothing_that_is_spooled(trapgate: Trapgate, device: Sender) -> None:
    for number in range(2):
        device.send_all(wave(number))
        trapgate.kill_process("receive")
    device.send_all(wave(2))
    eventually(lambda: interface(3 * LINKS) in interfaces(trapgate), "the last trap")
    records = spooled(trapgate)
    trapgate.await_accounted(records)
    # what a kill may cost is what the process had read and not yet written
    assert records <= device.sent
    assert len(trapgate.stored_events()) == trapgate.kept()


def interfaces(trapgate: Trapgate) -> set[object]:
    return {event.fields.get("interface.name") for event in trapgate.stored_events()}


def spooled(trapgate: Trapgate) -> int:
    """How many datagrams there are in the raw spool, which keeps what is read for a while."""
    count = 0
    for lane in (trapgate.layout.raw_spool, trapgate.layout.bulk_spool):
        records = SpoolReader.open(lane, "audit").read(0, 1_000_000)
        count += sum(decode_barrier(record) is None for _, record in records)
    return count


def test_datagrams_wait_while_receive_is_dead(trapgate: Trapgate, device: Sender) -> None:
    """The supervisor holds the sockets; it is stopped here, so that it cannot start another."""
    trapgate.signal(signal.SIGSTOP)
    trapgate.kill_process("receive")
    device.send(*(link_trap(index) for index in range(1, 101)))
    trapgate.signal(signal.SIGCONT)
    trapgate.await_accounted(100)
    assert trapgate.kept() == 100


def test_between_commit_and_send(trapgate: Trapgate, webhook: Webhook, device: Sender) -> None:
    """The request was taken and core died before it knew: it is told again under the same key."""
    name = interface(1)
    webhook.hang()
    device.send(link_trap(1))
    eventually(lambda: webhook.of(name), "the request")
    trapgate.kill_process("core")
    eventually(lambda: len(webhook.of(name)) == 2, "the request of the next core")
    lost, again = webhook.of(name)
    assert again.key == lost.key
    assert again.body["alerts"] == lost.body["alerts"]
    webhook.answer()
    eventually(lambda: again.status == 200, "the answer")

    device.send(link_trap(1, up=True, request_id=2))
    eventually(lambda: not webhook.of(name)[-1].firing, "the clear")
    assert len(webhook.of(name)) == 3
    assert webhook.of(name)[-1].key != again.key


def test_of_the_supervisor_takes_all_with_it(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    """The next start has all state at once, and goes on with what is owed."""
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")
    webhook.status = 500
    device.send(link_trap(1, up=True, request_id=11), link_trap(2))
    eventually(lambda: webhook.of(interface(1))[1:] and webhook.of(interface(2)), "two tries")
    (fired,) = trapgate.alerts()
    owed = {delivery.key for delivery in webhook.deliveries if delivery.status == 500}
    trapgate.kill()

    webhook.status = 200
    trapgate.start()
    assert trapgate.alerts() == [fired]
    (_, cleared) = webhook.await_statuses(interface(1), "firing", "resolved")
    (told,) = webhook.await_statuses(interface(2), "firing")
    assert {cleared.key, told.key} == owed
    assert len(trapgate.stored_events()) == trapgate.kept() == 3


def test_of_a_supervisor_again_and_again(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    sent = 0
    for number in range(3):
        device.send_all(wave(number))
        sent += LINKS
        await_alerts(trapgate, sent)
        trapgate.kill()
        trapgate.start()
    for index in range(1, sent + 1):
        webhook.await_told(interface(index))
        keys = {delivery.key for delivery in webhook.of(interface(index))}
        assert len(keys) == 1
    assert len(trapgate.stored_events()) == trapgate.kept()


def await_alerts(trapgate: Trapgate, count: int) -> None:
    eventually(lambda: len(trapgate.alerts()) == count, f"{count} alerts")


def lose(folder: Path) -> None:
    """Take the folder away at once, whoever is just writing into it."""
    gone = folder.with_name(f"{folder.name}.gone")
    folder.rename(gone)
    shutil.rmtree(gone)


def test_of_everything_at_once(trapgate: Trapgate, webhook: Webhook, device: Sender) -> None:
    for pid in trapgate.children():
        os.kill(pid, signal.SIGKILL)
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")


def test_of_run(trapgate: Trapgate, webhook: Webhook, device: Sender) -> None:
    """`run` may be lost at any time: all go on, it is made again, and who starts finds it."""
    pids = {name: trapgate.process(name) for name in ("receive", "ingest", "core")}
    lose(trapgate.layout.run)
    eventually(trapgate.layout.bundle.is_file, "the configuration is published again")
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")
    assert {name: trapgate.process(name) for name in pids} == pids

    lose(trapgate.layout.run)
    trapgate.kill_process("ingest")
    device.send(link_trap(2))
    webhook.await_statuses(interface(2), "firing")
    assert trapgate.reload().status_code == 200
    trapgate.await_accounted(2)
    assert trapgate.process("core") == pids["core"]
    assert trapgate.process("receive") == pids["receive"]


def test_of_run_that_cannot_be_made_again(
    trapgate: Trapgate, webhook: Webhook, device: Sender
) -> None:
    """A file is where the folder was: nothing can be published, and nothing ends by that."""
    lose(trapgate.layout.run)
    trapgate.layout.run.write_text("")
    trapgate.kill_process("ingest")
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")
    assert "cannot be published" in trapgate.reload().text
    trapgate.signal(signal.SIGHUP)
    eventually(
        lambda: "event=reload.refused process=supervisor" in trapgate.text_of("stderr"), "refused"
    )
    assert trapgate.text_of("stderr").count("event=configuration.unpublished ") == 1

    trapgate.layout.run.unlink()
    eventually(trapgate.layout.bundle.is_file, "the configuration is published again")
    assert trapgate.reload().status_code == 200
    trapgate.await_accounted(1)


def test_of_what_cannot_start_again(trapgate: Trapgate, webhook: Webhook, device: Sender) -> None:
    """Its pauses grow, and it comes back when it can."""
    away = trapgate.layout.matches_spool.with_name("away")
    trapgate.layout.matches_spool.rename(away)
    trapgate.layout.matches_spool.write_text("")
    os.kill(ingest_of(trapgate, away), signal.SIGKILL)

    def tries() -> list[str]:
        lines = trapgate.text_of("stderr").splitlines()
        return [line for line in lines if "event=process.died" in line and "name=ingest" in line]

    eventually(lambda: len(tries()) >= 4, "four tries")
    pauses = [float(line.rpartition("again_in_s=")[2]) for line in tries()]
    assert pauses[:4] == [0.0, 0.1, 0.2, 0.4]
    trapgate.layout.matches_spool.unlink()
    away.rename(trapgate.layout.matches_spool)
    device.send(link_trap(1))
    webhook.await_statuses(interface(1), "firing")


def test_of_what_dies_again_and_again(trapgate: Trapgate) -> None:
    """Once is nobody's business; twice, and traffic that can go elsewhere should."""

    def answer() -> httpx.Response:
        return httpx.get(f"{trapgate.url}/-/ready", trust_env=False)

    trapgate.kill_process("ingest")
    trapgate.process("ingest")
    assert answer().status_code == 200
    trapgate.kill_process("ingest")
    eventually(lambda: "process.failing (ingest)" in answer().text, "the alarm")
    assert answer().status_code == 503


def ingest_of(trapgate: Trapgate, matches_spool: Path) -> int:
    """Ingest, whose spool was moved to this folder."""
    (pid,) = [
        pid
        for pid in trapgate.children()
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.exists() and link.readlink() == matches_spool / "stream"
    ]
    return pid
