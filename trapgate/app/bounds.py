"""The bounds of the raw spool, as configured, over the lanes that ingest has."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from trapgate.app.layout import RULES_READER, STORE_READER, Layout
from trapgate.app.settings import SpoolSettings
from trapgate.app.trouble import Trouble
from trapgate.model import Now
from trapgate.observe import Alarm, Metrics
from trapgate.pipeline.giving_up import BoundedLane, Bounds, GivingUp
from trapgate.pipeline.ingest import Ingest
from trapgate.spool import held
from trapgate.spool.writer import SEGMENT_BYTES
from trapgate.store.sqlite.room import DiskOf, disk_of

LANES: Final = 2
"""Of each receive process."""

SEGMENT_BYTES_MIN: Final = 1 << 20
"""Some frames; a disk for which that is much is smaller than one can want."""


class SpoolBounds:
    """To be called between two batches: what is over a bound is given up, some at a time."""

    def __init__(
        self,
        layout: Layout,
        settings: SpoolSettings,
        lanes: Mapping[int, tuple[Ingest, Ingest]],
        metrics: Metrics,
        now: Callable[[], Now],
    ) -> None:
        """`lanes` are those of each receive process, by its number; those beyond the configured
        number are what an earlier run has left, which nothing comes to any more."""
        self._trouble = Trouble("spool.bounds")
        self._all = []
        for worker, (raw, bulk) in lanes.items():
            folders = layout.raw_lane(worker), layout.bulk_lane(worker)
            subject = folders[0].name
            alarms = {
                STORE_READER: Alarm(metrics, "spool.store-gave-up", subject),
                RULES_READER: Alarm(metrics, "spool.rules-gave-up", subject),
            }
            both = [
                BoundedLane(lane, partial(held, folder))
                for lane, folder in zip((raw, bulk), folders, strict=True)
            ]
            bounds = Bounds(
                settings.size_max // settings.workers if worker <= settings.workers else None,
                settings.age_max,
                settings.full_policy,
                partial(_free_bytes, folders[0].parent, settings.workers),
            )
            self._all.append(GivingUp(both, bounds, metrics, alarms, now))

    def __call__(self) -> None:
        with self._trouble.contained():
            for giving_up in self._all:
                giving_up()


def segment_bytes(folder: Path, workers: int, disk: DiskOf = disk_of) -> int:
    """How large a segment of a raw lane is, on this folder's disk. Those in hand, one of each lane,
    cannot be given up for what comes in: together they are half of what the event store leaves
    free. Raises `OSError`."""
    share = disk(folder).reserve_bytes // (2 * LANES * workers)
    return max(SEGMENT_BYTES_MIN, min(SEGMENT_BYTES, share))


def _free_bytes(folder: Path, shares: int) -> int:
    """Each one's share of what is free on the folder's disk, for who is not root."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize // shares
