"""The alerting core: one object that owns all alerts, groups and the notification log.

Inputs in, effects out; all transitions are in this file. Its memory changes only when the store
has confirmed the write: on `Committed`. A notification is claimed (its intent is committed), sent,
and confirmed (its outcome is committed), in this order; after a crash in between it is sent again
under the same id.

It also writes for others: rules bring their keys and their cursor along with the alerts that they
make (`Receive.puts`), because the three are one unit of state, which wins or loses whole. Of those
keys the core knows the revision, and nothing else.
"""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from trapgate.alerting.agenda import Agenda, elapsed_of
from trapgate.alerting.board import Board, Routing
from trapgate.alerting.channel import Channel
from trapgate.alerting.codec import (
    ALERT_PREFIX,
    LOG_PREFIX,
    alert_key,
    decode_alert,
    decode_log,
    encode_alert,
    encode_log,
)
from trapgate.alerting.decisions import alert_decision, told_decision
from trapgate.alerting.merge import merged, same
from trapgate.alerting.owed import Owed, due_at, owed, repeat_at
from trapgate.alerting.protocol import (
    Accepted,
    ChannelKey,
    Claim,
    Commit,
    CommitFailed,
    Committed,
    Decided,
    Effect,
    Input,
    Receive,
    Refused,
    Send,
    Tick,
    Told,
    WakeAt,
)
from trapgate.alerting.sweep import over
from trapgate.model import (
    NS_PER_S,
    Alert,
    Applied,
    Entry,
    LogEntry,
    Now,
    Put,
    Unit,
)
from trapgate.model.exchange import Done, Failed, Retry

COMMIT_RETRY_S = 1
"""Wait before a claim or a confirmation is written again after the store failed."""

CONFLICTS_MAX = 5
"""Times that received alerts are merged anew after another writer was first."""

SWEEP_S = 60
"""How often what is over is looked for."""

C = TypeVar("C", bound=Commit)


class _Write(msgspec.Struct, frozen=True):
    """One key of a unit under way; `value` is what is written or, if it `deletes`, what was
    there; `None` for keys of other owners."""

    key: str
    value: Alert | LogEntry | None
    deletes: bool = False


class _Pending(msgspec.Struct):
    """A commit that is not answered: the writes of each unit, and whom the answer concerns."""

    units: tuple[tuple[_Write, ...], ...]
    receive: Receive | None = None
    channel: Channel | None = None
    tries: int = 1


