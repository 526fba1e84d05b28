"""The bounds of the raw spool: what a leg gives up when it is too far behind.

In: where the legs of each lane stand, and how large the spool is. Out: legs that go past their
oldest records, which are counted for it. The store may be away for days; what waits for it must not
take the room of what comes in, because then nobody would be paged any more (decision 0013).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from trapgate.model import NS_PER_S, Now, Outcome
from trapgate.observe import Alarm, Metrics
from trapgate.pipeline.ingest import Ingest
from trapgate.pipeline.leg import Leg
from trapgate.spool import Held

FullPolicy = Literal["store-yields", "refuse-new", "drop-oldest"]
"""What gives way in a full spool: what the store has not read and the rules have, what comes in, or
what is oldest, read or not."""

YIELD_SHARE = 0.75
"""Of the room, that is what may be kept for a leg: peers are held to a fair share of what comes in
above a little more (`pipeline.intake.PRESSED_SHARE`), and read segments go some seconds later."""

LOOK_BACK_SHARE = 0.25
"""Of the room, that is how much of what is kept because a leg looks back to it (`spool.held`) may
count: all of it, if no more than 10 MB/s come into 1 GiB, about what one receiver can take. Where
more comes in half of the room is the leg's own all the same, and the spool may fill."""

BEHIND_SHARE = 0.5
"""Of the bounds: with more than that kept for it, a leg that has given up is not well again."""

LOOK_EVERY_NS = NS_PER_S
"""How often sizes are looked at: a flood fills a quarter of the smallest spool in no less."""

AGE_EVERY_NS = 10 * NS_PER_S
"""How often the oldest records are looked at: each look lets a reader jump back and forth."""

CALM_NS = 60 * NS_PER_S
"""The alarm ends when nothing was given up for so long and the leg is well within its bounds: near
them it is some at a time, on a quiet network a segment in an hour or two."""

FULL, AGE = "full", "age"
"""Why records are given up."""

FOREVER = 1 << 63
"""Above every sequence and every instant."""


class Bounds(msgspec.Struct, frozen=True):
    """The bounds of the lanes of one receive process together; `None`: there is none.
    `free_bytes` is the room that is left on their disk."""

    size_max_bytes: int | None
    age_max_ns: int | None
    policy: FullPolicy
    free_bytes: Callable[[], int]


class BoundedLane(msgspec.Struct, frozen=True):
    """A lane and what it keeps for a reader at a place (`trapgate.spool.held`)."""

    ingest: Ingest
    held: Callable[[int], Held]

    def acked(self) -> int:
        """The place that all readers have come to."""
        return min(leg.reader.acked()[0] for leg in self.ingest.legs())


