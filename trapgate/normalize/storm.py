"""Storms: past its budget a source's repeats are folded, and told in one event.

Every source has a budget a bucket (10 s of `received_at`, as in event ids): `burst`, and a rate for
the time of the bucket that has passed. Over it, an event is folded if it changes nothing: it raises
what was raised last or clears what was cleared last, or no rule met it and the same was kept
already. So the first raise and every clear after a raise pass, whatever the source sends. Below the
budget the duplicates' window folds likewise, if the user wants one.

All of it is a function of the records read so far. A reader that starts in the middle of a stream
first shows it those of the bucket that it starts in and of the bucket before, as for `Identities`.
"""

from collections.abc import Sequence

import msgspec

from trapgate.model import NS_PER_S, Event, Match, Outcome, Refusal
from trapgate.normalize.repeats import Seen, Space, Verbs, digest_of
from trapgate.normalize.settings import DuplicatesSettings, RateLimitSettings
from trapgate.normalize.sources import UNKNOWN, Source, Sources
from trapgate.normalize.summary import (
    BUCKET_NS,
    RATE_LIMITED_CODE,
    REPEATED_CODE,
    Tally,
    Who,
    recovered_event,
    summary_event,
)

SOURCES_MAX = 65_536
"""Sources with a budget of their own in a bucket; the rest (a scan of spoofed addresses) shares
one, so that memory is bounded and nobody else pays."""

DISTINCT_MAX = 1_000
"""Different events that no rule meets and that one source has kept beyond its budget in a bucket;
more of them are folded, counted as no repeats. What a rule meets has no such bound."""

REMEMBERED_MAX = 500_000
"""What all sources together have remembered in a bucket, some 100 MB: as many events as can be
taken in at all in 10 s."""

IDLE_GRACE_NS = 2 * NS_PER_S
"""How long after the end of a bucket its records are taken to have all arrived."""

LATE_BUCKETS_MAX = 360
"""How late a record may be: an hour. One that is older shows that the clock was set back, and its
bucket is the current one from then on."""

OTHERS = "others"
"""The source that all beyond `SOURCES_MAX` are."""

REPEAT = Refusal(Outcome.RATE_LIMITED, "repeat")
DISTINCT = Refusal(Outcome.RATE_LIMITED, "too-many-distinct")
DUPLICATE = Refusal(Outcome.DUPLICATE, "repeat")
"""How folded events end."""

_UNLIMITED = 1 << 62


class StormPolicy(msgspec.Struct, frozen=True):
    """What the user allows: the budget of a source, which its entry in the inventory may change,
    and the duplicates' window."""

    sources: Sources
    rate_limit: RateLimitSettings = RateLimitSettings()
    duplicates: DuplicatesSettings = DuplicatesSettings()


class _Budget:
    """One source in one bucket: what it has spent, what was kept and what was folded of it."""

    __slots__ = ("burst", "kept", "limited", "rate", "repeated", "sent", "who", "window")

    def __init__(self, who: Who, limit: RateLimitSettings) -> None:
        self.who = who
        self.rate = limit.events_per_second
        self.burst = limit.burst if limit.events_per_second else _UNLIMITED
        self.sent = 0
        self.kept: Seen | None = None  # beyond the budget
        self.window: tuple[int, Seen] | None = None
        self.limited: Tally | None = None
        self.repeated: Tally | None = None

    def spent(self, elapsed_ns: int) -> bool:
        """Whether the event that was counted last is over the budget."""
        return self.sent > self.burst + self.rate * max(0, elapsed_ns) // NS_PER_S

    def copied(self, space: Space) -> "_Budget":
        """The same in a memory of its own, which has this room."""
        made = _Budget.__new__(_Budget)
        made.who, made.rate, made.burst, made.sent = self.who, self.rate, self.burst, self.sent
        made.kept = self.kept and self.kept.copied(space)
        made.window = self.window and (self.window[0], self.window[1].copied(space))
        made.limited = self.limited and self.limited.copied()
        made.repeated = self.repeated and self.repeated.copied()
        return made


