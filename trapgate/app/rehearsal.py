"""What rules make of events, without telling anybody: the same matcher and engine as the server's,
on the events' own clock.

In: events in the order in which they came. Out: what was decided about each, and the alerts. It
starts knowing nothing: a clear whose raise came before the first event finds nothing to clear.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from trapgate.model import Decision, Event, EventMatches, Labels, Now, Rule
from trapgate.rules import KeyState, Matcher, RuleEngine

EPISODES_MAX = 100_000
"""Alerts that are remembered: some 100 MB, and more than anybody reads."""


class TooManyEpisodes(Exception):
    """More alerts than are remembered; the events up to here were taken."""


class Episode(msgspec.Struct, frozen=True):
    """One alert from its raise to its clear. `ends_at` is `None` while it fires; `count` are the
    events that raised it, the repeats included; `event_ids` the first and the newest ones, that
    of the clear too."""

    rule: str
    fingerprint: str
    labels: Labels
    annotations: Labels
    starts_at: int
    ends_at: int | None
    count: int
    event_ids: tuple[str, ...]


class Rehearsal:
    """One run. `events` counts those that were taken, `met` those that met a rule, `verdicts` what
    was decided (`raised`, `repeated`, `cleared` ...)."""

    def __init__(self, rules: Sequence[Rule], episodes_max: int = EPISODES_MAX) -> None:
        self.rules: Mapping[str, Rule] = {rule.uid: rule for rule in rules}
        self.events = 0
        self.met = 0
        self.verdicts: Counter[str] = Counter()
        self.template_failures = 0
        self._matcher = Matcher(rules)
        self._engine = RuleEngine(rules)
        self._episodes: dict[tuple[str, int], Episode] = {}
        self._episodes_max = episodes_max
        self._wall_ns = 0

    def take(self, event: Event) -> Sequence[Decision]:
        """What is decided about the next event; nothing if it meets no rule. Raises
        `TooManyEpisodes`."""
        self.events += 1
        # our clock never runs backwards, though events that waited in another lane come late
        self._wall_ns = max(self._wall_ns, event.received_at)
        now = Now(self._wall_ns, self._wall_ns)
        self._pass_time(now)
        matches = self._matcher.matches(event)
        if not matches:
            return ()
        self.met += 1
        outcome = self._engine.feed([EventMatches(event.position, matches)], now)
        self._engine.accept(outcome.changes)
        self.template_failures += outcome.template_failures
        self.verdicts.update(decision.verdict for decision in outcome.decisions)
        for key, state in outcome.changes.items():
            if state is not None and state.fingerprint:
                self._note(key, state)
        return outcome.decisions

    def episodes(self) -> Sequence[Episode]:
        """The alerts in the order in which they began."""
        return sorted(self._episodes.values(), key=lambda each: (each.starts_at, each.fingerprint))

    def _pass_time(self, now: Now) -> None:
        """Forget what the running engine would have forgotten by now."""
        due = self._engine.next_tick()
        while due is not None and due <= now.wall_ns:
            self._engine.accept(self._engine.tick(now).changes)
            due = self._engine.next_tick()

    def _note(self, key: str, state: KeyState) -> None:
        place = (key, state.starts_at)
        if place not in self._episodes and len(self._episodes) >= self._episodes_max:
            raise TooManyEpisodes
        self._episodes[place] = Episode(
            rule=key.split("/")[1],
            fingerprint=state.fingerprint,
            labels=state.labels,
            annotations=state.annotations,
            starts_at=state.starts_at,
            ends_at=None if state.condition == "raised" else state.ends_at,
            count=state.count,
            event_ids=state.event_ids,
        )
