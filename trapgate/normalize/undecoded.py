"""What could not be decoded is an event too: with its reason and its bytes, never lost."""

from trapgate.model import (
    RAW_BYTES_MAX,
    Datagram,
    Dataset,
    Decoded,
    Event,
    Position,
    Problem,
)
from trapgate.normalize.sources import Sources

UNDECODED_CODE = "trapgate.undecoded"
"""`event.code` of all of these, so that a rule can match them."""

INTERNAL_ERROR = Problem("internal-error", "error", "trapgate failed on this datagram: a bug")


def undecoded_event(
    decoded: Decoded,
    datagram: Datagram,
    sources: Sources,
    *,
    kind: Dataset,
    event_id: str,
    position: Position,
) -> Event:
    """The event of a malformed datagram; `event.reason` is the first problem's code."""
    problem = decoded.problems[0]
    source = sources.of(datagram.peer.address)
    raw = decoded.raw
    return Event(
        id=event_id,
        position=position,
        timestamp=datagram.received_at,
        received_at=datagram.received_at,
        clock="arrival",
        kind=kind,
        source=datagram.peer,
        device=source.name or datagram.peer.address,
        severity=None,
        code=UNDECODED_CODE,
        labels=source.labels,
        fields={"event.reason": problem.code, "event.raw_bytes": len(datagram.data)},
        message=f"undecodable datagram of {len(datagram.data)} bytes: {problem.summary}",
        raw=raw[:RAW_BYTES_MAX],
        problems=decoded.problems,
    )