class GivingUp:
    """Keeps the lanes of one receive process within their bounds; to be called between turns.

    It works a little at a time, so that the leg that pages does not wait for it.
    """

    def __init__(
        self,
        lanes: Sequence[BoundedLane],
        bounds: Bounds,
        metrics: Metrics,
        alarms: Mapping[str, Alarm],
        now: Callable[[], Now],
    ) -> None:
        """`alarms` are those of the readers `store` and `rules`."""
        self._lanes = lanes
        self._bounds = bounds
        self._now = now
        self._alarms = alarms
        self._count = metrics.counter("trapgate_spool_given_up_records_total")
        self._look_at = self._age_at = 0
        self._given_at: dict[str, int] = {}
        for lane in lanes:
            for leg in lane.ingest.legs():
                self._recount(leg, lane)

    def __call__(self) -> None:
        """Give up some of what is over a bound. Raises `OSError` if a spool cannot be looked at."""
        now = self._now()
        if now.elapsed_ns >= self._look_at and not self._over_size(now):
            self._look_at = now.elapsed_ns + LOOK_EVERY_NS
        if now.elapsed_ns >= self._age_at and not self._over_age(now):
            self._age_at = now.elapsed_ns + AGE_EVERY_NS
        for reader, at in list(self._given_at.items()):
            if now.elapsed_ns - at <= CALM_NS:
                continue
            if self._near_a_bound(reader, now):
                self._given_at[reader] = now.elapsed_ns  # to be looked at again later
            else:
                del self._given_at[reader]
                self._alarms[reader].end()

    def _over_size(self, now: Now) -> bool:
        """Whether something was given up for want of room."""
        room_bytes = self._room_bytes()
        if self._bounds.policy == "refuse-new" or room_bytes is None:
            return False
        kept = [(lane, lane.held(lane.acked())) for lane in self._lanes]
        size_bytes = sum(held.size_bytes for _, held in kept)
        look_back_bytes = sum(held.look_back_bytes for _, held in kept)
        size_bytes += min(look_back_bytes, int(room_bytes * LOOK_BACK_SHARE))
        if size_bytes <= room_bytes * YIELD_SHARE:
            return False
        # the larger lane first: that is the flood's, if there is one
        kept.sort(key=lambda each: -each[1].size_bytes)
        return any(held.before and self._yield(lane, held.before, now) for lane, held in kept)

    def _room_bytes(self) -> int | None:
        """What the lanes may take, and can; `None` if they have no bound."""
        most = self._bounds.size_max_bytes
        if most is None:
            return None
        # what was given up is not free before receive has deleted it, some seconds from now
        on_disk_bytes = sum(lane.held(0).size_bytes for lane in self._lanes)
        return min(most, on_disk_bytes + self._bounds.free_bytes())

    def _near_a_bound(self, reader: str, now: Now) -> bool:
        """Whether so much is kept for a reader, or for so long, that it will soon give up more."""
        legs = [
            (lane, leg)
            for lane in self._lanes
            for leg in lane.ingest.legs()
            if self._reader(leg, lane) == reader
        ]
        size_bytes = sum(lane.held(leg.reader.acked()[0]).size_bytes for lane, leg in legs)
        room_bytes, age_max_ns = self._room_bytes(), self._bounds.age_max_ns
        if room_bytes is not None and size_bytes > room_bytes * BEHIND_SHARE:
            return True
        if age_max_ns is None:
            return False
        older_than = now.wall_ns - int(age_max_ns * BEHIND_SHARE)
        return any(leg.older(older_than) for _, leg in legs)

    def _yield(self, lane: BoundedLane, before: int, now: Now) -> bool:
        """Go on with giving up the lane's oldest segment, if the policy allows it."""
        rules, store = lane.ingest.legs()
        given = False
        if rules.position < before:
            if self._bounds.policy != "drop-oldest":
                return False
            given = self._give_up(lane, rules, FULL, before, FOREVER, now)
        if store.reader.acked()[0] < before - 1:
            given |= self._give_up(lane, store, FULL, before, FOREVER, now)
        return given

    def _over_age(self, now: Now) -> bool:
        """Whether something was given up for its age."""
        if self._bounds.age_max_ns is None:
            return False
        older_than = now.wall_ns - self._bounds.age_max_ns
        given = False
        for lane in self._lanes:
            rules, store = lane.ingest.legs()
            if self._bounds.policy == "drop-oldest" and rules.older(older_than):
                given |= self._give_up(lane, rules, AGE, FOREVER, older_than, now)
            if store.older(older_than):
                given |= self._give_up(lane, store, AGE, FOREVER, older_than, now)
        return given

    def _give_up(
        self, lane: BoundedLane, leg: Leg, reason: str, before: int, older_than: int, now: Now
    ) -> bool:
        """Whether the leg has moved."""
        place = leg.reader.acked()[0]
        count = lane.ingest.give_up(leg, reason, before=before, older_than=older_than)
        reader = self._reader(leg, lane)
        if count:
            self._count.labels(reader, reason).inc(count)
            self._given_at[reader] = now.elapsed_ns
            self._alarms[reader].begin(reason=reason)
        return leg.reader.acked()[0] > place

    def _recount(self, leg: Leg, lane: BoundedLane) -> None:
        """What was given up before this start."""
        for key, count in leg.ledger.items():
            outcome, _, reason = key.partition("/")
            if outcome == Outcome.GIVEN_UP:
                self._count.labels(self._reader(leg, lane), reason).inc(count)

    def _reader(self, leg: Leg, lane: BoundedLane) -> str:
        return "rules" if leg is lane.ingest.legs()[0] else "store"
