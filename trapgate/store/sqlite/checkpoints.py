"""Copying a part's journal into the part, beside the writing.

SQLite's own way is that the commit which fills the journal copies it, 80 MB and two syncs: a fifth
of a second for which the thread waits that also looks for what pages. Here a thread of its own
copies, while the next batches go to the end of the journal.
"""

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

CHECKPOINT_EVENTS = 60_000
"""Events between two checkpoints: about 80 MB of journal, so that a page which several batches
have changed is copied once."""

ROUNDS_MAX = 8
"""Times that one checkpoint goes on with what was written meanwhile. The journal begins again at
its start only when all of it has been copied; each round is a small part of the one before."""


class Checkpoints:
    """The checkpoints of one part, one at a time. For one thread."""

    def __init__(self, path: Path, every_events: int = CHECKPOINT_EVENTS) -> None:
        self._path = path
        self._every_events = every_events
        self._events = 0
        self._thread: threading.Thread | None = None

    def wrote(self, events: int) -> None:
        """So many were committed: begin a checkpoint if there are enough and none is going on."""
        self._events += events
        if self._events >= self._every_events and not self._is_running():
            self._events = 0
            self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Wait for the one that is going on: its connection is closed then. Safe twice."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        # What the disk refuses here it refuses the writer too, whose commit says so and copies the
        # journal itself when it has grown four times as large.
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(self._path, isolation_level=None)) as connection,
        ):
            for _ in range(ROUNDS_MAX):
                ((_, pages, copied),) = connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                if pages == copied:
                    return