class Core:
    """See the module. Not thread-safe: one loop owns it."""

    def __init__(self, routing: Routing) -> None:
        self.board = Board(routing)
        self._revisions: dict[str, int] = {}
        self._pending: dict[int, _Pending] = {}
        self._tickets = 0
        self._flushes: Agenda[ChannelKey] = Agenda()
        self._expiries: Agenda[str] = Agenda()
        self._writing: set[str] = set()  # keys that a `Receive` is writing
        self._held: list[Receive] = []  # those that wait for it, and their keys
        self._awaited: set[str] = set()
        self._stale: dict[ChannelKey, Channel] = {}  # whose next flush is to be looked for anew
        self._sweep_at = 0

    def restore(self, entries: Iterable[Entry], now: Now) -> list[Effect]:
        """Take over what is stored. Entries of other owners (rules) are known by revision only.

        Raises `codec.UnknownSchema` for what a newer trapgate wrote.
        """
        log: list[LogEntry] = []
        for entry in entries:
            self._revisions[entry.key] = entry.revision
            value = _decoded(entry)
            if isinstance(value, Alert):
                self.board.put_alert(value)
            elif isinstance(value, LogEntry):
                log.append(value)
        for value in log:
            self.board.adopt(value)
        return self.reconfigure(self.board.routing, now)

    def reconfigure(self, routing: Routing, now: Now) -> list[Effect]:
        """Route everything anew, at start and at reload."""
        self.board.reroute(routing)
        self._flushes.clear()
        self._expiries.clear()
        self._sweep_at = now.elapsed_ns + SWEEP_S * NS_PER_S
        for alert in self.board.alerts.values():
            self._expect_end(alert, now)
        for channel in self.board.channels.values():
            self._schedule(channel, now)
        return self._finish([], now)

    def step(self, given: Input, now: Now) -> list[Effect]:
        """Take one input and say what is to be done."""
        match given:
            case Receive():
                effects = self._receive(given, now)
            case Committed():
                effects = self._committed(given, now)
            case CommitFailed():
                effects = self._commit_failed(given, now)
            case Told():
                effects = self._told(given, now)
            case Tick():
                effects = []
        return self._finish(effects, now)

    def _finish(self, effects: list[Effect], now: Now) -> list[Effect]:
        """Do what is due by now, and ask to be woken for what comes next."""
        for fingerprint in self._expiries.due(now):
            self._expect_end(self.board.alerts[fingerprint], now)
            self._stale |= {c.key: c for c in self.board.channels_of(fingerprint)}
        stale, self._stale = self._stale, {}
        for channel in stale.values():
            self._schedule(channel, now)
        for key in self._flushes.due(now):
            if key in self.board.channels:
                effects += self._flush(self.board.channels[key], now)
        if now.elapsed_ns >= self._sweep_at:
            self._sweep_at = now.elapsed_ns + SWEEP_S * NS_PER_S
            effects += self._sweep(now)
        wake = min(self._flushes.next_ns(), self._expiries.next_ns(), self._sweep_at)
        return [*effects, WakeAt(wake)]

    # -- alerts come in ----------------------------------------------------------------------

    def _receive(self, given: Receive, now: Now) -> list[Effect]:
        """Write what came, unless something is under way for the same alerts: it would be merged
        with what will not be true any more."""
        keys = _keys(given)
        if not (keys.isdisjoint(self._writing) and keys.isdisjoint(self._awaited)):
            self._held.append(given)
            self._awaited |= keys
            return []
        return [self._write(given, now, tries=1) or Accepted(given.token)]

    def _resume(self, finished: Receive, now: Now) -> list[Effect]:
        """Take what waited for this one, in the order in which it came."""
        self._writing -= _keys(finished)
        held, self._held, self._awaited = self._held, [], set()
        return [effect for given in held for effect in self._receive(given, now)]

    def _write(self, given: Receive, now: Now, tries: int) -> Commit | None:
        """The commit of what is new in it, if anything is."""
        latest: dict[str, Alert] = {}
        for alert in given.alerts:
            fingerprint = alert.fingerprint
            old = latest.get(fingerprint) or self.board.alerts.get(fingerprint)
            kept = merged(old, alert, now)
            if not same(old, kept):
                latest[fingerprint] = kept
        puts = [self._put(alert_key(fp), encode_alert(alert)) for fp, alert in latest.items()]
        writes = [_Write(put.key, alert) for put, alert in zip(puts, latest.values(), strict=True)]
        units: list[tuple[tuple[Put, ...], tuple[_Write, ...]]]
        if given.puts:
            puts += [self._put(key, value) for key, value in given.puts]
            writes += [_Write(key, None, value is None) for key, value in given.puts]
            units = [(tuple(puts), tuple(writes))]
        else:
            units = [((put,), (write,)) for put, write in zip(puts, writes, strict=True)]
        if not units:
            return None
        self._writing |= _keys(given)
        pending = _Pending(tuple(unit[1] for unit in units), receive=given, tries=tries)
        return Commit(self._ticket(pending), tuple(Unit(unit[0]) for unit in units))

    def _committed(self, given: Committed, now: Now) -> list[Effect]:
        pending = self._pending.pop(given.ticket)
        effects: list[Effect] = []
        conflict = False
        for writes, outcome in zip(pending.units, given.outcomes, strict=True):
            if isinstance(outcome, Applied):
                for write in writes:
                    effects += self._apply(write, outcome.revision, now)
            else:
                conflict = True
                for entry in outcome.current:
                    effects += self._learn(entry, now)
        if pending.receive is not None:
            effects += self._received(pending.receive, conflict, pending.tries, now)
        if pending.channel is not None:
            effects += self._settled(pending.channel, conflict, now)
        return effects

    def _received(self, receive: Receive, conflict: bool, tries: int, now: Now) -> list[Effect]:
        answer: Effect = Accepted(receive.token)
        if conflict and tries < CONFLICTS_MAX:
            again = self._write(receive, now, tries + 1)
            if again is not None:
                return [again]
        elif conflict:
            answer = Refused(receive.token, "too many conflicting writers")
        return [answer, *self._resume(receive, now)]

    def _commit_failed(self, given: CommitFailed, now: Now) -> list[Effect]:
        """The store is out of reach: a claim starts again from its beginning, an outcome is kept
        and written again."""
        pending = self._pending.pop(given.ticket)
        if pending.receive is not None:
            refused = Refused(pending.receive.token, given.reason)
            return [refused, *self._resume(pending.receive, now)]
        channel = pending.channel
        if channel is not None:
            if channel.outcome is not None:
                channel.phase = "unsettled"
            else:
                channel.phase = "idle" if channel.claimed is None else "waiting"
            self._flushes.put(channel.key, now.elapsed_ns + COMMIT_RETRY_S * NS_PER_S)
        return []

    # -- notifications go out ----------------------------------------------------------------

    def _schedule(self, channel: Channel, now: Now, not_before_ns: int = 0) -> None:
        """Set the instant at which there is something to tell, or to tell again."""
        if channel.phase in ("waiting", "unsettled"):
            if not self._flushes.holds(channel.key):
                self._flushes.put(channel.key, now.elapsed_ns)
            return
        if channel.phase != "idle":
            return
        alerts = self.board.alerts_of(channel)
        for alert in alerts:
            if not self._expiries.holds(alert.fingerprint):
                self._expect_end(alert, now)  # ahead again if the wall clock was set back
        due = due_at(channel.entry, alerts, channel.timers, channel.members, now.wall_ns)
        repeat = repeat_at(channel.entry, channel.timers)
        channel.repeat_ns = None if repeat is None else elapsed_of(repeat, now)
        if due is None:
            self._flushes.drop(channel.key)
        else:
            self._flushes.put(channel.key, max(elapsed_of(due, now), not_before_ns))

    def _flush(self, channel: Channel, now: Now) -> list[Effect]:
        """A channel's instant has come: claim what it owes, or repeat what is claimed."""
        if channel.phase == "unsettled":
            return [self._settle(channel, channel.outcome)]
        if channel.phase not in ("idle", "waiting"):
            return []
        found = owed(
            channel.believed(),
            self.board.alerts_of(channel),
            send_resolved=channel.spec.send_resolved,
            repeat=channel.repeat_ns is not None and now.elapsed_ns >= channel.repeat_ns,
            routed=channel.members,
            wall_ns=now.wall_ns,
        )
        if channel.claimed is not None and not channel.superseded(found, now.wall_ns):
            return [self._send(channel)]
        if found is None:
            # what was due has gone: look again, but not in this instant for ever
            self._schedule(channel, now, now.elapsed_ns + channel.timers.group_interval)
            return []
        if channel.silent(found):
            channel.phase = "settling"
            return [self._log(Commit, channel, channel.logged(found, now.wall_ns))]
        return [self._claim(channel, found, now)]

    def _claim(self, channel: Channel, found: Owed, now: Now) -> Claim:
        entry = channel.claim(found, now.wall_ns)
        channel.phase = "claiming"
        return self._log(Claim, channel, entry)

    def _send(self, channel: Channel) -> Send:
        channel.phase = "sending"
        channel.attempts += 1
        return Send(channel.key, channel.notification(self.board.alerts))

    def _told(self, given: Told, now: Now) -> list[Effect]:
        channel = self.board.find(given.channel)
        intent = channel.claimed if channel else None
        if channel is None or intent is None or intent.sequence != given.sequence:
            return []  # of a notification that is settled, or that another one has replaced
        if channel.phase not in ("sending", "waiting"):
            return []  # late: an outcome or the next claim is being written
        decided = Decided(told_decision(channel, intent, given.ending))
        match given.ending:
            case Done(memory=memory):
                entry = channel.confirmed(intent, memory)
            case Failed():
                entry = channel.refused(intent)
            case Retry(uncertain=uncertain, after_s=after_s):
                channel.phase = "waiting"
                channel.uncertain = channel.uncertain or uncertain
                self._flushes.put(channel.key, now.elapsed_ns + channel.retry_wait_ns(after_s))
                return [decided]
        return [decided, self._settle(channel, entry)]

    def _settle(self, channel: Channel, outcome: LogEntry | None) -> Commit:
        assert outcome is not None
        channel.phase, channel.outcome = "settling", outcome
        return self._log(Commit, channel, outcome)

    def _settled(self, channel: Channel, conflict: bool, now: Now) -> list[Effect]:
        """A write to a channel's log is through: send what was claimed, else rest."""
        claimed = channel.phase == "claiming" and not conflict
        channel.attempts, channel.outcome = 0, None
        channel.phase = "idle" if channel.claimed is None else "waiting"
        channel.uncertain = channel.claimed is not None and not claimed
        self.board.place(channel)
        if channel.key not in self.board.channels:
            return []
        if claimed:
            return [self._send(channel)]
        self._schedule(channel, now)
        return []

    # -- memory ------------------------------------------------------------------------------

    def _ticket(self, pending: _Pending) -> int:
        self._tickets += 1
        self._pending[self._tickets] = pending
        return self._tickets

    def _put(self, key: str, value: bytes | None) -> Put:
        return Put(key, self._revisions.get(key, 0), value)

    def _log(self, kind: type[C], channel: Channel, entry: LogEntry) -> C:
        write = _Write(channel.state_key, entry)
        unit = Unit((self._put(channel.state_key, encode_log(entry)),))
        return kind(self._ticket(_Pending(((write,),), channel=channel)), (unit,))

    def _learn(self, entry: Entry, now: Now) -> list[Effect]:
        """Take over what another writer wrote."""
        if entry.revision <= self._revisions.get(entry.key, 0):
            return []
        return self._apply(_Write(entry.key, _decoded(entry)), entry.revision, now)

    def _apply(self, write: _Write, revision: int, now: Now) -> list[Effect]:
        """A write is durable: now it is so."""
        if write.deletes:
            self._revisions.pop(write.key, None)
            self._forget(write.value)
            return []
        self._revisions[write.key] = revision
        if isinstance(write.value, LogEntry):
            channel = self.board.find(ChannelKey(write.value.group.key, write.value.integration))
            if channel is None:
                self.board.adopt(write.value)
            else:
                channel.entry = write.value
        if isinstance(write.value, Alert):
            return self._alert_changed(write.value, now)
        return []

    def _forget(self, value: Alert | LogEntry | None) -> None:
        if isinstance(value, Alert):
            self.board.drop_alert(value.fingerprint)
            self._expiries.drop(value.fingerprint)
        elif isinstance(value, LogEntry):
            self.board.drop_entry(ChannelKey(value.group.key, value.integration))

    def _alert_changed(self, alert: Alert, now: Now) -> list[Effect]:
        old = self.board.alerts.get(alert.fingerprint)
        channels = self.board.put_alert(alert)
        self._expect_end(alert, now)
        self._stale |= {channel.key: channel for channel in channels}
        status = alert.status(now.wall_ns)
        if old and old.status(now.wall_ns) == status and old.episode == alert.episode:
            return []
        return [Decided(alert_decision(alert, channels, now))]

    def _expect_end(self, alert: Alert, now: Now) -> None:
        if alert.ends_at > now.wall_ns:
            self._expiries.put(alert.fingerprint, elapsed_of(alert.ends_at, now))
        else:
            self._expiries.drop(alert.fingerprint)

    def _sweep(self, now: Now) -> list[Effect]:
        return [self._delete(key, value) for key, value in over(self.board, now.wall_ns)]

    def _delete(self, key: str, value: Alert | LogEntry) -> Commit:
        pending = _Pending(((_Write(key, value, deletes=True),),))
        return Commit(self._ticket(pending), (Unit((self._put(key, None),)),))


def _keys(given: Receive) -> set[str]:
    """The keys that it may write."""
    return {alert_key(alert.fingerprint) for alert in given.alerts} | {put[0] for put in given.puts}


def _decoded(entry: Entry) -> Alert | LogEntry | None:
    if entry.key.startswith(ALERT_PREFIX):
        return decode_alert(entry.key, entry.value)
    if entry.key.startswith(LOG_PREFIX):
        return decode_log(entry.key, entry.value)
    return None
