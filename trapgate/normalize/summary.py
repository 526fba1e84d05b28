"""What was folded is told in one event a source: how many, of which codes, from when to when.

These events are nobody's datagram, so their positions lie in streams of their own: that of the
datagrams with the code behind it, and there at the sequence of the last folded datagram. So they
are unique, they grow, and a replay comes to the same ones.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from trapgate.model import BUCKET_S, NS_PER_S, Event, FieldValue, Position, rfc3339

RATE_LIMITED_CODE = "trapgate.rate-limited"
"""`event.code` of the summary of a source that was over its budget."""

RECOVERED_CODE = "trapgate.rate-recovered"
"""`event.code` of the news that it was not in the bucket after that."""

REPEATED_CODE = "trapgate.repeated"
"""`event.code` of the summary of what the duplicates' window folded."""

CODES_COUNTED_MAX = 100
"""Codes that are counted apart for a source; the rest is counted together. A device in a storm says
a handful of things."""

CODES_TOLD_MAX = 10
"""Codes that a summary names: a line that can be read."""

OTHER_CODES = "others"

BUCKET_NS = BUCKET_S * NS_PER_S
_WARNING, _INFORMATIONAL = 4, 6


class Who(msgspec.Struct, frozen=True, gc=False):
    """The source of folded events, as the user's inventory has it."""

    source: str
    device: str
    labels: Mapping[str, str]


class Tally(msgspec.Struct):
    """The folded events of one source in one bucket; `last` is the last of them."""

    first_at: int
    last: Event
    folded: int = 0
    distinct: int = 0
    codes: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, event: Event, *, distinct: bool) -> None:
        """Count one more; `distinct` if it was no repeat."""
        self.last = event
        self.folded += 1
        self.distinct += distinct
        known = event.code in self.codes or len(self.codes) < CODES_COUNTED_MAX
        self.codes[event.code if known else OTHER_CODES] += 1

    def copied(self) -> "Tally":
        return msgspec.structs.replace(self, codes=Counter(self.codes))


def summary_event(who: Who, code: str, tally: Tally, sent: int) -> Event:
    """What was folded in a bucket in which the source sent `sent` events. It happened when the last
    of them arrived."""
    top = sorted(tally.codes.items(), key=lambda item: (-item[1], item[0]))[:CODES_TOLD_MAX]
    told = ", ".join(f"{name or 'no code'} {count:,}" for name, count in top)
    message = f"{who.device} sent {sent:,} events in {BUCKET_S} s, {tally.folded:,} were folded"
    if tally.distinct:
        message += f" ({tally.distinct:,} of them no repeats)"
    fields: dict[str, FieldValue] = {
        "event.start": rfc3339(tally.first_at),
        "event.end": rfc3339(tally.last.received_at),
        "trapgate.storm.events": sent,
        "trapgate.storm.folded": tally.folded,
        "trapgate.storm.distinct": tally.distinct,
        "trapgate.storm.codes": tuple([name for name, _ in top if name]),
    }
    severity = _WARNING if code == RATE_LIMITED_CODE else _INFORMATIONAL
    at = tally.last.received_at
    return _event(who, code, tally.last, at, severity, f"{message}: {told}", fields)


def recovered_event(who: Who, last: Event) -> Event:
    """The source was over its budget in the bucket of `last`, the last event that was folded, and
    in all of the next bucket it was not."""
    at = (last.received_at // BUCKET_NS + 2) * BUCKET_NS
    message = f"{who.device} is within its rate limit again"
    return _event(who, RECOVERED_CODE, last, at, _INFORMATIONAL, message, {})


def _event(
    who: Who,
    code: str,
    last: Event,
    at: int,
    severity: int,
    message: str,
    fields: Mapping[str, FieldValue],
) -> Event:
    identity = f"{code}/{who.source}".encode("utf-8", "surrogatepass")
    address = last.fields.get("host.ip") or last.source.address
    return Event(
        id=f"{at // BUCKET_NS:08x}" + blake2b(identity, digest_size=12).hexdigest(),
        position=Position(f"{last.position.stream}/{code}", last.position.sequence),
        timestamp=at,
        received_at=at,
        clock="arrival",
        kind=last.kind,
        source=last.source,
        device=who.device,
        severity=severity,
        code=code,
        labels=who.labels,
        fields={"host.ip": address, **fields},
        message=message,
        raw=b"",
    )
