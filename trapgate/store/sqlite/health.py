"""What is wrong with the files of a store, told where an operator looks.

In: the folder, looked at every few seconds by the one process that writes into it. Out: a gauge, a
counter and the alarm `store.damaged`, which stays until the files are gone or others are in their
place.

What is looked at: the names of files that were set aside as broken, the marks of those who met
damage (`damage`), and the header of each file that is new or has changed: whether SQLite opens it,
so whether it is a database of ours and not cut short. What is not: the pages behind the header. To
read them all (`PRAGMA quick_check`) takes minutes for a month of events, on a machine that pages;
damage in there is known once a search, the indexer or the writer meets it.
"""

from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Final

from trapgate.observe import Alarm, Metrics, logger
from trapgate.store.sqlite.damage import mark_path, marked
from trapgate.store.sqlite.folder import Part, broken_files, part_path, stored_parts
from trapgate.store.sqlite.schema import open_to_read, open_unused


def look_at(path: Path) -> None:
    """Let SQLite open a file and read its header, in a tenth of a millisecond and without leaving a
    trace; none there: nothing happens. Raises `sqlite3.Error`, `OlderSchema`, `NewerSchema`."""
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists() and journal.stat().st_size:  # a part of the file may be in there
        connection = open_to_read(path)
    elif path.exists():
        connection = open_unused(path)
    else:
        return
    if connection is not None:
        connection.close()


NAMED_MAX: Final = 3
"""Files that the alarm names; the log and the folder have all of them."""

_Stamp = tuple[int, int, int]


class Health:
    """Of the files of one folder; for the one thread that writes them."""

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self._folder = folder
        self._alarm = Alarm(metrics, "store.damaged", "sqlite")
        self._damaged = metrics.gauge("trapgate_store_damaged_files")
        self._gone = metrics.counter("trapgate_store_files_gone_total")
        self._seen: dict[Part, _Stamp] = {}

    def unseen(self, written: Container[Part]) -> list[Part]:
        """The parts that are new or have changed since the last call, but for those that are being
        `written`: these change all the time, and their writer meets what is wrong with them."""
        before, self._seen = self._seen, {}
        for part in stored_parts(self._folder):
            with suppress(FileNotFoundError):
                status = part_path(self._folder, part).stat()
                self._seen[part] = (status.st_ino, status.st_mtime_ns, status.st_size)
        return [
            part
            for part, stamp in self._seen.items()
            if part not in written and before.get(part) != stamp
        ]

    def note_gone(self, path: Path) -> None:
        """A file that was being written is not under its name any more."""
        self._gone.inc()
        logger().error(
            "store.file-gone",
            file=path.name,
            help="it was deleted or replaced while trapgate wrote into it, and what was in it is "
            "lost; a new one is begun. Stop trapgate before you touch the files of its store",
        )

    def tell(self) -> None:
        """Show what is damaged now. Marks of files that are no more are deleted. Raises
        `OSError`."""
        found = [f"{path.name} (set aside)" for path in broken_files(self._folder)]
        for part in stored_parts(self._folder):
            path = part_path(self._folder, part)
            reason = marked(path)
            if reason is not None:
                found.append(f"{path.name} ({reason})")
            else:
                mark_path(path).unlink(missing_ok=True)
        self._damaged.set(len(found))
        if not found:
            self._alarm.end()
            return
        more = f" and {len(found) - NAMED_MAX} more" if len(found) > NAMED_MAX else ""
        self._alarm.begin(reason=", ".join(found[:NAMED_MAX]) + more)
