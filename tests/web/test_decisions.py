"""Decisions: found by subject, and never more than asked for."""

import pytest

from trapgate.model import NS_PER_S, Decision, rfc3339
from trapgate.web.answers import LIMIT_MAX
from web.gateway import Gateway

DECISIONS = "/api/v1/decisions"
NINES = "9" * 5_000
"""More digits than Python reads as a number."""


@pytest.mark.parametrize(
    "limit", ["0", "-1", "many", "1.5", "", "٣", str(LIMIT_MAX + 1), NINES, "0" + NINES]
)
def test_bad_limits(gateway: Gateway, limit: str) -> None:
    answer = gateway.get(DECISIONS, ("limit", limit))
    assert answer.status_code == 400
    assert answer.json() == f"limit must be a whole number from 1 to {LIMIT_MAX}"


def test_unknown_parameters(gateway: Gateway) -> None:
    answer = gateway.get(DECISIONS, ("subjct", "event-1"))
    said = "there is no parameter 'subjct'; did you mean \"subject\"?"
    assert (answer.status_code, answer.json()) == (400, said)


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


def test_a_history_that_cannot_be_read(gateway: Gateway) -> None:
    gateway.history.close()
    answer = gateway.get(DECISIONS)
    assert answer.status_code == 503
    assert "closed database" in answer.json()
