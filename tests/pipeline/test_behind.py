"""The window before a slow store: bounded, in order, patient, and honest about what is written."""

import threading
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from structlog.contextvars import bound_contextvars, get_contextvars

from store.events import event
from trapgate.model import NS_PER_S, Event
from trapgate.observe import Metrics
from trapgate.pipeline import behind
from trapgate.pipeline.behind import RETRY_FIRST_S, RETRY_MAX_S, WriteBehind
from trapgate.pipeline.leg import Blocked, Receipt

WITHIN_S = 10.0
"""Longest wait for a thread; it takes a moment."""


def lost(*receipts: Receipt) -> list[list[int]]:
    return [[event.position.sequence for event in receipt.lost] for receipt in receipts]


def durable(*receipts: Receipt) -> list[bool]:
    return [receipt.durable for receipt in receipts]


class Store:
    """Each write waits until it is let go on, and then does as it is told."""

    def __init__(self) -> None:
        self.writes: list[list[int]] = []
        self.failures: list[Exception] = []
        self.losing: frozenset[int] = frozenset()
        self._begun = threading.Semaphore(0)
        self._allowed = threading.Semaphore(0)

    def __call__(self, events: Sequence[Event]) -> Receipt:
        self._begun.release()
        self._allowed.acquire()
        if self.failures:
            raise self.failures.pop(0)
        self.writes.append([each.position.sequence for each in events])
        lost = [each for each in events if each.position.sequence in self.losing]
        return Receipt(durable=True, lost=lost)

    def await_write(self) -> None:
        """A write is under way."""
        assert self._begun.acquire(timeout=WITHIN_S)

    def let(self, writes: int = 1) -> None:
        """So many writes go on."""
        self._allowed.release(writes)


class Behind:
    """A window before such a store, and what it does."""

    def __init__(self) -> None:
        self.store = Store()
        self.metrics = Metrics()
        self.elapsed_ns = NS_PER_S
        self.pauses: list[float] = []
        self.written = threading.Semaphore(0)
        self.window = WriteBehind(
            self.store,
            self.metrics,
            on_written=self.written.release,
            elapsed_ns=lambda: self.elapsed_ns,
            pause=self.pauses.append,
        )

    def await_written(self) -> None:
        assert self.written.acquire(timeout=WITHIN_S)

    def take(self, *sequences: int) -> Receipt:
        return self.window.take([event(sequence) for sequence in sequences])

    def gauge(self, name: str) -> float | None:
        self.window.measure()
        return self.metrics.registry.get_sample_value(name)


@pytest.fixture
def it() -> Iterator[Behind]:
    made = Behind()
    yield made
    made.store.let(1_000)
    made.window.close(WITHIN_S)


def test_a_batch_is_durable_when_the_store_has_it(it: Behind) -> None:
    receipt = it.take(1, 2)
    it.store.await_write()
    assert durable(receipt) == [False]
    assert it.gauge("trapgate_store_window_events") == 2
    it.store.let()
    it.await_written()
    assert durable(receipt) == [True]
    assert it.store.writes == [[1, 2]]
    assert it.gauge("trapgate_store_window_events") == 0


def test_batches_that_wait_are_joined(it: Behind) -> None:
    receipts = [it.take(1)]
    it.store.await_write()
    receipts += [it.take(2), it.take(3, 4), it.take(5)]
    it.store.let(2)
    it.await_written()
    it.await_written()
    assert it.store.writes == [[1], [2, 3, 4, 5]]
    assert all(durable(*receipts))


