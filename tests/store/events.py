"""Events to store: everything but what a test is about has a default."""

from collections.abc import Mapping

from trapgate.model import (
    BUCKET_S,
    NS_PER_S,
    Dataset,
    Endpoint,
    Event,
    FieldValue,
    Position,
    Problem,
)

MIDNIGHT = 1_795_219_200 * NS_PER_S
"""2026-11-21T00:00:00Z."""


def event_id(sequence: int, received_at: int) -> str:
    return f"{received_at // (BUCKET_S * NS_PER_S):08x}{sequence:024x}"


def event(
    sequence: int,
    received_at: int | None = None,
    *,
    stream: str = "raw-1",
    id: str | None = None,
    timestamp: int | None = None,
    kind: Dataset = "snmp.trap",
    device: str = "router-1",
    code: str = "IF-MIB::linkDown",
    severity: int | None = None,
    labels: Mapping[str, str] | None = None,
    fields: Mapping[str, FieldValue] | None = None,
    message: str = "down",
    problems: tuple[Problem, ...] = (),
) -> Event:
    """One event a second after midnight, if nothing else is asked for."""
    if received_at is None:
        received_at = MIDNIGHT + sequence * NS_PER_S
    return Event(
        id=event_id(sequence, received_at) if id is None else id,
        position=Position(stream, sequence),
        timestamp=received_at if timestamp is None else timestamp,
        received_at=received_at,
        clock="arrival",
        kind=kind,
        source=Endpoint("192.0.2.1", 50_000),
        device=device,
        severity=severity,
        code=code,
        labels=labels or {},
        fields=fields or {},
        message=message,
        raw=b"\x30\x00",
        problems=problems,
    )
