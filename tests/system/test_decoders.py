"""A decode process beside ingest: it helps with a backlog, and nothing depends on it."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from system.running import Trapgate, eventually
from trapgate.app.flow import Census

pytestmark = pytest.mark.real

BACKLOG = 9_000
"""Lines, more than four batches: the second one and the next are read ahead."""

AHEAD = "trapgate_decode_ahead_datagrams_total"
LATE = "trapgate_decode_late_total"
READ = "trapgate_listen_datagrams_total"


@pytest.fixture
def trapgate(stopped: Trapgate) -> Trapgate:
    """Without the limit of events a second: all lines come from one sender."""
    no_limit = "normalize: {rate_limit: {events_per_second: 0}}"
    stopped.edit("trapgate.yml", "data: ./data", f"data: ./data\n{no_limit}")
    stopped.start()
    return stopped


@contextmanager
def held(pid: int) -> Iterator[None]:
    """A process that does not run meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def send_backlog(trapgate: Trapgate, first: int) -> None:
    """Have so many lines spooled that ingest has not read."""
    with held(trapgate.process("ingest")):
        before = trapgate.counted(READ)
        lines = [f"<13>Jul  1 01:00:40 r1 app: line {n}\n" for n in range(first, first + BACKLOG)]
        with socket.create_connection(("127.0.0.1", trapgate.syslog)) as connection:
            connection.sendall("".join(lines).encode())
        eventually(lambda: trapgate.counted(READ) == before + BACKLOG, "all are spooled")


def check_all(trapgate: Trapgate, count: int) -> None:
    """Each line is there once, in its order."""
    trapgate.await_accounted(count)
    events = sorted(trapgate.stored_events(), key=lambda event: event.position)
    assert [event.message for event in events] == [f"line {n}" for n in range(count)]


def test_it_helps_with_a_backlog(trapgate: Trapgate) -> None:
    send_backlog(trapgate, 0)
    check_all(trapgate, BACKLOG)
    eventually(lambda: trapgate.counted(AHEAD) > 0, "some of them were drafted")


def test_it_may_be_killed_at_any_time(trapgate: Trapgate) -> None:
    for number in range(3):
        send_backlog(trapgate, number * BACKLOG)
        trapgate.kill_process("decode")
    check_all(trapgate, 3 * BACKLOG)
    trapgate.process("decode")  # it is there again
    eventually(
        lambda: trapgate.counted("trapgate_pipeline_restarts_total", process="decode") == 3,
        "it was started again",
    )
    before = trapgate.counted(AHEAD)
    send_backlog(trapgate, 3 * BACKLOG)
    check_all(trapgate, 4 * BACKLOG)
    eventually(lambda: trapgate.counted(AHEAD) > before, "the new one helps, too")


def test_ingest_goes_on_without_it(trapgate: Trapgate) -> None:
    with held(trapgate.process("decode")):
        send_backlog(trapgate, 0)
        check_all(trapgate, BACKLOG)
        eventually(lambda: trapgate.counted(LATE) > 0, "it is counted")
        assert trapgate.counted(AHEAD) == 0
    before = trapgate.counted(AHEAD)
    send_backlog(trapgate, BACKLOG)
    check_all(trapgate, 2 * BACKLOG)
    eventually(lambda: trapgate.counted(AHEAD) > before, "it helps when it runs again")


def test_another_life_of_ingest_asks_it_too(trapgate: Trapgate) -> None:
    send_backlog(trapgate, 0)
    trapgate.kill_process("ingest")
    check_all(trapgate, BACKLOG)
    before = trapgate.counted(AHEAD)
    send_backlog(trapgate, BACKLOG)
    check_all(trapgate, 2 * BACKLOG)
    eventually(lambda: trapgate.counted(AHEAD) > before, "it helps the new one")


def test_a_reload_changes_what_both_know(trapgate: Trapgate) -> None:
    send_backlog(trapgate, 0)
    trapgate.await_accounted(BACKLOG)
    source = "sources: [{cidr: 127.0.0.1, labels: {site: lab}}]"
    trapgate.edit("trapgate.yml", "data: ./data", f"data: ./data\n{source}")
    assert trapgate.reload().status_code == 200
    send_backlog(trapgate, BACKLOG)
    check_all(trapgate, 2 * BACKLOG)
    sites = [
        event.labels.get("site")
        for event in sorted(trapgate.stored_events(), key=lambda event: event.position)
    ]
    assert sites == [None] * BACKLOG + ["lab"] * BACKLOG


def test_without_it(stopped: Trapgate) -> None:
    stopped.edit("trapgate.yml", "decode:\n", "decode:\n  workers: 0\n")
    stopped.start()
    with socket.create_connection(("127.0.0.1", stopped.syslog)) as connection:
        connection.sendall(b"<13>Jul  1 01:00:40 r1 app: line 0\n")
    check_all(stopped, 1)
    assert len(stopped.children()) == len(Census(decode=0).names())
