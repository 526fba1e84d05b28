"""`store-page-*`: the newest 100 events that meet a query, of 4 million with their words."""

import time
from collections.abc import Mapping, Sequence

from trapgate.pipeline.leg import BATCH_RECORDS
from trapgate.query import parse_query
from trapgate.store import Indexer, SqliteEventStore

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..stored import RARE_CODE, RARE_WORD, batches, code, device

COUNT = 4_000_000
PAGE = 100
ROUNDS = 3
"""Of which the fastest counts: the first reads from the disk what the others find in memory."""

HOT = (
    f'event.code:"{code(3)}"',
    f'event.code:"{RARE_CODE}"',
    f"host.name:{device(500)}",
    f'host.name:{device(500)} and event.code:"{code(3)}"',
    "host.name:router-05* and event.severity <= 2",
    "source.ip:10.0.2.0/24 and not event.module:syslog",
    "event.code:absent",
)
WORDS = (
    f"message:{RARE_WORD}",
    'message:"link down"',
    "message:w77",
    "message:w77 and message:down",
    f"message:w77 and host.name:{device(500)}",
    f'message:down and event.code:"{RARE_CODE}"',
    "message:absent",
)
FIELD = ("interface.name:GigabitEthernet0\\/7",)

FOREVER_NS = 2**63 - 1


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat: the slowest query of each kind."""
    folder = bench.folder / "events"
    store = SqliteEventStore.open(folder)
    for batch in batches(bench.scale.of(COUNT), BATCH_RECORDS):
        store.write(batch)
    store.close()
    indexer = Indexer(folder)
    for _ in indexer.round():
        continue
    indexer.close()
    reader = SqliteEventStore.open(folder, read_only=True)
    return {
        "store-page-hot": _slowest(reader, HOT),
        "store-page-words": _slowest(reader, WORDS),
        "store-page-field": _slowest(reader, FIELD),
    }


def _slowest(store: SqliteEventStore, queries: Sequence[str]) -> Measurement:
    times_ms = {text: min(_page_ms(store, text) for _ in range(ROUNDS)) for text in queries}
    details = {text: round(each, 1) for text, each in times_ms.items()}
    return Measurement(max(times_ms.values()), details=details)


def _page_ms(store: SqliteEventStore, text: str) -> float:
    query = parse_query(text)
    start = time.perf_counter_ns()
    store.search(query, start=0, end=FOREVER_NS, limit=PAGE)
    return (time.perf_counter_ns() - start) / 1e6


FAMILY = Family(
    "store-page",
    (
        Spec(
            "store-page-hot",
            "ms",
            "the slowest of seven pages by code, device, severity, source, frequent and rare, of "
            "4,000,000 events in 40,000 combinations",
            mark=Mark("value", "<", 100.0),
        ),
        Spec(
            "store-page-words",
            "ms",
            "the slowest of seven pages by words, frequent and rare, alone and with hot fields",
            mark=Mark("value", "<", 300.0),
        ),
        Spec("store-page-field", "ms", "a page by another field, which one event in 48 meets"),
    ),
    measure,
    repeats=1,
)
