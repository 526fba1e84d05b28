"""The receive process: sockets → raw spool, and nothing else."""

import os
import signal

from trapgate.app.bounds import segment_bytes
from trapgate.app.clock import now
from trapgate.app.damage import DamageTold
from trapgate.app.flow import worker_of
from trapgate.app.layout import RULES_READER, STORE_READER
from trapgate.app.processes import Process, changes_over
from trapgate.observe import Metrics
from trapgate.pipeline.intake import Intake
from trapgate.pipeline.receive import Receive
from trapgate.spool import SpoolWriter


def receive_process(process: Process) -> None:
    """Sockets → raw spool: both lanes of this process's own, with its part of their room."""
    stop = os.eventfd(0, os.EFD_NONBLOCK)
    signal.signal(signal.SIGTERM, lambda *_: os.eventfd_write(stop, 1))
    layout, worker = process.layout, worker_of(process.name)
    spool = process.configuration.settings.spool
    size_max_bytes = spool.size_max // spool.workers
    metrics = Metrics()
    raw, bulk = (
        SpoolWriter.open(
            folder,
            size_max_bytes=size_max_bytes,
            segment_bytes=segment_bytes(layout.data, spool.workers),
            tell=DamageTold(metrics, folder.name),
        )
        for folder in (layout.raw_lane(worker), layout.bulk_lane(worker))
    )
    intake = Intake(
        raw,
        bulk,
        process.inherited.raw_bell,
        metrics,
        pacer=RULES_READER,
        size_max_bytes=size_max_bytes,
    )
    receive = Receive(
        process.inherited.listeners,
        intake,
        metrics,
        layout.metrics(process.name),
        readers=(STORE_READER, RULES_READER),
        stop=stop,
        changes=changes_over(process.line),
        clock=now,
        beat=process.beat,
    )
    process.ready()
    receive.run()
    raw.close()
    bulk.close()
