"""What rules make of events: as the running engine would, on the events' own clock."""

from collections.abc import Sequence

import pytest

from store.events import MIDNIGHT, event
from trapgate.app.rehearsal import Rehearsal, TooManyEpisodes
from trapgate.model import NS_PER_S, Event, Rule
from trapgate.rules import build_rules
from trapgate.rules.engine import CLEARED_KEPT_S

RULES = """
groups:
- name: g
  rules:
  - alert: Down
    match: event.code:down
    clear: event.code:up
    by: {device: host.name}
    labels: {severity: critical}
    annotations: {summary: "{{ labels.device }} {{ count }}"}
  - alert: Seen
    match: event.code:down or event.code:hello
    by: {device: host.name}
"""


def rules() -> Sequence[Rule]:
    built, _ = build_rules({"rules.yml": RULES})
    return built


def said(*codes: tuple[float, str], device: str = "r1") -> list[Event]:
    return [
        event(n, MIDNIGHT + int(second * NS_PER_S), code=code, device=device)
        for n, (second, code) in enumerate(codes, 1)
    ]


def test_an_alert_from_its_raise_to_its_clear() -> None:
    rehearsal = Rehearsal(rules())
    events = said((1, "down"), (2, "other"), (3, "down"), (9, "up"))
    verdicts = [[d.verdict for d in rehearsal.take(each)] for each in events]
    assert verdicts == [["raised", "raised"], [], ["repeated", "repeated"], ["cleared"]]
    down, seen = sorted(rehearsal.episodes(), key=lambda e: e.labels["alertname"])
    assert down.labels == {"alertname": "Down", "device": "r1", "severity": "critical"}
    assert down.annotations == {"summary": "r1 2"}
    assert (down.starts_at, down.ends_at) == (events[0].received_at, events[3].received_at)
    assert (down.count, down.event_ids) == (2, tuple(events[n].id for n in (0, 2, 3)))
    assert (seen.ends_at, seen.count) == (None, 2)
    assert (rehearsal.events, rehearsal.met) == (4, 3)
    assert rehearsal.verdicts == {"raised": 2, "repeated": 2, "cleared": 1}


def test_each_episode_is_an_alert_of_its_own() -> None:
    rehearsal = Rehearsal(rules()[:1])
    for each in said((1, "down"), (2, "up"), (3, "down"), (4, "up"), (5, "up")):
        rehearsal.take(each)
    spans = [(e.starts_at - MIDNIGHT, (e.ends_at or 0) - MIDNIGHT) for e in rehearsal.episodes()]
    assert spans == [(NS_PER_S, 2 * NS_PER_S), (3 * NS_PER_S, 4 * NS_PER_S)]
    assert rehearsal.verdicts["nothing-to-clear"] == 1


def test_what_the_engine_forgets_is_forgotten() -> None:
    """A clear names its alert while the engine remembers that one, and an hour later no more."""
    for after, remembered in ((CLEARED_KEPT_S - 5, True), (CLEARED_KEPT_S + 5, False)):
        rehearsal = Rehearsal(rules()[:1])
        *first, late = said((1, "down"), (2, "up"), (2 + after, "up"))
        for each in first:
            rehearsal.take(each)
        (decision,) = rehearsal.take(late)
        assert decision.verdict == "nothing-to-clear"
        assert ("alert" in decision.refs) is remembered


def test_events_that_come_late_do_not_turn_the_clock_back() -> None:
    rehearsal = Rehearsal(rules()[:1])
    for each in said((1, "down"), (9, "other"), (4, "up")):
        rehearsal.take(each)
    (episode,) = rehearsal.episodes()
    assert episode.ends_at == MIDNIGHT + 9 * NS_PER_S


def test_more_alerts_than_are_remembered() -> None:
    rehearsal = Rehearsal(rules()[:1], episodes_max=2)
    for device in ("r1", "r2"):
        rehearsal.take(said((1, "down"), device=device)[0])
    rehearsal.take(said((2, "down"), device="r1")[0])
    with pytest.raises(TooManyEpisodes):
        rehearsal.take(said((3, "down"), device="r3")[0])
