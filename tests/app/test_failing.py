"""Dying again and again is an alarm, dying once is not."""

from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from trapgate.app.failing import DISPENSABLE, FAILING_S, Failing
from trapgate.app.flow import Census
from trapgate.observe import Metrics, sounding

Sounding = Callable[[], list[str]]


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    with capture_logs():
        yield Metrics()


@pytest.fixture
def failing(metrics: Metrics) -> Failing:
    return Failing(metrics, Census(receive=2).names())


@pytest.fixture
def subjects(metrics: Metrics) -> Sounding:
    """Of which processes the alarm is on."""

    def on() -> list[str]:
        return [each.subject for each in sounding(metrics, ()) if each.name == "process.failing"]

    return on


def test_the_second_death_in_this_time(failing: Failing, subjects: Sounding) -> None:
    failing.died("ingest", 1_000)
    failing.died("receive-2", 1_010)
    assert subjects() == []
    failing.died("ingest", 1_000 + FAILING_S)
    assert subjects() == ["ingest"]
    failing.died("receive-2", 1_010 + FAILING_S + 1)
    assert subjects() == ["ingest"]


def test_until_it_has_lived_for_so_long(failing: Failing, subjects: Sounding) -> None:
    for at_s in (1_000, 1_060, 1_160):
        failing.died("core", at_s)
        failing.watch(at_s)
    failing.watch(1_160 + FAILING_S)
    assert subjects() == ["core"]
    failing.watch(1_160 + FAILING_S + 1)
    assert subjects() == []
    failing.died("core", 2_000)
    assert subjects() == []


def test_what_is_not_missed_is_none(failing: Failing, subjects: Sounding) -> None:
    for at_s in range(10):
        for name in DISPENSABLE:
            failing.died(name, at_s)
    assert subjects() == []


def test_these_are_processes() -> None:
    assert set(Census().names()) > DISPENSABLE
