"""A decode process: records that ingest will read next → their events, prepared."""

import os
import signal

from trapgate.app.clock import now
from trapgate.app.collecting import collect_seldom
from trapgate.app.engine import Engines
from trapgate.app.files import Stamp
from trapgate.app.flow import worker_of
from trapgate.app.processes import Process
from trapgate.app.published import Published
from trapgate.listen import RecordReader
from trapgate.observe import logger
from trapgate.pipeline.preparing import Preparing
from trapgate.pipeline.translate import Translator


def decode_process(process: Process) -> None:
    """Answer ingest until SIGTERM."""
    stop = os.eventfd(0, os.EFD_NONBLOCK)
    signal.signal(signal.SIGTERM, lambda *_: os.eventfd_write(stop, 1))
    preparing = Preparing(
        process.inherited.ends[worker_of(process.name) - 1].decode,
        _Configured(process),
        RecordReader().decode,
        stop=stop,
        now=now,
        beat=process.beat,
    )
    collect_seldom()
    process.ready()
    preparing.run()


class _Configured:
    """The translator of the configuration that is published now, and its stamp."""

    def __init__(self, process: Process) -> None:
        self._published = Published(process.layout.bundle, process.stamp)
        self._engines = Engines(process.inherited.own_engine)
        self._stamp = process.stamp
        self._translator = process.configuration.translator(lambda *_: None, self._engines)

    def __call__(self) -> tuple[Translator, Stamp]:
        configuration = self._published.newer()
        if configuration is not None:
            self._translator = configuration.translator(lambda *_: None, self._engines)
            self._stamp = self._published.stamp
            logger().info("reloaded")
        return self._translator, self._stamp
