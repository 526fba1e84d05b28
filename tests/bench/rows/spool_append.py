"""`spool-append`: records made durable in the batches of a busy receiver."""

import time
from collections.abc import Mapping

from trapgate.listen.record import encode, origin
from trapgate.spool import SpoolWriter

from ..figures import Bench, Family, Measurement, Spec
from ..samples import ARRIVED, trap_datagrams

COUNT = 200_000
BATCH = 512
"""Records a batch, each with its sync."""


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
    (Spec("spool-append", "records/s", "durable in batches of 512, one sync each"),),
    measure,
    repeats=3,
)
