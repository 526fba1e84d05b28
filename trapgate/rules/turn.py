"""One batch of matches against the remembered states: all transitions of a key are here.

    absent, cleared ──raise──▶ raised ──clear──▶ cleared
                               raised ──raise──▶ raised (a repeat)

A match is late if the last accepted one of its key was stamped later by the same clock; a late
one changes no condition. Repeats of a key with nothing else of it in between are one `Run`.
Nothing here is remembered: what comes out is a proposal.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from trapgate.model import NEVER, NS_PER_S, Alert, Decision, Match, Now, fingerprint
from trapgate.rules.run import Run
from trapgate.rules.state import ARRIVAL, KeyState, rule_of, state_key, with_events
from trapgate.rules.texts import RuleTexts

DEVICE_LAG_MAX_S = 300
"""How far a device's time may lie behind the arrival and still be the alert's start. Receivers and
Alertmanager compare starts with our clock: a start hours ago is more often a wrong clock."""

KEYS_MAX = 200_000
"""Keys of all rules together: about 200 MB and every interface of a large network. A device that
invents names ends here, and with it the growth of the state."""

RULE_SHARE = 1 / 2
"""The part of them that one rule may have: what a device's invented names fill is one rule, and the
others go on."""

Verdict = Literal[
    "raised",
    "repeated",
    "cleared",
    "nothing-to-clear",
    "older-than-clear",
    "older-than-raise",
    "rule-gone",
    "too-many-keys",
]

REASONS: Mapping[Verdict, str] = {
    "raised": "the event met the rule's match",
    "repeated": "the event met the rule's match again",
    "cleared": "the event met the rule's clear",
    "nothing-to-clear": "the event met the rule's clear, but this alert is not raised",
    "older-than-clear": "the device says that this happened before the clear that is known",
    "older-than-raise": "the device says that this happened before the last raise",
    "rule-gone": "the rule was removed after the event met it",
    "too-many-keys": "the rules have as many keys as can be remembered",
}


class Turn:
    """What a batch changes. `states` is the engine's memory, which stays as it is; `texts` gives
    a rule's templates, `None` for a rule that is gone. With `keys_max` keys no new one is taken;
    with half of them none for a clear that found nothing; `counts` are the keys of each rule, which
    may have `RULE_SHARE` of these bounds."""

    def __init__(
        self,
        states: Mapping[str, KeyState],
        texts: Callable[[str], RuleTexts | None],
        now: Now,
        keys_max: int = KEYS_MAX,
        counts: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._states = states
        self._texts = texts
        self._now = now
        self._keys_max = keys_max
        self._counts = counts
        self._added: Counter[str] = Counter()
        self._runs: dict[tuple[str, tuple[str, ...]], Run] = {}
        self._repeats: dict[str, tuple[RuleTexts, Match]] = {}
        self._firing: dict[str, int] = {}
        self.changes: dict[str, KeyState] = {}
        self.alerts: list[Alert] = []
        self.decisions: list[Decision] = []
        self.template_failures = 0

    def take(self, match: Match) -> None:
        """Apply one match, seeing the effects of those before."""
        place = (match.rule, match.key)
        run = self._runs.get(place)
        if run is not None:
            if match.verb == "raise":
                run.add(match)
                return
            self._end_run(self._runs.pop(place))
        texts = self._texts(match.rule)
        if texts is None:
            self._decide(match, "rule-gone")
            return
        key = state_key(match)
        state = self.changes.get(key) or self._states.get(key)
        raised = state is not None and state.condition == "raised"
        if state is not None and raised:
            if match.verb == "raise":
                self._runs[place] = Run(key, state, texts, match)
            else:
                self._clear(key, state, match)
        elif match.verb == "raise":
            self._raise(key, state, match, texts)
        else:
            self._note_clear(key, state, match)

    def finish(self) -> None:
        """Render the alerts that were repeated: once for the batch, however often it was."""
        for run in self._runs.values():
            self._end_run(run)
        self._runs.clear()
        for key in tuple(self._repeats):
            self._settle(key)

    def _raise(self, key: str, last: KeyState | None, match: Match, texts: RuleTexts) -> None:
        if last is not None and last.is_newer_than(match):
            self._decide(match, "older-than-clear", last.fingerprint)
            return
        if last is None and self._is_full(match.rule, self._keys_max):
            self._decide(match, "too-many-keys")
            return
        labels = texts.labels(match.key, match.captured)
        annotations = texts.annotations(labels.texts, match.captured, 1)
        self.template_failures += labels.failures + annotations.failures
        state = KeyState(
            condition="raised",
            key=match.key,
            at=match.timestamp,
            clock=match.clock,
            arrived_at=match.received_at,
            changed_at=self._now.wall_ns,
            labels=labels.texts,
            fingerprint=fingerprint(labels.texts),
            annotations=annotations.texts,
            # not before the end that was told: they would be one episode to Alertmanager
            starts_at=max(_start(match), last.ends_at if last is not None else 0),
            count=1,
            event_ids=(match.event_id,),
        )
        self._put(key, state)
        self._post_firing(key, state, match)
        self._decide(match, "raised", state.fingerprint)

    def _end_run(self, run: Run) -> None:
        """Write down what a run came to; its alert is rendered when it is settled."""
        state = run.state(self._now.wall_ns)
        self._put(run.key, state)
        self._repeats[run.key] = (run.texts, run.last)
        *earlier, last = run.event_ids
        reason = REASONS["repeated"]
        if earlier:
            reason = f"{len(run.event_ids):,} events met the rule's match again, {last} the last"
        refs = {"alert": state.fingerprint, "rule": run.last.rule}
        self.decisions.append(Decision(last, "repeated", reason, refs, tuple(earlier)))

    def _clear(self, key: str, state: KeyState, match: Match) -> None:
        if state.is_newer_than(match):
            self._decide(match, "older-than-raise", state.fingerprint)
            return
        state = self._settle(key) or state
        cleared = msgspec.structs.replace(
            state,
            condition="cleared",
            at=match.timestamp,
            clock=match.clock,
            arrived_at=match.received_at,
            changed_at=self._now.wall_ns,
            ends_at=end_of(state, self._now),
            event_ids=with_events(state.event_ids, (match.event_id,)),
        )
        self._put(key, cleared)
        self._firing.pop(key, None)
        self.alerts.append(posted(cleared, match.received_at, self._now))
        self._decide(match, "cleared", state.fingerprint)

    def _note_clear(self, key: str, state: KeyState | None, match: Match) -> None:
        """Nothing is raised, but a raise that happened before may still arrive. Only a clock that
        both share could tell, so a clear without one leaves no trace."""
        self._decide(match, "nothing-to-clear", state.fingerprint if state else "")
        if match.clock == ARRIVAL:
            return
        if state is None:
            if self._is_full(match.rule, self._keys_max // 2):
                return
            when, arrived = match.timestamp, match.received_at
            state = KeyState("cleared", match.key, when, match.clock, arrived, changed_at=0)
        if not state.is_newer_than(match):
            noted = msgspec.structs.replace(
                state,
                at=match.timestamp,
                clock=match.clock,
                arrived_at=match.received_at,
                changed_at=self._now.wall_ns,
            )
            self._put(key, noted)

    def _settle(self, key: str) -> KeyState | None:
        """Render and post a repeated alert, if it was; its state then."""
        pending = self._repeats.pop(key, None)
        if pending is None:
            return None
        texts, match = pending
        state = self.changes[key]
        annotations = texts.annotations(state.labels, match.captured, state.count)
        self.template_failures += annotations.failures
        state = msgspec.structs.replace(state, annotations=annotations.texts)
        self._put(key, state)
        self._post_firing(key, state, match)
        return state

    def _post_firing(self, key: str, state: KeyState, match: Match) -> None:
        """Post an alert that fires, in place of what this batch posted of the same episode."""
        place = self._firing.setdefault(key, len(self.alerts))
        self.alerts[place : place + 1] = [posted(state, match.received_at, self._now)]

    def _put(self, key: str, state: KeyState) -> None:
        if key not in self._states and key not in self.changes:
            self._added[rule_of(key)] += 1
        self.changes[key] = state

    def _is_full(self, rule: str, keys_max: int) -> bool:
        if len(self._states) + self._added.total() >= keys_max:
            return True
        return self._counts.get(rule, 0) + self._added[rule] >= keys_max * RULE_SHARE

    def _decide(self, match: Match, verdict: Verdict, alert: str = "") -> None:
        refs = {"alert": alert, "rule": match.rule} if alert else {"rule": match.rule}
        self.decisions.append(Decision(match.event_id, verdict, REASONS[verdict], refs))


def end_of(state: KeyState, now: Now) -> int:
    """The end of an episode that ends now: by our clock, as receivers compare it with theirs, and
    after its start."""
    return max(now.wall_ns, state.starts_at + 1)


def posted(state: KeyState, received_at: int, now: Now) -> Alert:
    """A state as an alert: firing for ever while raised, ended when cleared. `received_at` is when
    the event behind it arrived."""
    return Alert(
        fingerprint=state.fingerprint,
        labels=state.labels,
        annotations=state.annotations,
        starts_at=state.starts_at,
        ends_at=NEVER if state.condition == "raised" else state.ends_at,
        updated_at=now.wall_ns,
        received_at=received_at,
        event_ids=state.event_ids,
    )


def _start(match: Match) -> int:
    """The device's time where it can be right, else the arrival; never after the arrival."""
    lag_ns = match.received_at - match.timestamp
    return match.timestamp if 0 <= lag_ns <= DEVICE_LAG_MAX_S * NS_PER_S else match.received_at
