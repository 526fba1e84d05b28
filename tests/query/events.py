"""Events for tests: an honest linkDown trap, changed where a test needs it."""

from collections.abc import Mapping

from trapgate.model import Dataset, Endpoint, Event, FieldValue, Position, Problem

RECEIVED_AT = 1_790_000_000_000_000_000


def event(
    *,
    id: str = "e1",
    code: str = "IF-MIB::linkDown",
    kind: Dataset = "snmp.trap",
    device: str = "r1",
    address: str = "10.0.0.1",
    port: int = 50_162,
    severity: int | None = None,
    timestamp: int = RECEIVED_AT,
    received_at: int = RECEIVED_AT,
    clock: str = "arrival",
    labels: Mapping[str, str] = {},
    fields: Mapping[str, FieldValue] = {},
    message: str = "IF-MIB::linkDown ifIndex=3",
    problems: tuple[Problem, ...] = (),
) -> Event:
    return Event(
        id=id,
        position=Position("stream", 1),
        timestamp=timestamp,
        received_at=received_at,
        clock=clock,
        kind=kind,
        source=Endpoint(address, port),
        device=device,
        severity=severity,
        code=code,
        labels=labels,
        fields=fields,
        message=message,
        raw=b"",
        problems=problems,
    )
