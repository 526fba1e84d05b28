"""A datagram into an event: decode, identify, normalize, and say in which outcome it ended.

The one place where a bug in pure code is caught: the datagram becomes a malformed event with the
reason `internal-error`, counted and logged, and the next one is taken.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from trapgate.model import (
    Datagram,
    Dataset,
    Decoded,
    Event,
    Message,
    Now,
    Outcome,
    Position,
    Protocol,
    Refusal,
    Trap,
)
from trapgate.normalize.identity import Identities, Identity, part_id
from trapgate.normalize.sources import Sources
from trapgate.normalize.storm import StormPolicy
from trapgate.normalize.syslog import SyslogNormalizer
from trapgate.normalize.trap import TrapNormalizer
from trapgate.normalize.undecoded import INTERNAL_ERROR, undecoded_event
from trapgate.observe import logger
from trapgate.pipeline.memory import Memory, saved_of
from trapgate.pipeline.prepared import Prepared, PreparedEvent
from trapgate.ports import Decoder
from trapgate.rules.matcher import Matcher

Ledger = dict[str, int]
"""How many datagrams ended in each outcome: `stored`, `malformed/truncated`."""

_DATASETS: Mapping[Protocol, Dataset] = {
    Protocol.SNMP: "snmp.trap",
    Protocol.SYSLOG: "syslog.network",
}
_BER_SEQUENCE = 0x30

NOTHING_PREPARED: Mapping[int, Prepared] = {}

_NOWHERE = Position("", 0)

UNREADABLE_RECORD = "unreadable-record"
"""Reason of a malformed record of the spool: no datagram can be told from it, so no event is."""


class Batch(msgspec.Struct):
    """What a batch of records became; `last` is the sequence of its last record, `refused` who was
    refused by the decoder (an address) and why, `size` how many records there were and messages
    beside the first of each."""

    last: int
    events: list[Event]
    ledger: Ledger
    replies: list[Datagram]
    refused: list[tuple[str, Refusal]] = []
    size: int = 0


class _Work(msgspec.Struct, frozen=True, gc=False):
    """What is the same for all datagrams of a batch."""

    memory: Memory
    identities: Identities
    now: Now
    batch: Batch


class Translator:
    """Everything a datagram needs to become an event, as configured at one moment."""

    def __init__(
        self,
        *,
        protocols: Mapping[str, Protocol],
        decoders: Mapping[Protocol, Decoder],
        traps: TrapNormalizer,
        syslog: SyslogNormalizer,
        sources: Sources,
        storms: StormPolicy,
        matcher: Matcher,
        on_bug: Callable[[Datagram, Exception], None],
    ) -> None:
        """`protocols` says what each listener speaks; `on_bug` is called for each datagram that
        raised, with what it raised."""
        self.matcher = matcher
        self._protocols = protocols
        self._decoders = decoders
        self._traps = traps
        self._syslog = syslog
        self._sources = sources
        self._storms = storms
        self._on_bug = on_bug

    def memory(self, saved: bytes = b"", of: Memory | None = None) -> Memory:
        """A memory as saved, or a new one, or one beside another (`Memory.beside`)."""
        if of is not None:
            return of.beside(self._decoders)
        return Memory.new(self._decoders, self._storms, saved_of(saved))

    def taken_over(self, memory: Memory) -> Memory:
        """A memory of another configuration's translator, for this one."""
        return memory.taken_over(self._decoders, self._storms)

    def protocol_of(self, datagram: Datagram) -> Protocol:
        """What its listener speaks; of a listener that is no longer configured the spool may
        still hold records, which are told by their first byte."""
        known = self._protocols.get(datagram.listener)
        if known is not None:
            return known
        return Protocol.SNMP if datagram.data[:1] == bytes((_BER_SEQUENCE,)) else Protocol.SYSLOG

    def is_worth_preparing(self, datagram: Datagram) -> bool:
        """Whether to have such a datagram prepared saves more than it costs to hand it over: a line
        of syslog takes some 20 µs to read, a trap 10."""
        return self.protocol_of(datagram) is Protocol.SYSLOG

    def prepared(self, datagram: Datagram, now: Now) -> Prepared:
        """What the datagram becomes whatever came before it. Nothing if that matters, and if there
        is more to it than events: a refusal, a reply, a bug, nothing that can be decoded."""
        protocol = self.protocol_of(datagram)
        decoder = self._decoders[protocol]
        if decoder.remembers(datagram.data):
            return ()
        try:
            decoded = decoder.decode(datagram, now)
            if not decoded.messages or decoded.replies or decoded.identity is not None:
                return ()
            events = self._events(decoded, datagram, "", _NOWHERE)
            return tuple([PreparedEvent.of(event, datagram) for event in events])
        except Exception:  # noqa: BLE001 - who reads it in its order meets the bug and tells it
            return ()

    def batch(
        self,
        datagrams: Iterable[tuple[int, Datagram | None]],
        stream: str,
        memory: Memory,
        now: Now,
        mark: str = "",
        size_max: int | None = None,
        prepared: Mapping[int, Prepared] = NOTHING_PREPARED,
    ) -> Batch:
        """Translate records in the order of their stream; `None` is one that cannot be read: it
        is counted. `mark` is that of the stream's lane, see `normalize.identity`. The batch ends
        with the record that brings its size to `size_max`; no more are taken from `datagrams`.
        `prepared` is what an equal translator has prepared of some of them, by sequence."""
        batch = Batch(0, [], {}, [])
        ledger = batch.ledger
        work = _Work(memory, memory.identities(stream, mark), now, batch)
        for sequence, datagram in datagrams:
            if datagram is None:
                outcome = f"{Outcome.MALFORMED}/{UNREADABLE_RECORD}"
            else:
                batch.events += memory.storms.due(datagram.received_at)
                ready = prepared.get(sequence, ())
                outcome = self._one(datagram, Position(stream, sequence), ready, work)
            ledger[outcome] = ledger.get(outcome, 0) + 1
            batch.last = sequence
            batch.size += 1
            if size_max is not None and batch.size >= size_max:
                break
        return batch

    def _one(self, datagram: Datagram, position: Position, ready: Prepared, work: _Work) -> str:
        """Add what a datagram becomes to the batch; returns its outcome."""
        protocol = self.protocol_of(datagram)
        decoded: Decoded | None = None
        identity: Identity | None = None
        try:
            if not ready:
                decoded = work.memory.decoders[protocol].decode(datagram, work.now)
                work.batch.replies += decoded.replies
            identity = work.identities.of(datagram, protocol, decoded.identity if decoded else None)
            if decoded is not None and decoded.refusal is not None:
                work.batch.refused.append((datagram.peer.address, decoded.refusal))
                return _ended(decoded.refusal)
            if identity.duplicate:
                return Outcome.DUPLICATE
            if decoded is not None:
                events = self._events(decoded, datagram, identity.event_id, position)
            else:
                events = _placed(ready, datagram, identity.event_id, position)
            refused = self._keep_all(events, work)
            if decoded is None or decoded.messages:
                return refused or Outcome.STORED
            return refused or _malformed(decoded)
        except Exception as bug:  # noqa: BLE001 - the per-item boundary: one datagram, not the night
            self._on_bug(datagram, bug)
            logger().exception("translate.bug", position=position.sequence)
            identity = identity or work.identities.of(datagram, protocol)
            broken = Decoded((), _raw_after_bug(datagram, protocol, decoded), (INTERNAL_ERROR,))
            work.batch.events.append(self._undecoded(broken, datagram, identity.event_id, position))
            return _malformed(broken)

    def _keep_all(self, events: Sequence[Event], work: _Work) -> str:
        """Add the events of a datagram that is let in; returns how it ends if all of them only
        repeat what their source has said too often, else ""."""
        if len(events) == 1:  # nearly always
            refusal = self._keep(events[0], work)
            return "" if refusal is None else _ended(refusal)
        work.batch.size += len(events) - 1
        refusals = [self._keep(event, work) for event in events]
        first = refusals[0]
        return "" if first is None or None in refusals else _ended(first)

    def _keep(self, event: Event, work: _Work) -> Refusal | None:
        """Add an event to the batch, and before it what it shows to be missing. How it ends if it
        only repeats what its source has said too often: it is not added then."""
        if event.kind == "syslog.network":
            event, gap = work.memory.previous.follow(event)
            if gap is not None:
                work.batch.events.append(gap)
        storms = work.memory.storms
        refusal = storms.fold(event, self.matcher.matches(event)) if storms.over(event) else None
        if refusal is None:
            work.batch.events.append(event)
        return refusal

    def _events(
        self, decoded: Decoded, datagram: Datagram, event_id: str, position: Position
    ) -> list[Event]:
        """One event for each message, one if there is none."""
        if not decoded.messages:
            return [self._undecoded(decoded, datagram, event_id, position)]
        if len(decoded.messages) == 1:
            return [self._normalized(decoded.messages[0], datagram, event_id, position)]
        return [
            self._normalized(message, datagram, *_place(event_id, position, number))
            for number, message in enumerate(decoded.messages)
        ]

    def _normalized(
        self, message: Message, datagram: Datagram, event_id: str, position: Position
    ) -> Event:
        if isinstance(message, Trap):
            return self._traps.event(message, datagram, event_id=event_id, position=position)
        return self._syslog.event(message, datagram, event_id=event_id, position=position)

    def _undecoded(
        self, decoded: Decoded, datagram: Datagram, event_id: str, position: Position
    ) -> Event:
        kind = _DATASETS[self.protocol_of(datagram)]
        return undecoded_event(
            decoded, datagram, self._sources, kind=kind, event_id=event_id, position=position
        )


def _place(event_id: str, position: Position, number: int) -> tuple[str, Position]:
    """The id and the place of the event of one message of a datagram, of which the first has the
    number 0. Positions tell events apart: a later one is the same place, in a stream of its own."""
    if number == 0:
        return event_id, position
    stream = f"{position.stream}/{number + 1}"
    return part_id(event_id, number + 1), Position(stream, position.sequence)


def _placed(ready: Prepared, datagram: Datagram, event_id: str, position: Position) -> list[Event]:
    return [
        prepared.event(datagram, *_place(event_id, position, number))
        for number, prepared in enumerate(ready)
    ]


def _ended(refusal: Refusal) -> str:
    return f"{refusal.outcome}/{refusal.reason}"


def _malformed(decoded: Decoded) -> str:
    return f"{Outcome.MALFORMED}/{decoded.problems[0].code}"


def _raw_after_bug(datagram: Datagram, protocol: Protocol, decoded: Decoded | None) -> bytes:
    """What may be kept of a datagram that raised: what the decoder said. If it was the decoder
    that raised, nothing of an SNMP message, because nobody has masked its community."""
    if decoded is not None:
        return decoded.raw
    return b"" if protocol is Protocol.SNMP else datagram.data
