"""A life of ingest on spools in memory, and what lies behind its sinks."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from pipeline.datagrams import LINES, UNLIMITED, WordDecoder, decode_record, record, translator
from pipeline.spools import MemoryReader, MemorySpool
from trapgate.model import (
    NS_PER_S,
    Datagram,
    Event,
    EventMatches,
    Now,
    Protocol,
    Refusal,
    decode_matches,
)
from trapgate.normalize.settings import RateLimitSettings
from trapgate.observe import Metrics
from trapgate.pipeline.ahead import Ahead
from trapgate.pipeline.ingest import RETRY_S, Ingest, Sinks, always
from trapgate.pipeline.leg import DURABLE, Blocked, Leg, Receipt
from trapgate.pipeline.prepared import Line
from trapgate.pipeline.recollection import SAVE_S, Memories, Recollection
from trapgate.pipeline.translate import Translator


class Gates:
    """What lies behind the sinks; it outlives the process, as files do. Each gate can be shut."""

    def __init__(self) -> None:
        self.store_shut = False
        self.matches_shut = False
        self.stored: list[Event] = []
        self.matches: list[EventMatches] = []
        self.replies: list[Datagram] = []
        self.refused: list[tuple[str, str]] = []
        self.unmatched: list[tuple[int, str]] = []

    def store(self, events: Sequence[Event]) -> Receipt:
        if events and self.store_shut:
            raise Blocked("no space left on device")
        known = {event.position for event in self.stored}
        self.stored += [event for event in events if event.position not in known]
        return DURABLE

    def match(self, payloads: Sequence[bytes]) -> None:
        if self.matches_shut:
            raise Blocked("the spool is full")
        self.matches += [matches for matches in map(decode_matches, payloads) if matches]

    def refuse(self, peer: str, refusal: Refusal) -> None:
        self.refused.append((peer, refusal.reason))

    def keep_unmatched(self, event: Event, error: str) -> None:
        self.unmatched.append((event.position.sequence, error))

    def reply(self, replies: Iterable[Datagram]) -> None:
        self.replies += replies


class Window:
    """A store that takes batches and has them when it is told to; it dies with its process."""

    def __init__(self, gates: Gates, batches_max: int = 1_000) -> None:
        self.gates = gates
        self.batches_max = batches_max
        self.taken: list[tuple[Sequence[Event], Receipt]] = []

    def room(self) -> bool:
        return len(self.taken) < self.batches_max

    def take(self, events: Sequence[Event]) -> Receipt:
        receipt = Receipt()
        self.taken.append((events, receipt))
        return receipt

    def write(self, batches: int = 1) -> None:
        """The next batches are written. Raises `Blocked`."""
        for events, receipt in self.taken[:batches]:
            self.gates.store(events)
            receipt.durable = True
        del self.taken[:batches]


class Process:
    """One life of the ingest process; another on the same spool and gates is its restart."""

    def __init__(
        self,
        spool: MemorySpool,
        gates: Gates,
        elapsed_ns: int = NS_PER_S,
        *,
        limit: RateLimitSettings = UNLIMITED,
        window: Window | None = None,
        lines: Sequence[Line] = (),
    ) -> None:
        self.elapsed_ns = elapsed_ns
        self.window = window
        self.wall_ns = 0
        self.metrics = Metrics()
        self.beats = 0
        self.decoders = {protocol: WordDecoder(protocol) for protocol in Protocol}
        self.readers: dict[str, MemoryReader] = {
            name: spool.reader(name) for name in ("store", "rules")
        }
        self.memories = Memories(
            *(Recollection(spool.snapshot(name), self.beat) for name in ("rules", "store"))
        )
        bugs = self.metrics.counter("trapgate_ingest_failures_total").labels("internal-error")
        self.ingest = Ingest(
            store_leg=Leg(self.readers["store"], decode_record),
            rules_leg=Leg(self.readers["rules"], decode_record),
            memories=self.memories,
            translator=translator(lambda *_: bugs.inc(), self.decoders, limit),
            sinks=Sinks(
                store=gates.store if window is None else window.take,
                matches=gates.match,
                reply=gates.reply,
                refused=gates.refuse,
                room=always if window is None else window.room,
                unmatched=gates.keep_unmatched,
            ),
            metrics=self.metrics,
            now=self.now,
            ahead=Ahead(lines, lambda: (1, 2), self.metrics) if lines else None,
        )

    def now(self) -> Now:
        return Now(self.wall_ns, self.elapsed_ns)

    def beat(self) -> None:
        self.beats += 1

    def level(self) -> bool:
        """Whether both legs have acknowledged the same place."""
        return len({reader.acked()[0] for reader in self.readers.values()}) == 1

    def run(self) -> None:
        """Turn until there is nothing to do at this instant."""
        while self.ingest.turn():
            pass
        self.ingest.tell_when_idle()

    def written(self) -> bool:
        """The store takes a batch from the window, if there is one and it is not shut."""
        with suppress(Blocked):
            if self.window is not None and self.window.taken:
                self.window.write()
                return True
        return False

    def acked(self) -> dict[str, int]:
        """The durable places."""
        return {name: reader.acked()[0] for name, reader in self.readers.items()}

    def save(self, *, at_once: bool = False) -> None:
        for kind in (self.memories.rules, self.memories.store):
            kind.save(self.now(), at_once=at_once)

    def adopt(self, translator: Translator) -> None:
        self.memories.take_over(translator)
        self.ingest.adopt(translator)

    def later(self) -> None:
        """Wait until blocked legs try again, and their memory may be saved."""
        self.elapsed_ns += int(max(RETRY_S, SAVE_S) * NS_PER_S)

    def decoded(self) -> int:
        return sum(len(decoder.decoded) for decoder in self.decoders.values())

    def ledger(self) -> dict[str, int]:
        """What the counter says by outcome and reason."""
        found: dict[str, int] = {}
        for family in self.metrics.registry.collect():
            for sample in family.samples:
                if sample.name == "trapgate_ingest_datagrams_total":
                    key = "/".join(filter(None, sample.labels.values()))
                    found[key] = int(sample.value)
        return found

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


class TwoLanes:
    """The ingest of two lanes, which have their memory in common."""

    def __init__(
        self,
        *spools: MemorySpool,
        gates: Gates,
        limit: RateLimitSettings,
        window: Window | None = None,
    ) -> None:
        self.metrics = Metrics()
        self.elapsed_ns = 100 * NS_PER_S
        self.decoders = {protocol: WordDecoder(protocol) for protocol in Protocol}
        first = spools[0]
        self.memories = Memories(
            Recollection(first.snapshot("rules")), Recollection(first.snapshot("store"))
        )
        made = translator(decoders=self.decoders, limit=limit)
        self.lanes = [
            Ingest(
                store_leg=Leg(spool.reader("store"), decode_record, mark),
                rules_leg=Leg(spool.reader("rules"), decode_record, mark),
                translator=made,
                memories=self.memories,
                sinks=Sinks(
                    store=gates.store if window is None else window.take,
                    matches=gates.match,
                    reply=gates.reply,
                    refused=gates.refuse,
                ),
                metrics=self.metrics,
                now=lambda: Now(0, self.elapsed_ns),
            )
            for spool, mark in zip(spools, ("", "raw-bulk"), strict=True)
        ]

    def decoded(self) -> int:
        return sum(len(decoder.decoded) for decoder in self.decoders.values())

    def run(self) -> None:
        while any(lane.turn() for lane in self.lanes):
            pass


def spooled(*payloads: bytes) -> MemorySpool:
    spool = MemorySpool()
    spool.append(payloads)
    return spool


def downs(count: int, second: float = 0.0) -> list[bytes]:
    """Traps that each meet the rule, no two alike."""
    return [record(b"down %d of %g" % (index, second), second) for index in range(count)]


def turns(count: int, start: int = 0) -> list[bytes]:
    """Traps of which every other one is let in; each in a time bucket of its own."""
    return [record(b"turns %d" % number, 100.0 * number) for number in range(start, start + count)]


MIXED = (
    record(b"down 1"),
    record(b"other 1"),
    record(b"down 1"),  # a duplicate
    record(b"bad 1"),
    record(b"denied 1"),
    record(b"inform 1"),
    record(b"up", listener=LINES),
    record(b"up", listener=LINES),  # none
)
MIXED_LEDGER = {
    "stored": 5,
    "duplicate": 1,
    "malformed/truncated": 1,
    "community-denied/unknown": 1,
}
MIXED_STORED = [1, 2, 4, 6, 7, 8]
MIXED_VERBS = ["raise", "clear", "clear"]


def verbs(gates: Gates) -> list[str]:
    return [match.verb for event in gates.matches for match in event.matches]


def stored(gates: Gates) -> list[int]:
    return [event.position.sequence for event in gates.stored]


def codes(gates: Gates) -> list[str]:
    return [event.code for event in gates.stored]


def check_outputs(gates: Gates) -> None:
    assert stored(gates) == MIXED_STORED
    assert len({event.id for event in gates.stored}) == len(MIXED_STORED)
    assert verbs(gates) == MIXED_VERBS


def check_mixed(gates: Gates, process: Process) -> None:
    check_outputs(gates)
    assert process.ledger() == MIXED_LEDGER
    assert sum(MIXED_LEDGER.values()) == len(MIXED)
    assert process.level()
