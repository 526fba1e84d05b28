"""Millions of events for a store, made for what they cost it: nothing of them is decoded."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from trapgate.model import NS_PER_MS, NS_PER_S, Endpoint, Event, FieldValue, Position

from .samples import STREAM

MIDNIGHT_NS = 1_790_035_200 * NS_PER_S
"""2026-09-22T00:00:00Z: all of the events are of one day."""

APART_NS = 15 * NS_PER_MS
"""Between two events: 4 million take 17 hours of the day."""

DEVICES = 1_000
CODES = 40
"""A network of some size in which everything happens to everybody: 40,000 pairs, far more than
real ones have in a day, so that each block of 4,096 events has nearly as many facets."""

VOCABULARY = 20_000
RARE_EVERY = 500_000
"""How many events lie between two of the rare code, and two with the rare word."""

RARE_CODE = "BENCH-MIB::rare"
RARE_WORD = "needle"

_RAW = b"\x30" * 190


def device(number: int) -> str:
    return f"router-{number:04}"


def code(number: int) -> str:
    return f"BENCH-MIB::event{number}"


def batches(count: int, size: int) -> Iterator[Sequence[Event]]:
    """So many events, as a receiver would have got them."""
    random = Random(1)
    for first in range(1, count + 1, size):
        yield [_event(number, random) for number in range(first, min(first + size, count + 1))]


def _event(number: int, random: Random) -> Event:
    source, kind = random.randrange(DEVICES), random.randrange(CODES)
    received_at = MIDNIGHT_NS + number * APART_NS
    # the rare ones are in the middle of things, never among the newest
    rare = number % RARE_EVERY == RARE_EVERY // 2
    words = " ".join(f"w{random.randrange(VOCABULARY)}" for _ in range(4))
    return Event(
        id=f"{received_at // (10 * NS_PER_S):08x}{number:024x}",
        position=Position(STREAM, number),
        timestamp=received_at,
        received_at=received_at,
        clock="arrival",
        kind="snmp.trap",
        source=Endpoint(f"10.0.{source // 250}.{source % 250}", 162),
        device=device(source),
        severity=kind % 8,
        code=RARE_CODE if rare else code(kind),
        labels={},
        fields=_fields(source % 48),
        message=f"link down {words}{' ' + RARE_WORD if rare else ''}",
        raw=_RAW,
    )


def _fields(interface: int) -> Mapping[str, FieldValue]:
    return {
        "snmp.version": "2c",
        "snmp.pdu_type": "trap",
        "snmp.trap.oid": "1.3.6.1.6.3.1.1.5.3",
        "snmp.uptime": 268_435_456,
        "interface.name": f"GigabitEthernet0/{interface}",
        "snmp.varbinds": (f"IF-MIB::ifIndex.{interface} = integer: {interface}",),
    }
