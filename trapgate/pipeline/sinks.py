"""Where the legs of ingest lead: the event store and the matches spool, with their failures named.

A sink that cannot take a batch raises `Blocked`; one event that cannot be stored goes to the
quarantine and is replaced by a note, which is dropped if it cannot be stored either: it does not
hold up the rest. The store may refuse it by name, or raise what nobody expects: then it is found.

A store that takes nothing else, not even notes, is itself what is wrong (a template that fits no
event, say): then nothing is dropped, and everything waits.
"""

from collections.abc import Callable, Sequence

import msgspec

from trapgate.model import NS_PER_S, Dataset, Event, Now, Position, Problem
from trapgate.normalize.undecoded import UNDECODED_CODE
from trapgate.observe import Alarm, Metrics, logger
from trapgate.pipeline.intake import frames
from trapgate.pipeline.leg import DURABLE, Blocked, Receipt
from trapgate.ports import EventStore, SpoolWriter
from trapgate.spool import Doorbell, SpoolFull
from trapgate.store import Rejected, StoreUnavailable
from trapgate.store.quarantine import Quarantine

UNSTORABLE = Problem("unstorable", "error", "the event could not be stored as it was")

SIFT_WRITES_MAX = 64
"""Writes of one call, once a store has raised what it should not: to find one event among 8,192
takes 28 at the most, and who pages may wait in the same thread, for some hundred milliseconds. What
is not found then is looked for in the next call."""

ASIDE_MAX = 65_536
"""Events that are remembered as being aside until their batch is done: several batches."""


CALM_NS = 60 * NS_PER_S
"""The store is well again when it has refused nothing for this long, as a spool is (`intake`): on a
full disk it takes a small batch and refuses the next, and that must not be two log lines each."""


class StoreSink:
    """Batches of events into the store. What the store refuses for good is kept in the quarantine,
    and a note of it is stored instead. If that is refused, too, the event is lost, and counted so.

    A store should raise `StoreUnavailable` or `Rejected`. If it raises anything else there is a
    bug, in it or in what made an event; the batch is written by halves then, until there is one
    event left that it raises at, which is dealt with as if the store had refused it.
    """

    def __init__(
        self,
        store: EventStore,
        kind: str,
        quarantine: Quarantine,
        metrics: Metrics,
        now: Callable[[], Now],
    ) -> None:
        """`kind` is what the user calls the store."""
        self._store = store
        self._now = now
        self._away = Alarm(metrics, "store.away", kind)
        self._takes = True
        self._refused_at_ns = 0
        self._quarantine = quarantine
        self._failures = metrics.counter("trapgate_store_write_failures_total")
        self._lost = metrics.counter("trapgate_ingest_failures_total").labels("unstorable")
        self._aside: dict[Position, bool] = {}  # whether there is not even a note
        self._taken: set[Dataset] = set()  # of which something was stored in this call

    def __call__(self, events: Sequence[Event]) -> Receipt:
        """Write, durable on return; the receipt names what is lost. Raises `Blocked`, whatever the
        store raises: paging goes on then, and events wait in the spool for who mends it."""
        self._taken.clear()
        try:
            self._sift(events)
        except StoreUnavailable as error:
            raise self._blocked(error.reason) from error
        except Exception as bug:
            raise self._blocked(_told(bug)) from bug
        if events:
            self._is_well()
        lost = [e for e in events if self._aside.pop(e.position, False)] if self._aside else ()
        if not lost:
            return DURABLE
        logger().error("store.lost", events=len(lost), position=lost[0].position.sequence)
        self._lost.inc(len(lost))
        return Receipt(durable=True, lost=lost)

    def look(self, probe: Callable[[], object]) -> None:
        """Ask the store, by its `probe`, whether it would take events: the alarm says if not."""
        try:
            probe()
        except StoreUnavailable as error:
            self._is_away(error.reason)
        except Exception as bug:  # noqa: BLE001 - as with a write: what waits is not held up by it
            self._is_away(_told(bug))
        else:
            self._is_well()

    def tend(self) -> None:
        """End the alarm of a store that takes what comes again, when it has done so for `CALM_NS`.
        To be called now and then by the thread that writes, also when nothing comes."""
        calm_ns = self._now().elapsed_ns - self._refused_at_ns
        if self._away.on and self._takes and calm_ns > CALM_NS:
            self._away.end()

    def _is_away(self, reason: str) -> None:
        self._takes = False
        self._refused_at_ns = self._now().elapsed_ns
        self._away.begin(reason=reason)

    def _is_well(self) -> None:
        self._takes = True
        self.tend()

    def _blocked(self, reason: str) -> Blocked:
        self._failures.inc()
        self._is_away(reason)
        return Blocked(reason)

    def _sift(self, events: Sequence[Event]) -> None:
        """Write all but what the store raises at. Raises as the store did if it takes nothing else
        either, or if that was not all in `SIFT_WRITES_MAX` writes."""
        some = [e for e in events if e.position not in self._aside] if self._aside else events
        pieces = [some]
        for _ in range(SIFT_WRITES_MAX):
            piece = pieces.pop()
            try:
                self._write(piece)
            except StoreUnavailable:
                raise
            except Exception as bug:  # noqa: BLE001 - the per-item boundary: one event, not the rest
                if piece is some and not self._away.on:
                    logger().exception("store.failed")
                if len(piece) == 1:
                    self._set_aside(piece[0], bug)
                else:
                    half = len(piece) // 2
                    pieces += piece[half:], piece[:half]
                failure = bug
            if not pieces:
                return
        raise failure

    def _set_aside(self, event: Event, bug: Exception) -> None:
        """A note instead of an event that the store raises at alone. If it raises at the note, too,
        that is lost, if other events were stored; else it is the store that is wrong: the bug is
        raised."""
        lost = False
        try:
            self._write([_note(event)])
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - it is the same bug
            if not self._taken:
                raise bug from None
            lost = True
        logger().error("store.unstorable", reason=_told(bug), position=event.position.sequence)
        self._quarantine.events([(event, _told(bug))])
        self._remember(event, lost=lost or self._aside.get(event.position, False))

    def _write(self, events: Sequence[Event]) -> None:
        """Write, with notes instead of what the store rejects. Raises as the store does, and
        `StoreUnavailable` if it is the store that is wrong."""
        remaining: Sequence[Event] = events
        dropped: list[tuple[Event, str]] = []  # notes
        while remaining:
            try:
                self._store.write(remaining)
            except Rejected as rejected:
                refused = _refused(remaining, rejected)
                dropped += [(event, why) for event, why in refused if _is_note(event)]
                remaining = self._without(remaining, refused, rejected)
            else:
                self._taken.update(event.kind for event in remaining)
                break
        for note, reason in dropped:
            if note.kind not in self._taken:
                raise _wrong(reason)
        for note, _ in dropped:
            self._remember(note, lost=True)

    def _without(
        self,
        events: Sequence[Event],
        refused: Sequence[tuple[Event, str]],
        rejected: Rejected,
    ) -> list[Event]:
        """What is still to be written: a note instead of each event that is refused, and the rest
        if it is not stored yet. A note that is refused is left out."""
        left = {event.position: event for event in events}
        for event, _ in refused:
            del left[event.position]
        originals = [(event, why) for event, why in refused if not _is_note(event)]
        if rejected.rest_written:
            self._taken.update(event.kind for event in left.values())
            self._try_notes(originals)
            left.clear()
        if originals:
            logger().error("store.unstorable", reason=str(rejected))
            self._quarantine.events(originals)
        left |= {event.position: _note(event) for event, _ in originals}
        return [left[event.position] for event in events if event.position in left]

    def _try_notes(self, refused: Sequence[tuple[Event, str]]) -> None:
        """Of each kind of which nothing was stored in this call one note goes ahead. If that is
        refused, too, it is the store that is wrong, and not thousands of events that would fill the
        quarantine: `StoreUnavailable`. A kind has a place of its own in the store, with a template
        that may be wrong for it alone."""
        first = {e.kind: (e, why) for e, why in reversed(refused) if e.kind not in self._taken}
        if not first:
            return
        self._quarantine.events([*first.values()])  # before the note: there may be a crash between
        try:
            self._store.write([_note(event) for event, _ in first.values()])
        except Rejected as rejected:
            raise _wrong(rejected.events[0][1]) from rejected
        self._taken.update(first)

    def _remember(self, event: Event, *, lost: bool) -> None:
        """An event is dealt with, should its batch be written again."""
        if len(self._aside) >= ASIDE_MAX:
            del self._aside[next(iter(self._aside))]
        self._aside[event.position] = lost


