"""The room that the event store leaves free on its disk: what pages is on the same one.

In: how full the disk is, and a batch. Out: a refusal while the batch would take what is kept. The
spools, the state and the history go on to write then, so that a search store which has grown too
large costs no page: what waits for it is in the raw spool, which gives it up by its own rules
(`trapgate.pipeline.giving_up`).
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from trapgate.model import Event
from trapgate.store.errors import StoreUnavailable
from trapgate.store.sqlite.row import document_text
from trapgate.store.sqlite.schema import PAGE_BYTES

RESERVE_BYTES_MAX: Final = 256 << 20
"""Kept of a large disk. Two lanes have a segment of 64 MiB each in hand, which cannot be given up;
as much again is for the matches, the state, the history and what those take to fold their
journals."""

RESERVE_DISK_SHARE: Final = 10
"""Kept of a small disk is this part, a tenth: as SQLite's files and the spools, it scales."""

EVENT_BYTES_AMPLE: Final = 64 << 10
"""No event takes more on the average of a batch, as datagrams have less: where there is so much
room for each the batch need not be measured."""

ROW_BYTES: Final = 200
"""What a row takes besides its texts: numbers, the id, its place in a block, its cell."""

COPIES: Final = 2
"""A batch is written into the journal, and from there into the part."""

BATCH_BYTES_MIN: Final = 1 << 20
"""Of each batch: the last pages of all tables, and the layout of a part that is just begun."""

WORDS_BYTES: Final = 16 << 20
"""What words may take between two looks: their journal before it is copied (`CHECKPOINT_PAGES`)."""

MIB: Final = 1 << 20


class Disk(NamedTuple):
    """A file system: its size, and what is free on it for who is not root, in bytes."""

    size_bytes: int
    free_bytes: int

    @property
    def reserve_bytes(self) -> int:
        """What the event store leaves free."""
        return min(RESERVE_BYTES_MAX, self.size_bytes // RESERVE_DISK_SHARE)


def disk_of(folder: Path) -> Disk:
    """The file system that a folder is on; a microsecond. Raises `OSError`."""
    status = os.statvfs(folder)
    return Disk(status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize)


DiskOf = Callable[[Path], Disk]


def check_room(disk: Disk, owed_bytes: int, events: Sequence[Event]) -> None:
    """Raises `StoreUnavailable` if storing the events would take of the reserve. `owed_bytes` is
    what parts will still grow by as their journals are copied into them. Text that is not Unicode
    is for the writer to refuse."""
    spare_bytes = disk.free_bytes - disk.reserve_bytes - owed_bytes
    if spare_bytes >= COPIES * EVENT_BYTES_AMPLE * len(events) + BATCH_BYTES_MIN:
        return
    batch_bytes = COPIES * sum(map(_row_bytes, events)) + BATCH_BYTES_MIN
    if spare_bytes < batch_bytes:
        raise StoreUnavailable(
            f"its disk has {disk.free_bytes // MIB} MiB free, of which {disk.reserve_bytes // MIB} "
            f"MiB are kept for paging; what is to be stored may take "
            f"{-(-(owed_bytes + batch_bytes) // MIB)} MiB"
        )


def has_room_for_words(disk: Disk) -> bool:
    """Whether words may be written. They stop at twice the reserve, before the events do: a search
    reads the events that have no words."""
    return disk.free_bytes >= 2 * disk.reserve_bytes + WORDS_BYTES


def _row_bytes(event: Event) -> int:
    try:
        texts = len(document_text(event)) + len(event.message.encode())
    except UnicodeEncodeError:
        texts = 0
    row_bytes = ROW_BYTES + texts + len(event.raw)
    in_a_page = PAGE_BYTES // row_bytes  # the rest of the page stays empty
    return PAGE_BYTES // in_a_page if in_a_page else -(-row_bytes // PAGE_BYTES) * PAGE_BYTES
