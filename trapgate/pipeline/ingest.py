"""The ingest loop: raw spool → decode → normalize → event store, and matches → the matches spool.

Two legs with a cursor each, so that paging does not wait for search: the `rules` leg matches events
and writes the matches, the `store` leg keeps them. While both stand at the same place every record
is decoded once for both; when one cannot go on (the store is down, the matches spool is full) the
other goes on alone, and the late one reads again later, up to where the other stands: they meet
exactly there, and share again.

A store may write behind (`pipeline.behind`): it takes a batch, and says later that it has it. The
store leg's place moves on with the first, so that both legs are level also with a store that is
some seconds behind; its cursor follows with the second.

The store leg keeps the ledger: how many datagrams ended in which outcome, committed with its
cursor, so that it is exact over restarts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from trapgate.model import (
    NS_PER_S,
    Datagram,
    Event,
    EventMatches,
    Match,
    Now,
    Position,
    Refusal,
    encode_matches,
)
from trapgate.normalize.storm import Storms
from trapgate.observe import Alarm, Metrics, logger
from trapgate.pipeline.ahead import Ahead
from trapgate.pipeline.leg import (
    BATCH_RECORDS,
    BATCH_SIZE_MAX,
    DURABLE,
    Blocked,
    Leg,
    Receipt,
    Records,
)
from trapgate.pipeline.prepared import Prepared
from trapgate.pipeline.recollection import Memories, Recollection
from trapgate.pipeline.translate import NOTHING_PREPARED, Batch, Ledger, Translator

RETRY_S = 1.0
"""Wait before a leg that could not go on tries again."""

IDLE_S = 0.25
"""Longest sleep without a bell: how late a reload or a lost bell is noticed."""

PUBLISH_S = 0.2
"""How often this process's metrics are written for the core to add up."""


def always() -> bool:
    """The answer of a store that has no window."""
    return True


def forgotten(event: Event, error: str) -> None:
    """What becomes of an event where nobody keeps what could not be matched."""


class Sinks(msgspec.Struct, frozen=True):
    """Where the legs lead. `store` and `matches` raise `Blocked` when they cannot take a batch;
    `store` says by its receipt when it has the batch, one of no events when it has those before;
    `reply` sends datagrams back to their senders and swallows what cannot be sent; `refused` tells
    whom the decoder refused; `room` says whether the store takes a batch now, and is asked before
    one is read for it; `unmatched` keeps an event at which matching raised, and what it raised."""

    store: Callable[[Sequence[Event]], Receipt]
    matches: Callable[[Sequence[bytes]], None]
    reply: Callable[[Iterable[Datagram]], None]
    refused: Callable[[str, Refusal], None]
    room: Callable[[], bool] = always
    unmatched: Callable[[Event, str], None] = forgotten


Sink = Callable[[Batch], Receipt]
"""What a leg does with a batch; raises `Blocked`."""


