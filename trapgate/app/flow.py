"""The processes of a run, in the order of the flow, which is the order of stopping.

There are as many receive processes as the configuration wants (`spool.workers`): `receive`,
`receive-2` ...; each has sockets and a raw spool of its own. There is one ingest, one core and, if
the words of events are indexed here (`store.words`), one index.
"""

from collections.abc import Mapping, Sequence

from trapgate.listen import BoundListener
from trapgate.listen.spread import of_worker

STOP_S: Mapping[str, float] = {"receive": 5.0, "ingest": 20.0, "index": 5.0, "core": 15.0}
"""How long the processes of each stage may take to stop, all of them together, before they are
killed: everything is durable, so that nothing is lost by it."""


def stages(workers: int, *, index: bool) -> tuple[tuple[str, ...], ...]:
    """The names of the processes, those together that are stopped together."""
    return receive_names(workers), ("ingest",), *((("index",),) if index else ()), ("core",)


def process_names(workers: int, *, index: bool) -> tuple[str, ...]:
    """The names of all processes."""
    return tuple(name for stage in stages(workers, index=index) for name in stage)


def receive_names(workers: int) -> tuple[str, ...]:
    """The names of the receive processes."""
    return ("receive", *(f"receive-{worker}" for worker in range(2, workers + 1)))


def stage_of(name: str) -> str:
    """What a process does: `receive`, `ingest`, `index` or `core`."""
    return name.partition("-")[0]


def worker_of(name: str) -> int:
    """Which of its kind a process is, counted from 1."""
    return int(name.partition("-")[2] or 1)


def own_listeners(name: str, listeners: Sequence[BoundListener]) -> tuple[BoundListener, ...]:
    """What a process needs of the listeners. A receive process reads those of its own; ingest
    answers from any one socket of each, so it has the first one's; index and core have none."""
    if stage_of(name) in ("index", "core"):
        return ()
    return of_worker(listeners, worker_of(name))
