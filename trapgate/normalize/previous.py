"""What each sender of syslog said before: gaps in its numbers, and what it says is repeated.

Syslog over UDP loses lines without a trace, but some devices number theirs (`service
sequence-numbers` of Cisco, the log events of Nokia): a number that is left out is a line that
nobody has seen, and becomes an event. "Last message repeated 3 times" is about a line that was
seen: it takes over that line's code and fields, so that rules meet it too.

All of it is a function of the lines read so far. The numbers are saved; the lines of the last
seconds are read again.
"""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from trapgate.model import NS_PER_S, Event, FieldValue, Position

GAP_CODE = "trapgate.sequence-gap"
"""`event.code` of lines that are missing."""

SENDERS_MAX = 65_536
"""Senders that are remembered, some 60 MB with what they said last; then the memory starts anew: a
scan of spoofed senders costs a gap that is not seen."""

REORDERED_MAX = 64
"""A number that is lower than the last by no more is a line that UDP delivered late; lower by
more, the device has started anew."""

GAP_MAX = 1_000_000
"""More numbers than these are not left out by loss: the count was set anew."""

REPEATED_NS = 900 * NS_PER_S
"""What is said to be repeated was said, or said to be repeated, within this time: syslogd counts
for ten minutes at most. What is older was followed by a line that was lost."""

SAVED_SCHEMA = 1

Sender = tuple[str, str]
"""Address and device: a relay's devices count for themselves."""

_OWN = frozenset(("event.repeated", "event.sequence", "event.parser", "event.start"))
"""Fields of a line that says "repeated" which are its own."""

_WARNING = 4


class _Said(msgspec.Struct, gc=False):
    sequence: int | None = None
    last: Event | None = None
    last_at: int = 0


class _Saved(msgspec.Struct, frozen=True):
    schema: int
    sequences: list[tuple[str, str, int]]


class Previous:
    """The memory of what senders said before."""

    def __init__(self, saved: bytes = b"") -> None:
        """As `saved` has it; a damaged one starts anew."""
        self._said: dict[Sender, _Said] = {}
        for address, device, sequence in _sequences(saved):
            self._said[address, device] = _Said(sequence)

    def saved(self) -> bytes:
        """The numbers, about 40 bytes a sender that numbers its lines; empty if none does."""
        known = [
            (address, device, said.sequence)
            for (address, device), said in self._said.items()
            if said.sequence is not None
        ]
        return msgspec.msgpack.encode(_Saved(SAVED_SCHEMA, known)) if known else b""

    def copied(self) -> "Previous":
        """The same in a memory of its own."""
        made = Previous()
        made._said = {
            sender: _Said(said.sequence, said.last, said.last_at)
            for sender, said in self._said.items()
        }
        return made

    def follow(self, event: Event) -> tuple[Event, Event | None]:
        """The next line of its sender, completed if it says that the one before is repeated, and
        the event of the lines that are missing between them, if there are any."""
        sender = (event.source.address, event.device)
        said = self._said.get(sender)
        if said is None:
            if len(self._said) >= SENDERS_MAX:
                self._said.clear()
            said = self._said[sender] = _Said()
        if event.received_at - said.last_at > REPEATED_NS:
            said.last = None
        said.last_at = event.received_at
        if "event.repeated" in event.fields and not event.code and said.last is not None:
            event = _repeated(event, said.last)
        else:
            said.last = event
        sequence = event.fields.get("event.sequence")
        if not isinstance(sequence, int):
            return event, None
        before, said.sequence = said.sequence, sequence
        if before is None:
            return event, None
        if before - REORDERED_MAX <= sequence <= before:
            said.sequence = before
        missing = sequence - before - 1
        return event, _gap(event, before, missing) if 0 < missing <= GAP_MAX else None


def _repeated(event: Event, last: Event) -> Event:
    fields: dict[str, FieldValue] = {
        **{key: value for key, value in last.fields.items() if key not in _OWN},
        **event.fields,
    }
    severity = event.severity if last.severity is None else last.severity
    return msgspec.structs.replace(event, code=last.code, fields=fields, severity=severity)


def _gap(event: Event, before: int, missing: int) -> Event:
    """The lines between `before` and this event. Its position is in a stream of its own, beside
    that of the event that showed the gap."""
    first, last = before + 1, before + missing
    numbers = f"number {first}" if missing == 1 else f"numbers {first} to {last}"
    fields: Mapping[str, FieldValue] = {
        "trapgate.gap.lost": missing,
        "trapgate.gap.first": first,
        "trapgate.gap.last": last,
    }
    digest = blake2b(event.id.encode() + GAP_CODE.encode(), digest_size=12).hexdigest()
    return Event(
        id=event.id[:8] + digest,
        position=Position(f"{event.position.stream}/{GAP_CODE}", event.position.sequence),
        timestamp=event.received_at,
        received_at=event.received_at,
        clock="arrival",
        kind=event.kind,
        source=event.source,
        device=event.device,
        severity=_WARNING,
        code=GAP_CODE,
        labels=event.labels,
        fields=fields,
        message=f"{missing:,} lines of {event.device} did not arrive: {numbers}",
        raw=b"",
    )


def _sequences(saved: bytes) -> list[tuple[str, str, int]]:
    if not saved:
        return []
    try:
        read = msgspec.msgpack.decode(saved, type=_Saved)
    except msgspec.DecodeError:
        return []
    return read.sequences if read.schema == SAVED_SCHEMA else []
