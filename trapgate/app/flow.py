"""The processes of a run, in the order of the flow, which is the order of stopping.

There are as many receive processes as the configuration wants (`spool.workers`): `receive`,
`receive-2` ...; each has sockets and a raw spool of its own. There is one ingest, for which
`decode.workers` processes decode (`decode`, `decode-2` ...), one core and, if the words of events
are indexed here (`store.words`), one index.
"""

from collections.abc import Mapping, Sequence

import msgspec

from trapgate.app.settings import Settings
from trapgate.listen import BoundListener
from trapgate.listen.spread import of_worker

STOP_S: Mapping[str, float] = {
    "receive": 5.0,
    "ingest": 20.0,
    "decode": 2.0,
    "index": 5.0,
    "core": 15.0,
}
"""How long the processes of each stage may take to stop, all of them together, before they are
killed: everything is durable, so that nothing is lost by it."""


class Census(msgspec.Struct, frozen=True):
    """How many processes of a kind a configuration wants."""

    receive: int = 1
    decode: int = 1
    index: bool = True

    @classmethod
    def of(cls, settings: Settings) -> "Census":
        """What these settings want."""
        return cls(settings.spool.workers, settings.decode.workers, settings.store.indexed)

    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The names of the processes, those together that are stopped together."""
        stages = (
            names("receive", self.receive),
            ("ingest",),
            names("decode", self.decode),
            names("index", int(self.index)),
            ("core",),
        )
        return tuple(stage for stage in stages if stage)

    def names(self) -> tuple[str, ...]:
        """The names of all processes."""
        return tuple(name for stage in self.stages() for name in stage)


def names(stage: str, count: int) -> tuple[str, ...]:
    """The names of the processes of one kind."""
    return tuple(stage if worker == 1 else f"{stage}-{worker}" for worker in range(1, count + 1))


def stage_of(name: str) -> str:
    """What a process does: `receive`, `ingest`, `decode`, `index` or `core`."""
    return name.partition("-")[0]


def worker_of(name: str) -> int:
    """Which of its kind a process is, counted from 1."""
    return int(name.partition("-")[2] or 1)


def own_listeners(name: str, listeners: Sequence[BoundListener]) -> tuple[BoundListener, ...]:
    """What a process needs of the listeners. A receive process reads those of its own; ingest
    answers from any one socket of each, so it has the first one's; the others have none."""
    if stage_of(name) not in ("receive", "ingest"):
        return ()
    return of_worker(listeners, worker_of(name))
