"""Asking the supervisor: here a fork asks its parent, another fork."""

import os
import signal
import socket

import pytest

from trapgate.app.asking import ASKED, answer, ask

LONG = "a reason; " * 50_000


def asked(reload: str, *, stale: bytes = b"") -> str:
    """What a process is told that asks, when this is what came of its reload."""
    read, write = os.pipe()
    pid = os.fork()  # a supervisor has one thread: another one of the tests' would take its signals
    if pid == 0:
        try:
            os.close(read)
            _supervise(reload, stale, write)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    return told


def _supervise(reload: str, stale: bytes, write: int) -> None:
    """Be the supervisor of a process that asks and writes down what it is told."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    ours.sendall(stale)
    signal.pthread_sigmask(signal.SIG_BLOCK, [ASKED])
    pid = os.fork()
    if pid == 0:
        try:
            with os.fdopen(write, "w") as pipe:
                pipe.write(ask(theirs, 10.0)[-100:])
        finally:
            os._exit(0)
    os.close(write)
    if signal.sigtimedwait([ASKED], 10) is not None:
        answer(ours, lambda: reload)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("text", ["", "trapgate.yml:1:1: unknown key", LONG])
def test_who_asks_is_told_what_came_of_it(text: str) -> None:
    assert asked(text) == text[-100:]


def test_an_answer_that_came_too_late_is_not_taken_for_the_next() -> None:
    assert asked("new", stale=b"\x03\0\0\0old") == "new"


def test_who_asked_and_is_gone_is_told_nothing() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    done = []
    answer(ours, lambda: done.append(1) or "")  # type: ignore[func-returns-value]
    assert done == [1]
    ours.close()
