"""`store-growth`: what an event costs late in a day over what it costs early."""

import os
import time
from collections.abc import Mapping

from trapgate.pipeline.leg import BATCH_RECORDS
from trapgate.store import SqliteEventStore

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..stored import batches

EVENTS = int(os.environ.get("TRAPGATE_BENCH_GROWTH_EVENTS", "4000000"))
"""4 million take some two minutes and 3 GB, and are two files and more: from there on nothing
happens that has not happened before. TRAPGATE_BENCH_GROWTH_EVENTS=30000000 asks for the whole
of it: a quarter of an hour and 25 GB."""

EARLY = 1_000_000
LATE = 1_000_000
"""The million that ends with the first, and the last one: journals are copied into the file every
60,000 events, so that less would be a matter of luck."""

GROWTH_MAX = 1.5


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    count, early, late = (bench.scale.of(n) for n in (EVENTS, EARLY, LATE))
    store = SqliteEventStore.open(bench.folder / "events")
    written, spent_ns = 0, 0
    early_ns = late_from_ns = 0
    for batch in batches(count, BATCH_RECORDS):
        if written < count - late:
            late_from_ns = spent_ns
        start = time.perf_counter_ns()
        store.write(batch)
        spent_ns += time.perf_counter_ns() - start
        written += len(batch)
        if written <= early or not early_ns:
            early_ns = spent_ns
            early_events = written
    store.close()
    first_us = early_ns / early_events / 1_000
    last_us = (spent_ns - late_from_ns) / late / 1_000
    details = {"events": count, "first_us": round(first_us, 2), "last_us": round(last_us, 2)}
    return {"store-growth": Measurement(last_us / first_us, details=details)}


FAMILY = Family(
    "store-growth",
    (
        Spec(
            "store-growth",
            "times",
            f"cost of an event in the last million of {EVENTS:,} over that in the first",
            mark=Mark("value", "<=", GROWTH_MAX),
        ),
    ),
    measure,
    repeats=1,
)