@pytest.mark.parametrize(
    ("bound", "most"), [("WRITE_EVENTS_MAX", 3), ("WRITE_BYTES_MAX", 3 * (1_024 + 2 * 4 + 2 * 2))]
)
def test_a_write_is_bounded(
    it: Behind, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    one = event(1)
    assert (len(one.message), len(one.raw)) == (4, 2)
    monkeypatch.setattr(behind, bound, most)
    it.take(1)
    it.store.await_write()
    for sequences in ((2, 3), (4,), (5, 6), (7, 8, 9, 10), (11,)):
        it.take(*sequences)
    it.store.let(10)
    assert it.window.close(WITHIN_S)
    assert it.store.writes == [[1], [2, 3, 4], [5, 6], [7, 8, 9, 10], [11]]


def test_a_batch_of_no_events_waits_for_those_before_it(it: Behind) -> None:
    first = it.take(1)
    it.store.await_write()
    second, third = it.take(), it.take(2)
    it.store.let()
    it.await_written()
    assert durable(first) == [True]
    it.store.await_write()
    assert durable(third) == [False]
    assert durable(second) == [False]  # it is of the write that is under way
    it.store.let()
    it.await_written()
    assert durable(second) == [True]
    assert it.take() is not None  # nobody knocks at the store for it
    it.await_written()
    assert it.store.writes == [[1], [2]]


@pytest.mark.parametrize(
    ("bound", "most"),
    [("WINDOW_EVENTS_MAX", 4), ("WINDOW_BATCHES_MAX", 4), ("WINDOW_BYTES_MAX", 4 * 1_024)],
)
def test_the_window_is_bounded_and_opens_when_it_is_half_empty(
    it: Behind, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(behind, bound, most)
    monkeypatch.setattr(behind, "WRITE_EVENTS_MAX", 1)
    for sequence in range(1, 4):
        it.take(sequence)
        assert it.window.room() == (sequence < 4)
    it.take(4)
    assert not it.window.room()
    for left in (3, 2, 1):
        it.store.let()
        it.await_written()
        assert it.window.room() == (left < 2)


def test_it_tries_again_for_ever(it: Behind) -> None:
    it.store.failures = [Blocked("connection refused")] * 9
    receipts = [it.take(1), it.take(2)]
    it.store.let(9)
    for _ in range(10):
        it.store.await_write()
    assert durable(*receipts) == [False, False]
    it.store.let(5)
    assert it.window.close(WITHIN_S)
    assert all(durable(*receipts))
    assert [number for write in it.store.writes for number in write] == [1, 2]
    waits = [min(RETRY_MAX_S, RETRY_FIRST_S * 2**number) for number in range(9)]
    assert all(wait / 2 <= pause <= wait for wait, pause in zip(waits, it.pauses, strict=True))


def test_it_shows_for_how_long_the_store_takes_nothing(it: Behind) -> None:
    name = "trapgate_store_stalled_seconds"
    assert it.gauge(name) == 0
    it.elapsed_ns += 50 * NS_PER_S
    it.take(1)
    it.store.await_write()
    assert it.gauge(name) == 0
    it.elapsed_ns += 3 * NS_PER_S
    it.take(2)
    assert it.gauge(name) == 3
    it.store.let()
    it.await_written()
    it.store.await_write()
    assert it.gauge(name) == 0
    it.store.let()
    it.await_written()
    it.elapsed_ns += 9 * NS_PER_S
    assert it.gauge(name) == 0


def test_a_stop_writes_what_waits(it: Behind) -> None:
    receipts = [it.take(number) for number in range(1, 4)]
    it.store.let(10)
    assert it.window.close(WITHIN_S)
    assert all(durable(*receipts))
    assert it.window.close(WITHIN_S)


def test_a_stop_does_not_wait_for_a_store_that_is_away() -> None:
    """One try more, and no pause before it."""
    store = Store()
    store.failures = [Blocked("away")] * 3
    window = WriteBehind(store, Metrics(), on_written=lambda: None, elapsed_ns=lambda: 0)
    receipt = window.take([event(1)])
    store.await_write()
    store.let(3)
    assert not window.close(WITHIN_S)
    assert durable(receipt) == [False]
    assert store.writes == []
    assert store.failures  # it did not try for ever


def test_a_stop_does_not_wait_for_a_store_that_hangs(it: Behind) -> None:
    receipt = it.take(1)
    it.store.await_write()
    assert not it.window.close(0.01)
    assert durable(receipt) == [False]


def test_a_bug_of_the_store_ends_who_feeds_it(it: Behind) -> None:
    it.store.failures = [ZeroDivisionError("a bug")]
    receipt = it.take(1)
    it.store.let()
    it.store.await_write()
    it.await_written()
    with pytest.raises(RuntimeError, match="has failed") as caught:
        it.window.room()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert durable(receipt) == [False]


def test_events_of_any_size_have_one(it: Behind) -> None:
    large = msgspec.structs.replace(event(1), raw=b"x" * 8_192, message="y" * 65_000)
    it.window.take([large] * 500)
    assert not it.window.room()  # 64 MB and more


def test_the_store_is_asked_at_first_and_while_nothing_is_to_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(behind, "IDLE_S", 0.001)
    asked, written = threading.Semaphore(0), threading.Semaphore(0)
    store = Store()
    window = WriteBehind(
        store,
        Metrics(),
        on_written=written.release,
        elapsed_ns=lambda: 0,
        idle=asked.release,
    )
    for _ in range(3):
        assert asked.acquire(timeout=WITHIN_S)
    window.take([event(1)])
    store.let()
    assert written.acquire(timeout=WITHIN_S)
    assert store.writes == [[1]]
    assert window.close(WITHIN_S)


def test_its_thread_logs_in_the_name_of_its_process() -> None:
    found: list[object] = []
    with bound_contextvars(process="ingest"):
        window = WriteBehind(
            Store(),
            Metrics(),
            on_written=lambda: None,
            elapsed_ns=lambda: 0,
            idle=lambda: found.append(get_contextvars().get("process")),
        )
    assert window.close(WITHIN_S)
    assert found == ["ingest"]


def test_what_is_lost_is_told_with_the_batch_that_it_is_of(it: Behind) -> None:
    it.store.losing = frozenset({2, 4})
    first = it.take(1)
    it.store.await_write()
    later = [it.take(2, 3), it.take(4), it.take(5)]
    it.store.let(2)
    it.await_written()
    it.await_written()
    assert lost(first, *later) == [[], [2], [4], []]
    assert durable(*later) == [True] * 3
