"""`spool-append`: records made durable in the batches of a busy receiver."""

import time
from collections.abc import Mapping

from trapgate.listen.record import encode, origin
from trapgate.pipeline.receive import BATCH_RECORDS_MAX
from trapgate.spool import SpoolWriter

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..samples import ARRIVED, trap_datagrams

COUNT = 400_000
BATCH = BATCH_RECORDS_MAX
"""Records a batch, each with its sync: what the receive process makes of a burst."""


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    count = bench.scale.of(COUNT)
    datagrams = trap_datagrams(count)
    first = datagrams[0]
    shared = origin(first.listener, first.local)
    address, port = first.peer.address, first.peer.port
    records = [encode(shared, ARRIVED.wall_ns, address, port, each.data) for each in datagrams]
    batches = [records[at : at + BATCH] for at in range(0, count, BATCH)]
    writer = SpoolWriter.open(bench.folder / "spool")
    try:
        start = time.perf_counter_ns()
        for batch in batches:
            writer.append(batch)
        elapsed_s = (time.perf_counter_ns() - start) / 1e9
    finally:
        writer.close()
    return {"spool-append": Measurement(count / elapsed_s, details={"batch_records": BATCH})}


FAMILY = Family(
    "spool-append",
    (
        Spec(
            "spool-append",
            "records/s",
            f"durable in batches of {BATCH}, one sync each",
            mark=Mark("value", ">=", 200_000.0),
        ),
    ),
    measure,
    repeats=3,
)
