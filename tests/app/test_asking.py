"""Asking the supervisor: here a fork asks its parent, the test."""

import os
import signal
import socket

import pytest

from trapgate.app.asking import ASKED, answer, ask

LONG = "a reason; " * 50_000


def asked(reload: str, *, stale: bytes = b"") -> str:
    """What a process is told that asks, when this is what came of its reload."""
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
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
    try:
        assert signal.sigtimedwait([ASKED], 10) is not None
        answer(ours, lambda: reload)
        with os.fdopen(read) as pipe:
            return pipe.read()
    finally:
        os.waitpid(pid, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [ASKED])
        ours.close()
        theirs.close()


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
