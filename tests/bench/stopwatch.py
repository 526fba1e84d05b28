"""Timing of code in this process."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ROUNDS = 5
"""Rounds of which the fastest counts: whatever else the machine does only ever adds time."""


def fastest_us(work: Callable[[], object], count: int, rounds: int = ROUNDS) -> float:
    """Microseconds for one of the `count` items that `work` goes through, in the fastest round.

    The cycle collector is off meanwhile: here it would walk the benchmark's own inputs.
    """
    with _no_collector():
        return min(_once_ns(work) for _ in range(rounds)) / 1_000 / count


def _once_ns(work: Callable[[], object]) -> int:
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


@contextmanager
def _no_collector() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
