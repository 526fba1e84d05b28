"""`store-words`: the words of stored events into their index, behind the write."""

import time
from collections.abc import Mapping

from trapgate.pipeline.leg import BATCH_RECORDS
from trapgate.store import Indexer, SqliteEventStore

from ..figures import Bench, Family, Measurement, Spec
from ..lines import mixed
from ..samples import ARRIVED, STREAM, configuration, datagram

COUNT = 60_000


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    folder = bench.folder / "events"
    stored = _store(bench, bench.scale.of(COUNT))
    indexer = Indexer(folder)
    start = time.perf_counter_ns()
    for _ in indexer.round():
        continue
    indexer.close()
    elapsed_us = (time.perf_counter_ns() - start) / 1_000
    size = sum(path.stat().st_size for path in folder.glob("*.words.sqlite"))
    details = {"bytes an event": size // stored, "events": stored}
    return {"store-words": Measurement(elapsed_us / stored, details=details)}


def _store(bench: Bench, count: int) -> int:
    """Write the events of so many lines; how many these are."""
    translator = configuration().translator(lambda *_: None)
    memory = translator.memory()
    store = SqliteEventStore.open(bench.folder / "events")
    lines, stored = mixed(count), 0
    for at in range(0, count, BATCH_RECORDS):
        numbered = enumerate(lines[at : at + BATCH_RECORDS], start=at + 1)
        arrived = ((number, datagram(line, "syslog-udp")) for number, line in numbered)
        events = translator.batch(arrived, STREAM, memory, ARRIVED).events
        store.write(events)
        stored += len(events)
    store.close()
    return stored


FAMILY = Family(
    "store-words",
    (
        Spec(
            "store-words",
            "µs an event",
            "words of stored syslog into their index, a second behind the write and at the lowest "
            "priority",
        ),
    ),
    measure,
    repeats=3,
)
"""No mark: nothing waits for it; it has to keep up with what a network sends for hours."""