def _refused(events: Sequence[Event], rejected: Rejected) -> list[tuple[Event, str]]:
    """Those of the events that the store refuses, and why. Raises `ValueError` if there is none of
    them, which is a bug of the store."""
    reasons = dict(rejected.events)
    if not reasons.keys() <= {event.position for event in events}:
        raise ValueError(f"the store refuses what it was not given: {rejected}")
    return [(each, reasons[each.position]) for each in events if each.position in reasons]


def _is_note(event: Event) -> bool:
    return UNSTORABLE in event.problems


def _wrong(reason: str) -> StoreUnavailable:
    return StoreUnavailable(f"it refuses every event, and even notes of them: {reason}")


def _told(bug: Exception) -> str:
    return f"{type(bug).__name__}: {bug}"


def _note(event: Event) -> Event:
    """What is left of an event that cannot be stored: who, when it arrived, and its bytes.
    Everything that an earlier stage may have got wrong is replaced."""
    return msgspec.structs.replace(
        event,
        timestamp=event.received_at,
        clock="arrival",
        severity=None,
        code=UNDECODED_CODE,
        device=event.source.address,
        labels={},
        fields={"event.reason": UNSTORABLE.code},
        message=UNSTORABLE.summary,
        problems=(UNSTORABLE,),
    )


class MatchesSink:
    """Batches of matches into their spool, and a ring for who reads it.

    `trim` deletes what is read; it is given because deletion is not part of the port.
    """

    def __init__(self, writer: SpoolWriter, bell: Doorbell, trim: Callable[[], None]) -> None:
        self.trim = trim
        self._writer = writer
        self._bell = bell

    def __call__(self, payloads: Sequence[bytes]) -> None:
        """Raises `Blocked`."""
        try:
            for frame in frames(payloads):  # what is written again after a failure core passes over
                self._writer.append(frame)
        except SpoolFull as error:
            self.trim()
            raise Blocked(str(error)) from error
        except OSError as error:
            raise Blocked(f"the matches spool: {error.strerror}") from error
        self._bell.ring()
