"""`history-append` and `history-search`: decisions with their reasons, kept and looked for."""

import time
from collections.abc import Iterator, Mapping

from trapgate.model import Decision
from trapgate.state import SqliteHistory

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..samples import ARRIVED
from ..stopwatch import fastest_us

COUNT = 1_000_000

BATCH = 500
"""Decisions that one append has: those of a storm while the append before it is written."""

SEARCH_MS_MAX = 100.0


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    count = bench.scale.of(COUNT)
    file = bench.folder / "history.sqlite"
    history = SqliteHistory.open(file)
    used_ns = 0
    for batch in _batches(count):
        start = time.process_time_ns()
        history.append(batch)
        used_ns += time.process_time_ns() - start
    search_us = fastest_us(lambda: history.search("a subject that is nowhere", 1), 1)
    history.close()
    details = {"decisions": count, "bytes a decision": file.stat().st_size // count}
    return {
        "history-append": Measurement(used_ns / 1_000 / count, details=details),
        "history-search": Measurement(search_us / 1_000, details=details),
    }


def _batches(count: int) -> Iterator[list[tuple[int, Decision]]]:
    """Alerts that begin: what the rules decide of an event, and the alerting core of its alert."""
    for first in range(0, count, BATCH):
        batch = []
        for number in range(first, min(first + BATCH, count), 2):
            event, alert = f"{number:08x}{number:024x}", f"{number:016x}"
            named = {"alert": alert, "rule": "interfaces.InterfaceDown"}
            raised = Decision(event, "raised", "the event met the rule's match", named)
            told = {"channel.0": "default/webhook[0]", "event.0": event}
            firing = Decision(alert, "firing", 'episode 1, in {}:{alertname="InterfaceDown"}', told)
            batch += [(ARRIVED.wall_ns + number, raised), (ARRIVED.wall_ns + number, firing)]
        yield batch


FAMILY = Family(
    "history",
    (
        Spec("history-append", "µs CPU a decision", f"of {COUNT:,}, {BATCH} at a time"),
        Spec(
            "history-search",
            "ms",
            "a subject that is nowhere in these",
            mark=Mark("value", "<", SEARCH_MS_MAX),
        ),
    ),
    measure,
    repeats=3,
)
