"""What the legs of one kind remember together: the rules legs of all lanes, the store legs of all.

A device's records are in one lane at a time, but it changes lanes, and one device may clear what
another has raised. So there is one memory for all lanes, saved with the place of each. It is built
again from what was saved and from the records since then, in the order in which they were received.
"""

from collections.abc import Callable, Mapping
from heapq import merge
from itertools import groupby
from operator import attrgetter

import msgspec

from trapgate.model import NS_PER_S, Now
from trapgate.pipeline.leg import BATCH_SIZE_MAX, Leg, Past
from trapgate.pipeline.memory import Memory
from trapgate.pipeline.translate import Translator
from trapgate.ports import Snapshot

SAVE_S = 10
"""How often a memory is saved: what came since then is decoded again after a crash."""

REST_S = 1
"""While records are given up, some at a time, the memory is built again no more often than this: it
may take a second, and what is built between two parts lasts until the next."""


class Recollection:
    """The memory of the legs of one kind; `None` where it must be built again."""

    def __init__(self, snapshot: Snapshot, beat: Callable[[], None] = lambda: None) -> None:
        """`beat` is called as it is built again, which may take minutes behind a long backlog."""
        self.legs: list[Leg] = []
        self.memory: Memory | None = None
        self.rest_until_ns = 0
        self._snapshot = snapshot
        self._beat = beat
        self._saved: Mapping[str, int] = {}
        self._taken: tuple[Mapping[str, int], bytes] | None = None
        self._taken_at_ns = 0

    def of(self, translator: Translator, now: Now) -> Memory:
        """The memory of the datagrams before the places of its legs, built again if need be."""
        if self.memory is None:
            self.memory = self._built(translator, now)
        return self.memory

    def forget(self, now: Now) -> None:
        """One of the legs has gone past records that nobody is to remember: the memory must be
        built again. All of them rest for `REST_S` before, but not again before one has gone on:
        what is given up all the time must not stop them."""
        if self.memory is not None:
            self.memory = None
            self.rest_until_ns = now.elapsed_ns + REST_S * NS_PER_S

    def save(self, now: Now, *, at_once: bool = False) -> None:
        """Save the memory with its places, if one of them has moved and `SAVE_S` have passed, or
        `at_once`; when everything before these places is durable, which a later call may find.
        Raises `OSError`; it is tried again at the next call."""
        self._write()
        due = now.elapsed_ns - self._taken_at_ns >= SAVE_S * NS_PER_S
        if at_once or (due and self._taken is None):
            self._take(now)
            self._write()

    def _take(self, now: Now) -> None:
        """Set aside what is remembered now: legs go on while their work becomes durable."""
        places = {leg.reader.stream: leg.position for leg in self.legs if leg.position}
        if self.memory is not None and places != self._saved:
            self._taken = (places, self.memory.saved())
            self._taken_at_ns = now.elapsed_ns

    def _write(self) -> None:
        """Save what was set aside, if all cursors have come to its places: a memory that is ahead
        of its place after a crash would take what comes next for replays."""
        if self._taken is None:
            return
        places, memory = self._taken
        if any(leg.reader.acked()[0] < places.get(leg.reader.stream, 0) for leg in self.legs):
            return
        for leg in self.legs:
            leg.reader.sync()  # after a power cut, too
        self._snapshot.save(places, memory)
        self._saved = places
        self._taken = None

    def _built(self, translator: Translator, now: Now) -> Memory:
        """The memory as saved, with what the records since then add to it.

        Of the records up to the saved places only those of the last two time buckets are read, for
        their identities and the storms among them; what they become is known and dropped, a batch
        at a time.
        """
        places, saved = self._loaded()
        memory = translator.memory(saved)
        old = translator.memory(of=memory)
        pasts = [leg.past(places.get(leg.reader.stream, 0)) for leg in self.legs]
        records = merge(*pasts, key=attrgetter("received_at"))
        for (stream, mark, is_known), some in groupby(records, key=_of_one_batch):
            datagrams = ((past.sequence, past.datagram) for past in some)
            into = old if is_known else memory
            while translator.batch(datagrams, stream, into, now, mark, BATCH_SIZE_MAX).size:
                self._beat()
        return memory

    def _loaded(self) -> tuple[Mapping[str, int], bytes]:
        """What was saved, and where, if no leg stands before that place."""
        places, saved = self._snapshot.load()
        if any(leg.position < places.get(leg.reader.stream, 0) for leg in self.legs):
            return {}, b""
        return places, saved


def _of_one_batch(past: Past) -> tuple[str, str, bool]:
    return past.stream, past.mark, past.is_known


class Memories(msgspec.Struct, frozen=True):
    """Of both kinds of legs. They have one memory in common while all lanes are level."""

    rules: Recollection
    store: Recollection

    def level(self) -> bool:
        """Whether in every lane both legs stand at the same place."""
        pairs = zip(self.rules.legs, self.store.legs, strict=True)
        return all(rules.position == store.position for rules, store in pairs)

    def share(self, translator: Translator, now: Now) -> Memory:
        """What both have seen: all lanes are level."""
        self.store.memory = self.rules.of(translator, now)
        return self.store.memory

    def part(self) -> None:
        """From now on one sees what the other has not seen. The copy costs less than to build a
        memory again, for which the leg that pages would have to wait."""
        if self.rules.memory is not None and self.store.memory is self.rules.memory:
            self.store.memory = self.rules.memory.copied()

    def take_over(self, translator: Translator) -> None:
        """Remember on, under another configuration."""
        shared = self.rules.memory is self.store.memory
        for kind in (self.rules, self.store):
            if kind.memory is not None:
                kind.memory = translator.taken_over(kind.memory)
        if shared:
            self.store.memory = self.rules.memory
