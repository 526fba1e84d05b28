"""The writers of a folder's parts: which part an event belongs to, and when a new one is begun."""

import sqlite3
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from trapgate.model import Event
from trapgate.store.errors import OlderSchema
from trapgate.store.sqlite.damage import is_unusable
from trapgate.store.sqlite.folder import (
    DAY_NS,
    Aside,
    Part,
    finish_aside,
    part_path,
    set_aside,
    stored_parts,
)
from trapgate.store.sqlite.writer import PartWriter

PART_BYTES_MAX = 2 << 30
"""2 GiB, about 1.5 million events: the cost of an event and the time to open a file do not grow
with the day, and deleting one frees a piece that is small beside a disk."""

PART_BYTES_MIN = 16 << 20
"""A part of a store with a tiny bound: an empty one takes 0.1 MB already."""

PARTS_MIN = 8
"""A part is an eighth of what all may take at most, so that deleting the oldest leaves most."""

PARTS_MAX = 64
"""A part is a sixty-fourth of it at least: a search has all of a day's files open, and six
descriptors for each."""

WRITERS_OPEN_MAX = 2
"""A batch around midnight goes to two parts; a third is closed, for each has a cache."""


Answer = TypeVar("Answer")


class PartWriters:
    """Writes batches into the parts that they belong to; raises `sqlite3.Error` and `OSError` as
    they come, but for a part that is broken or of an older trapgate: it is set aside, a new one
    takes its place, and `on_broken` is told of both files and the reason. A part whose file was
    deleted while it was open is begun anew, and `on_gone` is told of the file.

    An event belongs to the day in which it was received, there to the newest part that begins
    before it in its stream: what a part begins with is written into it when it is made. So a batch
    that is written again finds its rows, however many parts have been begun since.
    """

    def __init__(
        self,
        folder: Path,
        part_bytes_max: int,
        on_broken: Callable[[Path, Path, Exception], None],
        on_gone: Callable[[Path], None],
    ) -> None:
        self.full_bytes = part_bytes_max
        self._bytes_max = part_bytes_max
        self._folder = folder
        self._on_broken = on_broken
        self._on_gone = on_gone
        self._open: dict[Part, PartWriter] = {}
        self._days: dict[int, list[int]] = {}

    def write(self, events: Sequence[Event]) -> None:
        """Store a batch: one transaction for each part in it."""
        self.notice_gone()
        by_day: dict[int, list[Event]] = {}
        for event in events:
            by_day.setdefault(event.received_at // DAY_NS, []).append(event)
        for day in sorted(by_day):
            self._write_day(day, by_day[day])

    @property
    def written(self) -> Container[Part]:
        """The parts that are open."""
        return self._open.keys()

    def owed_bytes(self) -> int:
        """What parts will still grow by, though nothing more is stored."""
        return sum(writer.owed_bytes() for writer in self._open.values())

    def notice_gone(self) -> None:
        """Forget the open parts whose files were deleted or replaced, some microseconds for each:
        what is written into them is nowhere. Raises `OSError`."""
        for part, writer in list(self._open.items()):
            if not writer.still_there():
                del self._open[part]
                self._days.pop(part.day, None)
                self._on_gone(part_path(self._folder, part))
                writer.abandon()

    def fit_into(self, bytes_max: int) -> None:
        """All parts together may take so much: they are to be neither too few nor too many."""
        wanted = max(self._bytes_max, bytes_max // PARTS_MAX)
        self.full_bytes = min(wanted, max(PART_BYTES_MIN, bytes_max // PARTS_MIN))

    def forget(self, part: Part) -> None:
        """Close a part that is to be deleted."""
        if part in self._open:
            self._open.pop(part).close()
        self._days.pop(part.day, None)

    def set_aside(self, part: Part, error: Exception) -> None:
        """Put a part out of the way that cannot be used, because of `error`. Raises `OSError`."""
        if part in self._open:
            self._open.pop(part).close()
        why: Aside = "older" if isinstance(error, OlderSchema) else "broken"
        self._on_broken(part_path(self._folder, part), set_aside(self._folder, part, why), error)

    def finish_aside(self, part: Part) -> None:
        """Finish what was begun before a crash, or before the disk refused. Raises `OSError`."""
        aside = finish_aside(self._folder, part)
        if aside is not None:
            error = InterruptedError("it was just being set aside, for a reason that was not told")
            self._on_broken(part_path(self._folder, part), aside, error)

    def close(self) -> None:
        """Fold the journals into the files; safe twice."""
        self._days.clear()
        while self._open:
            self._open.popitem()[1].close()

    def _write_day(self, day: int, events: Sequence[Event]) -> None:
        numbers = self._numbers(day)
        if not numbers:
            numbers.append(1)
        elif self._mended(Part(day, numbers[-1]), self._is_full):
            numbers.append(numbers[-1] + 1)
        left = events
        for number in reversed(numbers):
            part = Part(day, number)
            mine, left = left, []
            if number != numbers[0]:  # what an older one had that is gone goes to the oldest
                firsts = self._mended(part, lambda writer: writer.firsts)
                left = [e for e in mine if e.position.sequence < firsts.get(e.position.stream, 1)]
                if left:
                    mine = [
                        e for e in mine if e.position.sequence >= firsts.get(e.position.stream, 1)
                    ]
            if mine:
                self._mended(part, partial(PartWriter.write, events=mine))
            if not left:
                break

    def _is_full(self, writer: PartWriter) -> bool:
        return writer.size_bytes() >= self.full_bytes

    def _mended(self, part: Part, work: Callable[[PartWriter], Answer]) -> Answer:
        """Do something with a part; if it is broken, with the new one in its place."""
        try:
            return work(self._writer(part))
        except (sqlite3.Error, OlderSchema) as error:
            if not is_unusable(error):
                raise
            self.set_aside(part, error)
            return work(self._writer(part))

    def _writer(self, part: Part) -> PartWriter:
        writer = self._open.get(part)
        if writer is None:
            self.finish_aside(part)
            writer = PartWriter(part_path(self._folder, part), lambda: self._following(part))
            while len(self._open) >= WRITERS_OPEN_MAX:
                self._open.pop(min(self._open)).close()
            self._open[part] = writer
        return writer

    def _following(self, part: Part) -> Mapping[str, int]:
        """What a part begins with: where the one before it ends."""
        before = [number for number in self._numbers(part.day) if number < part.number]
        if not before:
            return {}
        return self._mended(Part(part.day, before[-1]), PartWriter.following)

    def _numbers(self, day: int) -> list[int]:
        """The numbers of a day's parts, oldest first; remembered, for there is one writer."""
        if day not in self._days:
            parts = stored_parts(self._folder)
            self._days[day] = [part.number for part in parts if part.day == day]
        return self._days[day]