class Storms:
    """The memory of the current bucket, and of who was over its budget in the one before.

    For each record `due`, then, if it became an event, `over`, and if that says so `fold`.
    """

    def __init__(self, policy: StormPolicy) -> None:
        self._policy = policy
        self._window_ns = policy.duplicates.window
        self._number = -1
        self._start, self._end = -BUCKET_NS, 0
        self._budgets: dict[str, _Budget] = {}
        self._space = Space(REMEMBERED_MAX)
        self._verbs: Verbs | None = None  # from the first event over its budget on
        self._storming: dict[str, tuple[Who, Event]] = {}
        self._told: set[tuple[str, int]] = set()

    def use(self, policy: StormPolicy) -> None:
        """Go on with another policy: its budgets are those of sources that are seen next, its
        window begins to remember now."""
        self._policy = policy
        self._window_ns = policy.duplicates.window

    def copied(self) -> "Storms":
        """The same in a memory of its own: what one of them is told the other does not know."""
        made = Storms(self._policy)
        made._window_ns = self._window_ns
        made._number, made._start, made._end = self._number, self._start, self._end
        made._space = space = self._space.copied()
        made._budgets = {name: budget.copied(space) for name, budget in self._budgets.items()}
        made._verbs = self._verbs and self._verbs.copied(space)
        made._storming = dict(self._storming)
        made._told = set(self._told)
        return made

    def due(self, received_at: int) -> Sequence[Event]:
        """What is to be told before the record that was received at this instant: if it is of a
        later bucket, the summaries of the last one. Records that come late, as those of a flood
        that waited in a lane of its own, count in this one."""
        if self._start <= received_at < self._end:
            return ()
        number = received_at // BUCKET_NS
        if 0 < self._number - number <= LATE_BUCKETS_MAX:
            return ()
        events = self._finished(number)
        limited = self._limited()
        self._storming = limited if number == self._number + 1 else {}
        self._number = number
        self._start, self._end = number * BUCKET_NS, (number + 1) * BUCKET_NS
        self._budgets = {}
        self._space = Space(REMEMBERED_MAX)
        self._verbs = None
        self._told = set()
        return events

    def idle(self, wall_ns: int) -> Sequence[Event]:
        """What is to be told though no record comes, each once; to be asked when all records are
        read. It changes nothing of what `fold` will say, and `due` says it again to a reader that
        starts anew: same id, same position."""
        number = (wall_ns - IDLE_GRACE_NS) // BUCKET_NS
        return self._finished(number) if number > self._number else ()

    def over(self, event: Event) -> bool:
        """Count an event of the bucket that `due` was told of; whether `fold` must be asked about
        it. Once a source was over its budget it must about all events of the bucket: any of them
        may clear what a folded one would have raised."""
        budget = self._budgets.get(_source_of(event)) or self._budget(event)
        budget.sent += 1
        if self._verbs is not None or self._window_ns:
            return True
        return budget.sent > budget.burst and budget.spent(event.received_at - self._start)

    def fold(self, event: Event, matches: Sequence[Match]) -> Refusal | None:
        """How the event that was counted last ends if it is folded; `None` if it is kept.
        `matches` are all that the rules make of it."""
        if self._verbs is None:
            self._verbs = Verbs(self._space)
        budget = self._budgets.get(_source_of(event)) or self._budgets[OTHERS]
        changes = self._verbs.changed_by(matches)
        refusal = self._refusal(budget, event, bool(matches), changes)
        if refusal is DUPLICATE:
            budget.repeated = _tallied(budget.repeated, event)
        elif refusal is not None:
            budget.limited = _tallied(budget.limited, event, distinct=refusal is DISTINCT)
        elif changes:
            self._verbs.note(matches)
        return refusal

    def _refusal(
        self, budget: _Budget, event: Event, matched: bool, changes: bool
    ) -> Refusal | None:
        window = self._window(budget, event)
        spent = budget.spent(event.received_at - self._start)
        digest = digest_of(event) if window is not None or (spent and not matched) else b""
        if window is not None and digest in window and not changes:
            return DUPLICATE
        if spent:
            refusal = self._beyond(budget, digest, matched, changes)
            if refusal is not None:
                return refusal
        if window is not None:
            window.add(digest)
        return None

    def _beyond(
        self, budget: _Budget, digest: bytes, matched: bool, changes: bool
    ) -> Refusal | None:
        """What becomes of an event over the budget."""
        if matched:
            return None if changes else REPEAT
        if budget.kept is None:
            budget.kept = Seen(self._space, DISTINCT_MAX)
        if digest in budget.kept:
            return REPEAT
        return None if budget.kept.add(digest) else DISTINCT

    def _window(self, budget: _Budget, event: Event) -> Seen | None:
        """The memory of the window that the event is in; windows are counted in the bucket."""
        if not self._window_ns:
            return None
        number = max(0, event.received_at - self._start) // self._window_ns
        if budget.window is None or budget.window[0] != number:
            budget.window = (number, Seen(self._space, REMEMBERED_MAX))
        return budget.window[1]

    def _budget(self, event: Event) -> _Budget:
        """The budget of a source that has none in this bucket yet."""
        name = _source_of(event)
        if len(self._budgets) >= SOURCES_MAX:
            name = OTHERS
            if name in self._budgets:
                return self._budgets[name]
        entry = self._entry(event) if name != OTHERS else UNKNOWN
        who = Who(name, entry.name or name, entry.labels)
        budget = _Budget(who, entry.rate_limit or self._policy.rate_limit)
        self._budgets[name] = budget
        return budget

    def _entry(self, event: Event) -> Source:
        """The inventory's entry that the event's origin was found by."""
        if event.fields.get("snmp.identity") == "engine-id":
            for field in ("snmp.engine_id", "snmp.context_engine_id"):
                entry = self._policy.sources.engine(str(event.fields.get(field, "")))
                if entry is not None and entry.name in (None, event.device):
                    return entry
        return self._policy.sources.of(_address_of(event))

    def _limited(self) -> dict[str, tuple[Who, Event]]:
        return {
            name: (budget.who, budget.limited.last)
            for name, budget in self._budgets.items()
            if budget.limited is not None
        }

    def _finished(self, number: int) -> list[Event]:
        """What can be told when the clock is in the bucket `number`, behind the current one, and
        was not told yet; of each code in the order of its stream."""
        found = []
        for budget in self._budgets.values():
            for code, tally in (
                (RATE_LIMITED_CODE, budget.limited),
                (REPEATED_CODE, budget.repeated),
            ):
                if tally is not None:
                    found.append(summary_event(budget.who, code, tally, budget.sent))
        limited = self._limited()
        calm = [storm for name, storm in self._storming.items() if name not in limited]
        if number != self._number + 1:  # a whole bucket without them lies between
            calm += limited.values()
        found += [recovered_event(who, last) for who, last in calm]
        found.sort(key=lambda event: event.position)
        fresh = [event for event in found if (event.id, event.position.sequence) not in self._told]
        self._told.update((event.id, event.position.sequence) for event in fresh)
        return fresh


def _source_of(event: Event) -> str:
    """Who has the budget: the device that its engine names, wherever it sends from, else the
    address that was found to be the origin. Not the name in a syslog line, which anybody can
    write."""
    if event.fields.get("snmp.identity") == "engine-id":
        return event.device
    return _address_of(event)


def _address_of(event: Event) -> str:
    address = event.fields.get("host.ip")
    return address if isinstance(address, str) else event.source.address


def _tallied(tally: Tally | None, event: Event, *, distinct: bool = False) -> Tally:
    """The tally with one more event."""
    tally = tally or Tally(event.received_at, event)
    tally.add(event, distinct=distinct)
    return tally
