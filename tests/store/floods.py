"""Floods as stores meet them: several streams that are written when they are read, not in the order
in which things were received."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from store.events import event
from trapgate.model import NS_PER_MS, NS_PER_S, Event, Position

STREAMS = ("raw", "raw-bulk", "raw-2", "raw-2-bulk")

LATE_S = {"raw-bulk": 130, "raw-2-bulk": 9}
"""How far a lane is written behind the others."""

SETBACKS_S = (3, 40, 3_600)
"""The clock goes back by these, one after the other."""

JITTER_NS = 300 * NS_PER_MS
"""What waited in a socket."""


def flood(count: int, start: int, *, seed: int = 1, lasts_s: int = 600) -> Sequence[Event]:
    """So many events in the order in which they are written; their clock begins at `start`. Every
    fourth was received in the same nanosecond as the one before."""
    random = Random(seed)
    sequences = Counter[str]()
    written: list[tuple[int, Event]] = []
    clock = start
    received_at = start
    for number in range(count):
        clock += 2 * random.randrange(lasts_s * NS_PER_S // count)
        if number % (count // len(SETBACKS_S) + 1) == count // 6:
            clock -= SETBACKS_S[number * len(SETBACKS_S) // count] * NS_PER_S
        if random.randrange(4):
            received_at = clock - random.randrange(JITTER_NS)
        stream = STREAMS[min(random.randrange(6), 3)]
        sequences[stream] += 1 + (random.randrange(20) == 0)
        place = Position(stream, sequences[stream])
        late = LATE_S.get(stream, 0) * count // lasts_s
        written.append((number + late, _made(place, received_at, random)))
    written.sort(key=lambda pair: pair[0])
    return [event for _, event in written]


def newest_first(events: Sequence[Event]) -> list[Event]:
    """The order that stores promise."""
    return sorted(events, key=lambda event: event.place, reverse=True)


def _made(place: Position, received_at: int, random: Random) -> Event:
    id_ = f"{received_at // (10 * NS_PER_S):08x}"
    id_ += f"{STREAMS.index(place.stream):04x}{place.sequence:020x}"
    words = ["down"] * random.randrange(2) + ["flap"] * (not random.randrange(50))
    return event(
        place.sequence,
        received_at,
        stream=place.stream,
        id=id_,
        code=f"code-{random.randrange(3)}",
        device=f"router-{random.randrange(300)}",
        message=" ".join(["link", *words]),
    )
