"""Durable streams of records between processes: append-only segment files in a folder.

In: batches of bytes from one `SpoolWriter`, on disk when `append` returns. Out: the same records,
in order, to any number of named `SpoolReader`s, each with a cursor of its own. What a record
holds is its owner's business. `Doorbell` tells a reader that something was appended; `Wire`
and `SharedNumber` are for what need not be durable.
"""

from trapgate.spool.cursor import LEDGER_BYTES_MAX
from trapgate.spool.damage import Damage, Damages
from trapgate.spool.doorbell import Doorbell
from trapgate.spool.held import Held, held
from trapgate.spool.reader import SpoolReader
from trapgate.spool.segment import FRAME_BYTES_MAX, FRAME_RECORDS_MAX, SpoolUnusable
from trapgate.spool.shared import SharedNumber
from trapgate.spool.snapshot import SnapshotFile
from trapgate.spool.whole import SCRATCH_SUFFIX, replace_file
from trapgate.spool.wire import Wire
from trapgate.spool.writer import SpoolFull, SpoolWriter

__all__ = [
    "FRAME_BYTES_MAX",
    "FRAME_RECORDS_MAX",
    "LEDGER_BYTES_MAX",
    "SCRATCH_SUFFIX",
    "Damage",
    "Damages",
    "Doorbell",
    "Held",
    "SharedNumber",
    "SnapshotFile",
    "SpoolFull",
    "SpoolReader",
    "SpoolUnusable",
    "SpoolWriter",
    "Wire",
    "held",
    "replace_file",
]