class Ingest:
    """The loop's body; `turn` does one round and never blocks on a sink."""

    def __init__(
        self,
        *,
        store_leg: Leg,
        rules_leg: Leg,
        translator: Translator,
        memories: Memories,
        sinks: Sinks,
        metrics: Metrics,
        now: Callable[[], Now],
        ahead: Ahead | None = None,
    ) -> None:
        """`memories` are those of all lanes: each lane brings its legs. `ahead` knows who decodes
        for all of them; without it they do it themselves."""
        memories.rules.legs.append(rules_leg)
        memories.store.legs.append(store_leg)
        self.translator = translator
        self.has_backlog = False
        """Whether there was more to read for both legs than one batch, when they read last."""
        self._memories = memories
        self._store = store_leg
        self._rules = rules_leg
        self._sinks = sinks
        self._now = now
        self._ahead = ahead
        self._outcomes = metrics.counter("trapgate_ingest_datagrams_total")
        self._stored = metrics.counter("trapgate_store_events_total")
        self._matched = metrics.counter("trapgate_rules_matches_total")
        failures = metrics.counter("trapgate_ingest_failures_total")
        self._unwritable = failures.labels("unwritable-match")
        self._unmatched = failures.labels("unmatched")
        # the first lane has no mark
        self._stuck = Alarm(metrics, "rules.blocked", rules_leg.mark or "raw")
        self._count(store_leg.ledger)

    def turn(self) -> bool:
        """Go on with what there is; whether there was anything."""
        now = self._now()
        rules, store, memories = self._rules, self._store, self._memories
        if memories.level() and self._ready(rules, now) and self._ready(store, now):
            memories.share(self.translator, now)
            return self._both(now)
        memories.part()
        worked = self._ready(rules, now) and self._step(rules, store, self._forward, now)
        if worked and rules.position == store.position:
            return True  # they have met: what follows is read once for both
        return (self._ready(store, now) and self._step(store, rules, self._keep, now)) or worked

    def tell_when_idle(self) -> None:
        """What a storm came to, if no record comes behind it: to be asked when all lanes are read.
        Legs that cannot go on now tell it before their next record."""
        now = self._now()
        told: dict[Storms, Sequence[Event]] = {}
        for leg, sink in ((self._rules, self._forward), (self._store, self._keep)):
            memory = self._kind(leg).memory
            if memory is None or not self._ready(leg, now):
                continue
            if memory.storms not in told:
                told[memory.storms] = memory.storms.idle(now.wall_ns)
            events = list(told[memory.storms])
            if events:
                self._try(leg, sink, Batch(leg.position, events, {}, []), now)

    def collect(self) -> None:
        """Move the store leg's cursor behind what the store has by now; `turn` does so, too."""
        self._confirm(self._store)
        if self._store.owes:
            self._settle(self._store, self._now())

    def legs(self) -> tuple[Leg, Leg]:
        """The rules leg and the store leg."""
        return self._rules, self._store

    def give_up(self, leg: Leg, reason: str, *, before: int, older_than: int) -> int:
        """Let a leg of this lane go past records without their work, some at a time, see
        `Leg.give_up`: they are counted, and not remembered. Returns how many there were."""
        self._confirm(leg)
        ledger = leg.give_up(reason, before=before, older_than=older_than)
        self._kind(leg).forget(self._now())
        try:
            leg.settle()
        except Blocked as blocked:
            self._block(leg, blocked, self._now())
        if leg is self._store:
            self._count(ledger)
        return sum(ledger.values())

    def place(self) -> Position:
        """Up to where the rules leg has read its spool."""
        return Position(self._rules.reader.stream, self._rules.position)

    def matched(self) -> bool:
        """Whether the rules leg has read all that may be read now."""
        return self._rules.at_end()

    def adopt(self, translator: Translator) -> None:
        """Go on with another configuration; `Memories.take_over` keeps what was remembered."""
        self.translator = translator
        if self._ahead is not None:
            self._ahead.forget()

    def _kind(self, leg: Leg) -> Recollection:
        return self._memories.rules if leg is self._rules else self._memories.store

    def _ready(self, leg: Leg, now: Now) -> bool:
        """Whether a leg may go on; one that owes its cursor pays first."""
        if now.elapsed_ns < max(leg.retry_at_ns, self._kind(leg).rest_until_ns):
            return False
        self._confirm(leg)
        if leg.owes and not self._settle(leg, now):
            return False
        return leg is not self._store or self._sinks.room()

    def _both(self, now: Now) -> bool:
        records = self._rules.read(self._store.position)
        self.has_backlog = len(records) >= BATCH_RECORDS
        if not records:
            return False
        batch = self._translate(self._rules, records, now, self._prepared(records))
        forwarded = self._try(self._rules, self._forward, batch, now)
        kept = self._try(self._store, self._keep, batch, now)
        if not (forwarded and kept):
            # their places differ from here on, and so does what each has seen
            for leg, done in ((self._rules, forwarded), (self._store, kept)):
                if not done:
                    self._kind(leg).memory = None
        return True

    def _step(self, leg: Leg, other: Leg, sink: Sink, now: Now) -> bool:
        place = leg.position
        records = leg.read(other.position)
        if not records:
            return leg.position != place
        kind = self._kind(leg)
        # Who was refused is likely to be refused again. Then what it remembered is taken from a
        # copy: to build it anew each second would keep the leg that pages for much of it.
        before = kind.of(self.translator, now).copied() if leg.retry_at_ns else None
        batch = self._translate(leg, records, now)
        if not self._try(leg, sink, batch, now):
            kind.memory = before
        return True

    def _prepared(self, records: Records) -> Mapping[int, Prepared]:
        """What others have made of these records; they go on with those behind them, if there is a
        backlog that is worth it. What comes next is mostly of the kind that came last."""
        ahead, last = self._ahead, records[-1][1]
        worth = self.has_backlog and last is not None and self.translator.is_worth_preparing(last)
        if ahead is None or not (worth or ahead.busy):
            return NOTHING_PREPARED
        following = self._rules.following if worth else tuple
        return ahead.prepared(self._rules.reader.stream, records[-1][0], following)

    def _translate(
        self,
        leg: Leg,
        records: Records,
        now: Now,
        prepared: Mapping[int, Prepared] = NOTHING_PREPARED,
    ) -> Batch:
        unreadable = [sequence for sequence, datagram in records if datagram is None]
        if unreadable:
            logger().error("ingest.unreadable", records=len(unreadable), first=unreadable[0])
        memory = self._kind(leg).of(self.translator, now)
        return self.translator.batch(
            records, leg.reader.stream, memory, now, leg.mark, BATCH_SIZE_MAX, prepared
        )

    def _try(self, leg: Leg, sink: Sink, batch: Batch, now: Now) -> bool:
        try:
            receipt = sink(batch)
        except Blocked as blocked:
            self._block(leg, blocked, now)
            return False
        leg.advance(batch, receipt)
        self._confirm(leg)
        if leg.owes:
            self._settle(leg, now)  # if not, the batch is done all the same
        return True

    def _confirm(self, leg: Leg) -> None:
        """Count what has become durable."""
        for batch in leg.confirmed():
            if leg is self._store:
                self._stored.inc(len(batch.events))
                self._count(batch.ledger)

    def _settle(self, leg: Leg, now: Now) -> bool:
        try:
            leg.settle()
        except Blocked as blocked:
            self._block(leg, blocked, now)
            return False
        if leg.retry_at_ns:
            logger().info("ingest.resumed", position=leg.position)
            leg.retry_at_ns = 0
            if leg is self._rules:
                self._stuck.end()
        return True

    def _block(self, leg: Leg, blocked: Blocked, now: Now) -> None:
        if leg is self._rules:
            self._stuck.begin(reason=blocked.reason)
        if not leg.retry_at_ns:
            logger().error("ingest.blocked", reason=blocked.reason, behind=leg.position)
        leg.retry_at_ns = now.elapsed_ns + int(RETRY_S * NS_PER_S)

    def _forward(self, batch: Batch) -> Receipt:
        """The rules leg: matches into their spool, replies to their senders, refusals told."""
        payloads = []
        verbs: dict[str, int] = {}
        unmatched: list[tuple[Event, Exception]] = []
        for event in batch.events:
            try:
                matches = self.translator.matcher.matches(event)
            except Exception as bug:  # noqa: BLE001 - the per-item boundary: one event, not the night
                unmatched.append((event, bug))
                continue
            payload = self._payload(event, matches) if matches else None
            if payload is not None:
                payloads.append(payload)
                for match in matches:
                    verbs[match.verb] = verbs.get(match.verb, 0) + 1
        if payloads:
            self._sinks.matches(payloads)
        for event, raised in unmatched:  # told once, also if the batch was refused before
            self._pass_over(event, raised)
        if batch.replies:
            self._sinks.reply(batch.replies)
        for peer, refusal in batch.refused:
            self._sinks.refused(peer, refusal)
        for verb, count in verbs.items():
            self._matched.labels(verb).inc(count)
        return DURABLE

    def _pass_over(self, event: Event, bug: Exception) -> None:
        """Matching has raised at this event, a bug: it pages nobody, and is stored as it is."""
        place = event.position.sequence
        logger().error("ingest.unmatched", position=place, reason=repr(bug), exc_info=bug)
        self._unmatched.inc()
        self._sinks.unmatched(event, f"{type(bug).__name__}: {bug}")

    def _payload(self, event: Event, matches: tuple[Match, ...]) -> bytes | None:
        """The record of an event's matches; `None` if they cannot be written (text that is not
        Unicode, a number over 64 bits: a bug of an earlier stage, not to stop the rest)."""
        try:
            return encode_matches(EventMatches(event.position, matches))
        except (ValueError, OverflowError) as error:
            logger().error("ingest.unwritable", position=event.position.sequence, reason=str(error))
            self._unwritable.inc()
            return None

    def _keep(self, batch: Batch) -> Receipt:
        """The store leg: events into the store. What they come to is counted when it has them."""
        return self._sinks.store(batch.events)

    def _count(self, ledger: Ledger) -> None:
        for key, count in ledger.items():
            outcome, _, reason = key.partition("/")
            self._outcomes.labels(outcome, reason).inc(count)


def run_ingest(
    turn: Callable[[], bool],
    *,
    idle: Callable[[], None],
    bell: Callable[[float], bool],
    between: Callable[[], None],
    publish: Callable[[], None],
    stopping: Callable[[], bool],
    now: Callable[[], Now],
) -> None:
    """Turn until told to stop, then until the spool is read to its end or a sink refuses; `turn`
    is that of an `Ingest`, or of `Lanes` of several.

    `idle` is called when all is read; `bell` waits so many seconds for new records; `between` is
    called before each turn, so that what comes in after a reload was answered meets the new rules;
    `publish` about every `PUBLISH_S`.
    """
    published_at = 0
    while True:
        between()
        worked = turn()
        if now().elapsed_ns - published_at >= PUBLISH_S * NS_PER_S:
            publish()
            published_at = now().elapsed_ns
        if worked:
            continue
        idle()
        if stopping():
            break
        bell(IDLE_S)
    publish()
