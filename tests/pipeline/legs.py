"""Ingest in memory: spools that are lists, decoders that read a word, sinks that may refuse."""

from collections.abc import Callable, Sequence

import msgspec

from rules.samples import rules
from trapgate.config import Cidr
from trapgate.decode.syslog import SyslogDecoder
from trapgate.mib import MibIndex
from trapgate.model import (
    NS_PER_S,
    Datagram,
    Decoded,
    Endpoint,
    Event,
    EventMatches,
    Now,
    Outcome,
    Position,
    Problem,
    Protocol,
    Refusal,
    Trap,
)
from trapgate.normalize.sources import Sources, SourceSettings
from trapgate.normalize.syslog import SyslogNormalizer
from trapgate.normalize.trap import TrapNormalizer
from trapgate.observe import Metrics
from trapgate.pipeline.ingest import Blocked, Ingest, Leg, Sinks
from trapgate.pipeline.translate import Translator
from trapgate.rules import Matcher

T0 = 1_800_000_000 * NS_PER_S
"""The beginning of a ten-second bucket."""

ROUTER = Endpoint("192.0.2.1", 50_000)
HERE = Endpoint("192.0.2.99", 1_162)

RULES = """\
groups:
- name: network
  rules:
  - alert: Down
    match: 'message:down'
    clear: 'message:up'
    by: {device: host.name}
"""

SOURCES = Sources([SourceSettings(cidr=Cidr.from_text("192.0.2.0/24"), labels={"site": "ber1"})])


def datagram(
    data: bytes, second: float = 0, *, listener: str = "syslog", peer: Endpoint = ROUTER
) -> Datagram:
    return Datagram(data, peer, HERE, listener, T0 + int(second * NS_PER_S))


class MemorySpool:
    """A stream in memory; what its readers acknowledged outlives them."""

    def __init__(self, stream: str = "raw") -> None:
        self.stream = stream
        self.records: list[bytes] = []
        self.trimmed = 0
        self.acks: dict[str, tuple[int, bytes]] = {}

    def append(self, payloads: Sequence[bytes]) -> Position:
        self.records += payloads
        return Position(self.stream, len(self.records))

    def put(self, *datagrams: Datagram) -> None:
        self.append([msgspec.msgpack.encode(each) for each in datagrams])


class MemoryReader:
    """Implements `ports.SpoolReader`. With `dies` the next `ack` does not happen."""

    def __init__(self, spool: MemorySpool, name: str) -> None:
        self.spool = spool
        self.name = name
        self.dies = False

    @property
    def stream(self) -> str:
        return self.spool.stream

    def read(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        first = max(after, self.spool.trimmed)
        return list(enumerate(self.spool.records, 1))[first : first + limit]

    def ack(self, sequence: int, ledger: bytes = b"") -> None:
        if self.dies:
            raise Killed
        self.spool.acks[self.name] = (sequence, ledger)

    def acked(self) -> tuple[int, bytes]:
        return self.spool.acks.get(self.name, (0, b""))


class Killed(BaseException):
    """kill -9: nothing in the product may catch it."""


class WordDecoder:
    """An SNMP decoder that does what the datagram says."""

    def decode(self, datagram: Datagram, now: Now) -> Decoded:
        word = datagram.data.partition(b" ")[0]
        match word:
            case b"0bug":
                raise RuntimeError("a bug")
            case b"0denied":
                refusal = Refusal(Outcome.COMMUNITY_DENIED, "unknown-community")
                return Decoded((), datagram.data, refusal=refusal)
            case b"0short":
                return Decoded((), datagram.data, (Problem("truncated", "error", "too short"),))
        reply = Datagram(b"response", datagram.local, datagram.peer, datagram.listener, 0)
        trap = Trap(
            version="2c",
            pdu_type="inform" if word == b"0inform" else "trap",
            request_id=1,
            credential="default",
            trap_oid="1.3.6.1.4.1.99999.0.1",
            uptime=1,
            varbinds=(),
            raw=datagram.data,
        )
        return Decoded((trap,), datagram.data, replies=(reply,) if word == b"0inform" else ())


class Site:
    """Ingest and its surroundings; `start` is a new process on the same spool."""

    def __init__(self) -> None:
        self.spool = MemorySpool()
        self.stored: dict[Position, Event] = {}
        self.writes: list[list[Event]] = []
        self.matches: list[EventMatches] = []
        self.replies: list[Datagram] = []
        self.store_refuses = False
        self.matches_refuse = False
        self.elapsed_ns = 1_000 * NS_PER_S
        self.bugs = 0
        self.start()

    def start(self) -> None:
        self.metrics = Metrics()
        self.store_reader = MemoryReader(self.spool, "store")
        self.rules_reader = MemoryReader(self.spool, "rules")
        self.ingest = Ingest(
            store_leg=Leg(self.store_reader, _datagram_of),
            rules_leg=Leg(self.rules_reader, _datagram_of),
            translator=translator(self._bug),
            matcher=Matcher(rules(RULES)),
            sinks=Sinks(self._store, self._matches, self.replies.extend),
            metrics=self.metrics,
            now=lambda: Now(T0, self.elapsed_ns),
        )

    def _bug(self) -> None:
        self.bugs += 1

    def _store(self, events: Sequence[Event]) -> None:
        if self.store_refuses:
            raise Blocked("the disk is full")
        self.writes.append(list(events))
        for event in events:
            self.stored.setdefault(event.position, event)

    def _matches(self, payloads: Sequence[bytes]) -> None:
        if self.matches_refuse:
            raise Blocked("the spool is full")
        self.matches += [msgspec.msgpack.decode(each, type=EventMatches) for each in payloads]

    def run(self) -> None:
        """Turn until there is nothing to do."""
        while self.ingest.turn():
            pass

    def later(self, count_s: float) -> None:
        self.elapsed_ns += int(count_s * NS_PER_S)

    def outcomes(self) -> dict[str, float]:
        """What is counted: outcome and reason → how many."""
        name = "trapgate_ingest_datagrams_total"
        (family,) = self.metrics.counter(name).collect()
        return {
            "/".join(
                filter(None, (sample.labels["outcome"], sample.labels["reason"]))
            ): sample.value
            for sample in family.samples
            if sample.name == name
        }

    def count(self, name: str) -> float:
        return self.metrics.registry.get_sample_value(name) or 0.0

    def ids(self) -> list[str]:
        return [event.id for _, event in sorted(self.stored.items())]


def _datagram_of(payload: bytes) -> Datagram:
    return msgspec.msgpack.decode(payload, type=Datagram)


def translator(on_bug: Callable[[], object] = lambda: None) -> Translator:
    """Syslog as it is, SNMP as `WordDecoder` has it."""
    return Translator(
        protocols={"syslog": Protocol.SYSLOG, "traps": Protocol.SNMP},
        decoders={
            Protocol.SNMP: WordDecoder(),
            Protocol.SYSLOG: SyslogDecoder(SOURCES.zone_of),
        },
        traps=TrapNormalizer(MibIndex.load({}), SOURCES),
        syslog=SyslogNormalizer(SOURCES),
        sources=SOURCES,
        on_bug=on_bug,
    )
