"""Events and decisions: found by query, time and subject, and never more than asked for."""

from contextlib import closing
from pathlib import Path

import pytest

from store.events import MIDNIGHT, event
from trapgate.model import NS_PER_S, Decision, rfc3339
from trapgate.normalize.document import document
from trapgate.web.records import LIMIT_DEFAULT, LIMIT_MAX
from web.gateway import Gateway

EVENTS = "/api/v1/events"
DECISIONS = "/api/v1/decisions"
NINES = "9" * 5_000
"""More digits than Python reads as a number."""


@pytest.fixture
def filled(gateway: Gateway) -> Gateway:
    """Events of the seconds 1 to 60 after midnight; it is an hour later."""
    gateway.second = (MIDNIGHT - gateway.now().wall_ns) / NS_PER_S + 3_600
    gateway.events.write(
        [event(n, device=f"router-{n % 3}", message=f"event {n}") for n in range(1, 61)]
    )
    return gateway


def messages(gateway: Gateway, *params: tuple[str, str]) -> list[str]:
    answer = gateway.get(EVENTS, *params)
    assert answer.status_code == 200
    return [each["message"] for each in answer.json()]


def second(count: float) -> str:
    return rfc3339(MIDNIGHT + int(count * NS_PER_S))


def test_the_newest_events_first(filled: Gateway) -> None:
    expected = [f"event {n}" for n in range(60, 60 - LIMIT_DEFAULT, -1)]
    assert messages(filled) == expected
    assert messages(filled, ("limit", "2")) == expected[:2]
    assert len(messages(filled, ("limit", str(LIMIT_MAX)))) == 60


def test_an_event_is_its_ecs_document(filled: Gateway) -> None:
    (found,) = filled.get(EVENTS, ("query", 'message:"event 7"')).json()
    assert found == document(event(7, device="router-1", message="event 7"))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([("query", "host.name:router-1")], [58, 55, 52]),
        ([("query", "host.name:router-1 and message:4")], [4]),
        ([("query", "  ")], [60, 59, 58]),
        ([("start", second(59))], [60, 59]),
        ([("end", second(3))], [2, 1]),
        ([("start", second(5)), ("end", second(7))], [6, 5]),
        ([("start", second(7)), ("end", second(5))], []),
        ([("start", "0001-01-01T00:00:00Z"), ("end", "9999-12-31T00:00:00Z")], [60, 59, 58]),
        ([("query", "host.name:none")], []),
    ],
)
def test_events_that_are_asked_for(
    filled: Gateway, params: list[tuple[str, str]], expected: list[int]
) -> None:
    found = messages(filled, *params, ("limit", "3"))
    assert found == [f"event {n}" for n in expected]


def test_without_a_start_a_day_is_searched(filled: Gateway) -> None:
    filled.events.write([event(100, MIDNIGHT - 20 * 3_600 * NS_PER_S, message="same window")])
    filled.events.write([event(101, MIDNIGHT - 24 * 3_600 * NS_PER_S, message="long ago")])
    assert messages(filled, ("limit", "99"))[60:] == ["same window"]
    everything = messages(filled, ("limit", "99"), ("start", second(-7 * 86_400)))
    assert everything[60:] == ["same window", "long ago"]
    end = second(-23 * 3_600)
    assert messages(filled, ("end", end)) == ["long ago"]


def test_a_search_that_would_examine_too_much(tmp_path: Path) -> None:
    with closing(Gateway(tmp_path, rows_max=5)) as gateway:
        gateway.second = (MIDNIGHT - gateway.now().wall_ns) / NS_PER_S + 3_600
        gateway.events.write([event(n) for n in range(1, 7)])
        answer = gateway.get(EVENTS, ("query", "source.ip:192.0.2.9"))
        assert answer.status_code == 400
        assert answer.json().endswith("narrow the query or the time")
        assert len(messages(gateway, ("limit", "5"))) == 5


@pytest.mark.parametrize(
    ("param", "message"),
    [
        (("query", "host.name:("), "query: "),
        (("query", "and"), "query: "),
        (("start", "yesterday"), "start: 'yesterday' is not a time"),
        (("end", "2026-11-21T10:00:00"), "end: '2026-11-21T10:00:00' is not a time"),
        (("end", ""), "end: '' is not a time"),
        (("end", "2026-02-30T00:00:00Z"), "end: "),
    ],
)
def test_bad_parameters_of_events(gateway: Gateway, param: tuple[str, str], message: str) -> None:
    answer = gateway.get(EVENTS, param)
    assert answer.status_code == 400
    assert answer.json().startswith(message)


@pytest.mark.parametrize("url", [EVENTS, DECISIONS])
@pytest.mark.parametrize(
    "limit", ["0", "-1", "many", "1.5", "", "٣", str(LIMIT_MAX + 1), NINES, "0" + NINES]
)
def test_bad_limits(gateway: Gateway, url: str, limit: str) -> None:
    answer = gateway.get(url, ("limit", limit))
    assert answer.status_code == 400
    assert answer.json() == f"limit must be a whole number from 1 to {LIMIT_MAX}"


def test_decisions_by_subject_newest_first(gateway: Gateway) -> None:
    first = Decision("event-1", "raised", "it met the rule", {"alert": "f00"})
    second_ = Decision("f00", "firing", "episode 1", {"event": "event-1"})
    other = Decision("event-2", "repeated", "again", {})
    gateway.decide(first, second_)
    gateway.second = 1
    gateway.decide(other)
    everything = gateway.get(DECISIONS).json()
    assert [each["subject"] for each in everything] == ["event-2", "f00", "event-1"]
    assert everything[2] == {
        "time": rfc3339(gateway.now().wall_ns - NS_PER_S),
        "subject": "event-1",
        "verdict": "raised",
        "reason": "it met the rule",
        "refs": {"alert": "f00"},
    }
    found = gateway.get(DECISIONS, ("subject", "event-1")).json()
    assert [each["verdict"] for each in found] == ["firing", "raised"]
    assert len(gateway.get(DECISIONS, ("limit", "1")).json()) == 1
    assert gateway.get(DECISIONS, ("subject", "none")).json() == []


def test_an_event_store_that_cannot_be_read(filled: Gateway, tmp_path: Path) -> None:
    filled.events.close()
    for file in (tmp_path / "events").glob("*.sqlite"):
        file.unlink()
        file.mkdir()
    answer = filled.get(EVENTS, ("start", second(0)))
    assert answer.status_code == 503
    assert "disk I/O error" in answer.json()


def test_a_history_that_cannot_be_read(gateway: Gateway) -> None:
    gateway.history.close()
    answer = gateway.get(DECISIONS)
    assert answer.status_code == 503
    assert "closed database" in answer.json()
