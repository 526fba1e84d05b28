"""A wire carries whole messages in order, over a fork too, and blocks nobody who will not wait."""

import os
from collections.abc import Iterator
from itertools import count, takewhile

import pytest

from trapgate.spool import SharedNumber, Wire
from trapgate.spool.wire import MESSAGE_BYTES_MAX

ENOUGH_S = 10.0


@pytest.fixture
def ends() -> Iterator[tuple[Wire, Wire]]:
    pair = Wire.pair()
    yield pair
    for end in pair:
        end.close()


def test_messages_are_whole_and_in_order(ends: tuple[Wire, Wire]) -> None:
    one, other = ends
    messages = [b"a", b"b" * 100_000, b"c"]
    assert all(one.send(message) for message in messages)
    assert other.wait(ENOUGH_S)
    assert [other.received(), other.received(), other.received()] == messages
    assert other.received() is None
    assert not other.wait(0)


def test_both_ways(ends: tuple[Wire, Wire]) -> None:
    one, other = ends
    assert one.send(b"there")
    assert other.send(b"back")
    assert (other.received(), one.received()) == (b"there", b"back")


def test_a_full_one_refuses_and_takes_more_later(ends: tuple[Wire, Wire]) -> None:
    one, other = ends
    sent = sum(1 for _ in takewhile(lambda _: one.send(b"x" * 10_000), count()))
    assert sent >= 10
    assert not one.send(b"x" * 10_000, 0.001)
    assert sum(1 for _ in takewhile(lambda _: other.received(), count())) == sent
    assert one.send(b"x" * 10_000)


def test_what_is_too_large_is_refused(ends: tuple[Wire, Wire]) -> None:
    assert not ends[0].send(bytes(4 * MESSAGE_BYTES_MAX), 0.001)


def test_nobody_at_the_other_end() -> None:
    one, other = Wire.pair()
    other.close()
    assert not one.send(b"hello")
    assert one.received() is None
    one.close()


def test_what_one_process_sends_another_has(ends: tuple[Wire, Wire]) -> None:
    one, other = ends
    number = SharedNumber()
    assert number.value == 0
    pid = os.fork()
    if pid == 0:
        number.set(2**64 - 1)
        os._exit(0 if other.send(b"from the child") else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert one.wait(ENOUGH_S)
    assert one.received() == b"from the child"
    assert number.value == 2**64 - 1
