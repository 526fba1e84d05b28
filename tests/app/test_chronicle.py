"""Oldest first, whatever the density: each event once, with a bound on what is held."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.events import MIDNIGHT, event
from trapgate.app import chronicle
from trapgate.app.chronicle import oldest_first
from trapgate.app.records import Span
from trapgate.model import NS_PER_S, Event

SPAN = Span(MIDNIGHT, MIDNIGHT + 7_200 * NS_PER_S)


class Reading:
    """The newest first of some events, and what was asked for."""

    def __init__(self, seconds: list[float]) -> None:
        times = sorted(MIDNIGHT + int(s * NS_PER_S) for s in seconds)
        self.events = [event(n, at) for n, at in enumerate(times, 1)]
        self.most = 0
        self.asked = 0

    def __call__(self, span: Span, limit: int | None) -> Iterator[Event]:
        self.asked += 1
        found = [e for e in self.events if span.start <= e.received_at < span.end]
        found = found[::-1][:limit]
        self.most = max(self.most, len(found))
        return iter(found)


@given(st.lists(st.floats(0, 7_199) | st.just(1_000.0), max_size=60), st.integers(1, 9))
def test_each_event_once_in_order(seconds: list[float], held: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chronicle, "WINDOW_EVENTS_MAX", held)
        reading, instants = Reading(seconds), list[int]()
        assert list(oldest_first(reading, SPAN, instants.append)) == reading.events
    assert instants == sorted(instants)
    assert instants[-1] == SPAN.end


def test_little_is_held_and_empty_time_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "WINDOW_EVENTS_MAX", 100)
    reading = Reading([3_600 + n / 100 for n in range(5_000)])
    assert len(list(oldest_first(reading, SPAN, lambda _: None))) == 5_000
    assert reading.most == 101
    assert reading.asked < 300
    old = Span(0, SPAN.end)
    reading.asked = 0
    assert len(list(oldest_first(reading, old, lambda _: None))) == 5_000
    assert reading.asked < 400
