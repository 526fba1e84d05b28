"""Rules, matches and moments for tests."""

from trapgate.model import NS_PER_S, EventMatches, Match, Now, Position, Rule
from trapgate.rules import build_rules

T0 = 1_790_000_000 * NS_PER_S
"""The instant from which tests count seconds."""

LINK = """\
groups:
- name: network
  labels: {team: noc}
  rules:
  - alert: InterfaceDown
    match: event.code:down
    clear: event.code:up
    by: {device: host.name, interface: interface.name}
    labels: {severity: critical}
    annotations:
      summary: '{{ labels.device }} {{ labels.interface }} {{ event["message"] }} ({{ count }}x)'
"""


def rules(text: str = LINK) -> tuple[Rule, ...]:
    """The rules of a text that has no errors."""
    built, problems = build_rules({"rules.yml": text})
    assert [problem for problem in problems if problem.severity == "error"] == []
    return built


def rule(text: str = LINK) -> Rule:
    (only,) = rules(text)
    return only


def seconds(count: float) -> int:
    """The instant so many seconds after `T0`."""
    return T0 + round(count * NS_PER_S)


def now(count: float) -> Now:
    return Now(wall_ns=seconds(count), elapsed_ns=round(count * NS_PER_S))


def up_or_down(
    verb: str,
    at: float,
    *,
    uid: str = "",
    said: float | None = None,
    key: tuple[str, ...] = ("r1", "Gi0/1"),
    event_id: str = "",
) -> EventMatches:
    """A match that arrived at `at`. With `said` the device stamped it with its own clock."""
    match = Match(
        rule=uid or rule().uid,
        key=key,
        verb="raise" if verb == "down" else "clear",
        event_id=event_id or f"{verb}@{at}",
        timestamp=seconds(at if said is None else said),
        received_at=seconds(at),
        clock="arrival" if said is None else "device:r1",
        captured={"message": f"message of {at}"},
    )
    return EventMatches(Position("stream", 1), (match,))
