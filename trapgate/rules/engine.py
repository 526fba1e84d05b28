"""The rule engine: remembers which keys of which rules are raised, turns matches into alerts.

In: matches in the order in which their events were spooled, and `now`. Out: proposals
(`RuleOutcome`); the memory changes only by `accept`, when the store has committed them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

import msgspec

from trapgate.model import NS_PER_S, Alert, Decision, EventMatches, Now, Rule
from trapgate.rules.state import STATE_PREFIX, KeyState, decode_state, rule_of
from trapgate.rules.texts import RuleTexts
from trapgate.rules.turn import KEYS_MAX, Turn, end_of, posted

CLEARED_KEPT_S = 3_600
"""How long a cleared key is remembered: a late raise that was delayed by more than an hour is
taken for a new one."""

DROPS_MAX = 100
"""States dropped by one call: they fit one unit of the state store (`UNIT_PUTS_MAX`) and do not
delay the next page."""

RETIRES_MAX = 50
"""The same for states that are retired: each may end an alert, which is one more write."""


class RuleOutcome(msgspec.Struct, frozen=True):
    """A proposal: states to write (`None`: to delete) under their keys in the `StateStore`, alerts
    to post in this order, what was decided, and how many texts could not be rendered."""

    changes: Mapping[str, KeyState | None] = {}
    alerts: tuple[Alert, ...] = ()
    decisions: tuple[Decision, ...] = ()
    template_failures: int = 0


class RuleEngine:
    """The rules' states in memory. Starts empty; `restore` fills it from the store. `keys_max`
    bounds the keys of all rules together."""

    def __init__(self, rules: Sequence[Rule], *, keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        self._states: dict[str, KeyState] = {}
        self._cleared: dict[str, int] = {}  # key → changed_at, oldest first
        self._orphans: dict[str, None] = {}  # keys of rules that are gone
        self._counts: Counter[str] = Counter()  # states of each rule
        self._rules: dict[str, Rule] = {}
        self._texts: dict[str, RuleTexts] = {}
        self.replace(rules)

    @property
    def states(self) -> Mapping[str, KeyState]:
        """What is remembered, by key: a live view, not to be kept."""
        return MappingProxyType(self._states)

    def feed(self, batch: Sequence[EventMatches], now: Now) -> RuleOutcome:
        """What these matches change. Later ones see the effects of earlier ones; the memory stays
        as it is until `accept`. A rule that is gone is a decision, not an error."""
        turn = Turn(self._states, self._texts_of, now, self._keys_max, self._counts)
        for event in batch:
            for match in event.matches:
                turn.take(match)
        turn.finish()
        return RuleOutcome(
            changes=turn.changes,
            alerts=tuple(turn.alerts),
            decisions=tuple(turn.decisions),
            template_failures=turn.template_failures,
        )

    def tick(self, now: Now) -> RuleOutcome:
        """Forget keys that were cleared `CLEARED_KEPT_S` ago, at most `DROPS_MAX` of them."""
        before = now.wall_ns - CLEARED_KEPT_S * NS_PER_S
        oldest = islice(self._cleared.items(), DROPS_MAX)
        return RuleOutcome(changes={key: None for key, at in oldest if at <= before})

    def next_tick(self) -> int | None:
        """The instant from which `tick` has something to do; `None`: nothing is waiting."""
        oldest = next(iter(self._cleared.values()), None)
        return None if oldest is None else oldest + CLEARED_KEPT_S * NS_PER_S

    def replace(self, rules: Sequence[Rule]) -> None:
        """Use other rules from now on. A rule with the same uid keeps its states; those of rules
        that are gone are for `retire`."""
        self._rules = {rule.uid: rule for rule in rules}
        self._texts = {}
        self._orphans = {key: None for key in self._states if rule_of(key) not in self._rules}

    def retire(self, now: Now) -> RuleOutcome:
        """End the alerts of rules that are gone and delete their states, at most `RETIRES_MAX`
        of them: to be called (and accepted) until there are no changes, after `restore` too."""
        alerts, decisions = [], []
        keys = tuple(islice(self._orphans, RETIRES_MAX))
        for key in keys:
            state = self._states[key]
            if state.condition == "raised":
                ended = msgspec.structs.replace(
                    state, condition="cleared", ends_at=end_of(state, now)
                )
                alerts.append(posted(ended, now.wall_ns, now))
                refs = {"alert": state.fingerprint, "rule": rule_of(key)}
                reason = "the rule that raised this alert was removed or changed"
                decisions.append(Decision(state.fingerprint, "rule-removed", reason, refs))
        return RuleOutcome(dict.fromkeys(keys), tuple(alerts), tuple(decisions))

    def accept(self, changes: Mapping[str, KeyState | None]) -> None:
        """Remember what was committed, here or by another writer."""
        for key, state in changes.items():
            self._cleared.pop(key, None)
            self._orphans.pop(key, None)
            known = key in self._states
            if state is None:
                self._states.pop(key, None)
                self._counts[rule_of(key)] -= known
                continue
            self._states[key] = state
            self._counts[rule_of(key)] += not known
            if state.condition == "cleared":
                self._cleared[key] = state.changed_at
            if rule_of(key) not in self._rules:
                self._orphans[key] = None

    def restore(self, entries: Iterable[tuple[str, bytes]]) -> None:
        """Remember the store's entries; keys of others are passed over.

        Raises `StateUnreadable` for a state of another version; nothing is remembered then.
        """
        states = {
            key: decode_state(value) for key, value in entries if key.startswith(STATE_PREFIX)
        }
        by_age = sorted(states.items(), key=lambda item: item[1].changed_at)
        self.accept(dict(by_age))

    def _texts_of(self, uid: str) -> RuleTexts | None:
        """A rule's templates, compiled when it first raises something: a start with thousands of
        rules does not wait for those that never do."""
        texts = self._texts.get(uid)
        rule = self._rules.get(uid)
        if texts is None and rule is not None:
            texts = self._texts[uid] = RuleTexts(rule)
        return texts
