"""The index process: words of the stored events, a second behind the write.

It is a process of its own because it costs as much as storing: next to it, at the lowest priority,
it takes only what receive, ingest and core leave.
"""

import gc
import os
import signal

from trapgate.app.clock import now
from trapgate.app.processes import Process
from trapgate.observe import Metrics
from trapgate.pipeline.indexing import Indexing
from trapgate.store import Indexer

NICE_MAX = 19
"""Linux's lowest priority: a seventieth of what the others get on a core that is busy. What comes
in a flood is indexed behind it; until then searches read it."""


def index_process(process: Process) -> None:
    """Event store → words files, until SIGTERM."""
    stop = os.eventfd(0, os.EFD_NONBLOCK)
    signal.signal(signal.SIGTERM, lambda *_: os.eventfd_write(stop, 1))
    os.nice(NICE_MAX)
    layout = process.layout
    indexing = Indexing(
        Indexer(layout.events),
        Metrics(),
        layout.metrics(process.name),
        stop=stop,
        clock=now,
        beat=process.beat,
        backlog=lambda: bool(process.inherited.backlog.value),
    )
    gc.freeze()  # what is here now stays: it need not be walked again
    process.ready()
    indexing.run()
