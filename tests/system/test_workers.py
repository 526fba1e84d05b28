"""Several receive processes: each sender has one of them, and loses nothing by it."""

import os
import signal
import socket
import time
from contextlib import suppress

import pytest

from decode.snmp.wire import header, integer, message, notification
from ports import free_port
from system.running import Trapgate, command, eventually
from system.traffic import CHUNK, QUEUED_BYTES_MAX, link_trap, queued_bytes
from system.webhook import Webhook
from trapgate.listen import encode, origin
from trapgate.model import Endpoint, Event, Position, decode_matches
from trapgate.spool import SpoolReader, SpoolWriter

pytestmark = pytest.mark.real

SENDERS = [f"127.0.0.{number}" for number in range(2, 66)]
ROUNDS = 10
QUEUED = 40
"""Traps that wait in the kernel for a process that does not run: a small buffer holds them."""

AHEAD = 12_000
FLOOD = 4_000
"""More than three turns of the first lane, and more than one sender may have in it."""


@pytest.fixture
def two(stopped: Trapgate) -> Trapgate:
    """With two receive processes."""
    stopped.edit("trapgate.yml", "data: ./data", "data: ./data\nspool: {workers: 2}")
    stopped.start()
    return stopped


def send_from(address: str, port: int, data: bytes) -> None:
    """Send from a new port of an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, 0))
        sock.sendto(data, ("127.0.0.1", port))


def spread(trapgate: Trapgate) -> dict[str, set[str]]:
    """The senders by the lane that has taken their traps."""
    lanes = {(trapgate.layout.raw_lane(n) / "stream").read_text().strip(): n for n in (1, 2)}
    found: dict[str, set[str]] = {"receive": set(), "receive-2": set()}
    for event in trapgate.stored_events():
        name = "receive" if lanes[event.position.stream] == 1 else "receive-2"
        found[name].add(event.source.address)
    return found


def one_each(trapgate: Trapgate) -> dict[str, set[str]]:
    """A trap from each sender; who of them is whose."""
    for index, sender in enumerate(SENDERS):
        send_from(sender, trapgate.snmp, link_trap(1 + index))
    trapgate.await_accounted(len(SENDERS))
    return spread(trapgate)


def request_ids(events: list[Event], sender: str) -> list[object]:
    mine = [event for event in events if event.source.address == sender]
    mine.sort(key=lambda event: event.position.sequence)
    return [event.fields["snmp.request_id"] for event in mine]


def test_each_sender_has_one_and_its_order(two: Trapgate) -> None:
    sent = 0
    for number in range(ROUNDS):
        eventually(lambda: queued_bytes(two.snmp) < QUEUED_BYTES_MAX, "the receivers read")
        for sender in SENDERS:
            send_from(sender, two.snmp, link_trap(1, up=number % 2 == 1, request_id=1 + number))
            sent += 1
    two.await_accounted(sent)
    assert two.kept() == sent
    events = two.stored_events()
    assert len({event.position for event in events}) == sent
    for sender in SENDERS:
        assert request_ids(events, sender) == list(range(1, ROUNDS + 1))
    first, second = spread(two).values()
    assert first
    assert second
    assert not first & second
    read = "trapgate_listen_datagrams_total"
    eventually(lambda: two.counted(read, listener="snmp") == sent, "both count what they read")


@pytest.mark.parametrize("name", ["receive", "receive-2"])
def test_what_waits_in_the_kernel_survives_a_kill(name: str, two: Trapgate) -> None:
    senders = one_each(two)
    mine = senders.pop(name)
    (other,) = senders.values()
    pid = two.process(name)
    os.kill(pid, signal.SIGSTOP)
    for index in range(QUEUED):
        send_from(min(mine), two.snmp, link_trap(1000 + index))
    send_from(min(other), two.snmp, link_trap(2000))
    # the other process goes on
    two.await_accounted(len(SENDERS) + 1)
    assert queued_bytes(two.snmp) > 0
    os.kill(pid, signal.SIGKILL)
    two.await_accounted(len(SENDERS) + 1 + QUEUED)
    assert two.kept() == len(SENDERS) + 1 + QUEUED
    assert two.process(name) != pid
    assert two.counted("trapgate_pipeline_restarts_total", process=name) == 1
    assert two.counted("trapgate_pipeline_restarts_total") == 1


def test_informs_are_answered_whoever_takes_them(two: Trapgate) -> None:
    inform = message(notification(header(), tag=0xA6, request_id=integer(99)))
    senders = one_each(two)
    for mine in senders.values():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((min(mine), 0))
            sock.connect(("127.0.0.1", two.snmp))  # takes an answer from there only
            sock.settimeout(10)
            sock.send(inform)
            assert b"\xa2" in sock.recv(1000)


def test_drops_are_counted_at_each_socket(two: Trapgate) -> None:
    """Neither is read; what does not fit is added up."""
    senders = one_each(two)
    many = 3_000
    two.edit(
        "trapgate.yml",
        "name: snmp, protocol: snmp, ",
        "name: snmp, protocol: snmp, receive_buffer_bytes: 65536, ",
    )
    assert two.reload().status_code == 200
    pids = [two.process(name) for name in senders]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for mine in senders.values():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((min(mine), 0))
            for index in range(many):
                sock.sendto(link_trap(5000 + index), ("127.0.0.1", two.snmp))
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    two.await_accounted(len(SENDERS) + 2 * many)
    assert two.counted("trapgate_listen_dropped_total", reason="kernel-dropped") > many


def test_listeners_come_and_go_for_both(two: Trapgate) -> None:
    processes = set(two.children())
    port = free_port()
    line = f'- {{name: more, protocol: snmp, address: "127.0.0.1:{port}"}}\n'
    two.edit("trapgate.yml", "listen:\n", f"listen:\n{line}")
    assert two.reload().status_code == 200
    for index, sender in enumerate(SENDERS):
        send_from(sender, port, link_trap(1 + index))
    two.await_accounted(len(SENDERS))
    assert all(spread(two).values())

    of_the_start = f'- {{name: snmp-closed, protocol: snmp, address: "*:{two.closed}", '
    two.edit("trapgate.yml", line, "")
    two.edit("trapgate.yml", f"{of_the_start}allow: [192.0.2.0/24]}}\n", "")
    assert two.reload().status_code == 200
    eventually(lambda: is_free(port), "the port is given up")
    eventually(lambda: is_free(two.closed), "that of the start too")
    assert set(two.children()) == processes


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, suppress(OSError):
        sock.bind(("127.0.0.1", port))
        return True
    return False


def test_their_number_needs_a_restart(two: Trapgate) -> None:
    two.edit("trapgate.yml", "workers: 2", "workers: 3")
    answer = two.reload()
    assert answer.status_code != 200
    assert '"spool.workers" has changed from ' in answer.text


def test_a_port_of_theirs_is_taken(two: Trapgate, webhook: Webhook) -> None:
    (two.folder / "other").mkdir()
    other = Trapgate(two.folder / "other", webhook.url)
    other.edit("trapgate.yml", "data: ./data", "data: ./data\nspool: {workers: 2}")
    other.edit("trapgate.yml", f"*:{other.snmp}", f"*:{two.snmp}")
    ended = command(*other.command(), cwd=other.folder)
    assert ended.returncode != 0
    assert f"cannot listen on udp *:{two.snmp}: Address already in use" in ended.stderr
    other.close()


def test_what_more_of_them_have_left_is_read_to_its_end(stopped: Trapgate) -> None:
    stopped.layout.create()
    shared = origin("snmp", Endpoint("127.0.0.1", stopped.snmp))
    for folder in (stopped.layout.raw_lane(3), stopped.layout.bulk_lane(3)):
        writer = SpoolWriter.open(folder)
        traps = [link_trap(1 + index) for index in range(QUEUED)]
        address = f"10.0.0.{len(folder.name)}"
        writer.append([encode(shared, time.time_ns(), address, 1024, trap) for trap in traps])
        writer.close()
    stopped.start()
    stopped.await_accounted(2 * QUEUED)
    assert stopped.kept() == 2 * QUEUED
    name = "trapgate_spool_bytes"
    eventually(lambda: stopped.counted(name, spool="raw-3-bulk"), "it is measured")
    backlog = "trapgate_spool_backlog_records"
    eventually(lambda: stopped.counted(backlog, spool="raw-3") == 0, "nothing is left")
    stopped.stop()
    stopped.start()
    stopped.await_accounted(2 * QUEUED)  # what was counted once stays so


def test_a_flood_keeps_its_order_through_both_lanes(two: Trapgate) -> None:
    """The bulk lane waits for the first lane of its own process. The flood begins behind so much
    in the first lane that the bulk lane would have its turn before."""
    quiet = sorted(one_each(two)["receive-2"])
    flooding = quiet.pop()
    before = len(SENDERS)
    ingest = two.process("ingest")
    os.kill(ingest, signal.SIGSTOP)
    sent = 0
    for _ in range(AHEAD // len(quiet)):
        eventually(lambda: queued_bytes(two.snmp) < QUEUED_BYTES_MAX, "the receivers read")
        for sender in quiet:
            sent += 1
            send_from(sender, two.snmp, link_trap(10_000 + sent))
    for _ in range(FLOOD):
        sent += 1
        send_from(flooding, two.snmp, link_trap(10_000 + sent))
        if sent % CHUNK == 0:
            eventually(lambda: queued_bytes(two.snmp) < QUEUED_BYTES_MAX, "the receivers read")
    eventually(lambda: queued_bytes(two.snmp) == 0, "all are received")
    os.kill(ingest, signal.SIGCONT)
    two.await_accounted(before + sent)
    events = {e.position: e for e in two.stored_events() if e.source.address == flooding}
    read = [events[position] for position in matched(two) if position in events]
    assert len(read) == FLOOD + 1
    ids = [event.fields["snmp.request_id"] for event in read]
    assert ids[1:] == list(range(10_000 + sent - FLOOD + 1, 10_000 + sent + 1))
    bulk = (two.layout.bulk_lane(2) / "stream").read_text().strip()
    assert 0 < sum(event.position.stream == bulk for event in read) < FLOOD


def matched(trapgate: Trapgate) -> list[Position]:
    """The events that met a rule, in the order in which the rules leg read them."""
    records = SpoolReader.open(trapgate.layout.matches_spool, "audit").read(0, 1_000_000)
    found = (decode_matches(record) for _, record in records)
    return [matches.position for matches in found if matches is not None]
