"""A run of repeats: raises of a key that is raised already, one after the other in one batch.

A storm says the same thousands of times a second. What it leaves behind is the same as if each
repeat had been taken for itself; only the work is done once for all of them.
"""

import msgspec

from trapgate.model import Match
from trapgate.rules.state import KeyState, is_behind, with_events
from trapgate.rules.texts import RuleTexts


class Run:
    """The repeats of one key since its state was last written down, at least one; `texts` are its
    rule's. `last` is the newest of them to arrive."""

    __slots__ = ("_arrived_at", "_at", "_clock", "_state", "event_ids", "key", "last", "texts")

    def __init__(self, key: str, state: KeyState, texts: RuleTexts, first: Match) -> None:
        self.key = key
        self.texts = texts
        self.event_ids: list[str] = []
        self._state = state
        self._at, self._clock, self._arrived_at = state.at, state.clock, state.arrived_at
        self.add(first)

    def add(self, match: Match) -> None:
        """One repeat more: it is counted even if it is late, but then it does not set the time
        by which others are late."""
        self.last = match
        self.event_ids.append(match.event_id)
        if not is_behind(self._at, self._clock, self._arrived_at, match):
            self._at, self._arrived_at = match.timestamp, match.received_at
        self._clock = match.clock

    def state(self, changed_at: int) -> KeyState:
        """The key's state after the last repeat."""
        state = self._state
        return msgspec.structs.replace(
            state,
            at=self._at,
            clock=self._clock,
            arrived_at=self._arrived_at,
            changed_at=changed_at,
            count=state.count + len(self.event_ids),
            event_ids=with_events(state.event_ids, self.event_ids),
        )
