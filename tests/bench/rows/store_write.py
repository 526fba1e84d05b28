"""`store-write`: events into the embedded store, a transaction a batch, the journal folded in."""

import time
from collections.abc import Mapping

from trapgate.pipeline.leg import BATCH_RECORDS
from trapgate.store import SqliteEventStore

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..samples import trap_events

COUNT = 60_000

PER_SECOND_MIN = 60_000


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    events = trap_events(bench.scale.of(COUNT))
    batches = [events[at : at + BATCH_RECORDS] for at in range(0, len(events), BATCH_RECORDS)]
    store = SqliteEventStore.open(bench.folder / "events")
    start = time.perf_counter_ns()
    for batch in batches:
        store.write(batch)
    store.close()
    elapsed_us = (time.perf_counter_ns() - start) / 1_000
    return {"store-write": Measurement(elapsed_us / len(events))}


FAMILY = Family(
    "store-write",
    (
        Spec(
            "store-write",
            "µs an event",
            "durable in SQLite, with blocks, in batches as the ingest loop's",
            mark=Mark("value", "<=", round(1e6 / PER_SECOND_MIN, 1)),
        ),
    ),
    measure,
    repeats=3,
)
