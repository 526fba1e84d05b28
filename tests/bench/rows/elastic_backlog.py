"""`elastic-backlog`: a backlog of traps from bytes into Elasticsearch: our CPU beside the server's.

The server is the genuine one, in a process tree of its own on the same machine, with Java's full
optimizer, warm; its CPU is what it says itself (`_nodes/stats/process`). Ours is all that the store
leg does with a record: decode, normalize, index form, JSON, request, answer.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from trapgate.observe import Metrics
from trapgate.pipeline.leg import BATCH_RECORDS
from trapgate.store.elastic.settings import ElasticsearchSettings
from trapgate.store.elastic.store import ElasticsearchEventStore

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..samples import ARRIVED, STREAM, configuration, trap_datagrams

COUNT = 60_000

WARM_UP = 30_000
"""Events before those that count: the server compiles what it does most."""

NAME = "elastic-backlog"


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    # needs `tests` on the path (PYTHONPATH=tests), and imports pytest, which other rows do not
    from elastic import lacking

    reason = lacking()
    if reason is not None:
        return {NAME: Measurement(_ours_alone(bench), None, {"server": reason})}
    with _server() as (url, cpu_ms):
        store = ElasticsearchEventStore.open(
            ElasticsearchSettings(urls=(url,)), retention_days=30, metrics=Metrics()
        )
        _index(store, bench.scale.of(WARM_UP), "warm-up")
        before_ms = cpu_ms()
        count = bench.scale.of(COUNT)
        ours_us = _index(store, count, STREAM)
        theirs_us = (cpu_ms() - before_ms) * 1_000 / count
        store.close()
    return {NAME: Measurement(ours_us, theirs_us)}


def _index(store: ElasticsearchEventStore | None, count: int, stream: str) -> float:
    """Take a backlog through the store leg's work; our CPU in microseconds an event."""
    translator = configuration().translator(lambda *_: None)
    memory = translator.memory()
    records = list(enumerate(trap_datagrams(count), start=1))
    start = time.process_time_ns()
    for at in range(0, count, BATCH_RECORDS):
        batch = translator.batch(records[at : at + BATCH_RECORDS], stream, memory, ARRIVED)
        if store is not None:
            store.write(batch.events)
    return (time.process_time_ns() - start) / 1_000 / count


def _ours_alone(bench: Bench) -> float:
    return _index(None, bench.scale.of(COUNT), STREAM)


@contextmanager
def _server() -> Iterator[tuple[str, Callable[[], float]]]:
    """A server as users have it, and how much CPU it has taken."""
    from elastic import laid_out

    with laid_out(java_options="") as server:
        server.start()

        def cpu_ms() -> float:
            nodes = server.request("GET", "/_nodes/stats/process").json()["nodes"]
            return float(sum(node["process"]["cpu"]["total_in_millis"] for node in nodes.values()))

        yield server.url, cpu_ms


FAMILY = Family(
    NAME,
    (
        Spec(
            NAME,
            "µs CPU an event",
            "a linkDown from its bytes into Elasticsearch, without the server's CPU",
            "Elasticsearch's own CPU for it",
            Mark("ratio", "<=", 0.333),
        ),
    ),
    measure,
    repeats=3,
    cheap=False,
)
