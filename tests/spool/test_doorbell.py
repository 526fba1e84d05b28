"""The bell: rings add up to one wake-up, across a fork too."""

import os

from trapgate.spool import Doorbell


def test_rings_are_taken_together() -> None:
    bell = Doorbell()
    assert not bell.wait(0)
    bell.ring()
    bell.ring()
    assert bell.wait(0)
    assert not bell.wait(0)
    bell.close()


def test_clear_takes_them_without_waiting() -> None:
    bell = Doorbell()
    assert not bell.clear()
    bell.ring()
    assert bell.clear()
    assert not bell.wait(0)
    bell.close()


def test_ringing_never_blocks() -> None:
    bell = Doorbell()
    os.eventfd_write(bell.fileno(), 2**64 - 2)  # as full as it gets
    bell.ring()
    assert bell.wait(0)
    bell.close()


def test_a_child_rings() -> None:
    bell = Doorbell()
    pid = os.fork()
    if pid == 0:
        bell.ring()
        os._exit(0)
    assert bell.wait(10)
    assert os.waitpid(pid, 0)[1] == 0
    bell.close()
