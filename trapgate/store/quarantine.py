"""What could not be processed as it was, kept aside for a person: one JSON line each.

In: events that a store refuses for good, events and datagrams that raised inside trapgate. Out: the
files `newest.jsonl` and `older.jsonl`. The flow does not wait for them: what they hold is in the
event store, too, or has a note in its place there.
"""

import errno
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from trapgate.model import Datagram, Event, Now, rfc3339
from trapgate.observe import Metrics, logger

FILE_BYTES_MAX = 32 * 1024 * 1024
"""Bound of each of the two files: together tens of thousands of events, more than anybody reads;
the newest are kept, because what is wrong now is what counts."""

RECENT_MAX = 65_536
"""Lines that are remembered so as not to be written again, some 8 MB: several times as many as are
tried again as a whole (`pipeline.behind.WRITE_EVENTS_MAX`), else each try would push out all of the
one before. Whoever reads a spool again, behind others, meets the same datagrams."""

REFUSED = "refused-by-store"
INTERNAL_ERROR = "internal-error"
UNMATCHED = "unmatched"
"""Reasons, in the metric; a line has the store's own words too."""


class Quarantine:
    """Two files, of which the older one gives way. For one process, safe in several threads.

    They are for the owner only: the bytes of an SNMP datagram hold its community. A line survives
    this process at once and the machine some seconds later.
    """

    def __init__(self, folder: Path, metrics: Metrics, now: Callable[[], Now]) -> None:
        self._folder = folder
        self._now = now
        self._lock = threading.Lock()
        self._recent: dict[bytes, None] = {}
        self._count = metrics.counter("trapgate_ingest_quarantined_total")
        self._failures = metrics.counter("trapgate_ingest_failures_total").labels("unquarantined")

    def events(self, refused: Sequence[tuple[Event, str]]) -> None:
        """Keep events that a store refuses, each with the store's reason."""
        self._keep(REFUSED, [{"detail": why, "event": _plain(event)} for event, why in refused])

    def unmatched(self, event: Event, error: str) -> None:
        """Keep an event at which matching raised, with what it raised: no rule has seen it."""
        self._keep(UNMATCHED, [{"detail": error, "event": _plain(event)}])

    def datagram(self, datagram: Datagram, error: str) -> None:
        """Keep a datagram that raised, with what it raised."""
        self._keep(INTERNAL_ERROR, [{"detail": error, "datagram": _plain(datagram)}])

    def _keep(self, reason: str, entries: Iterable[dict[str, object]]) -> None:
        """Append; what the disk refuses is counted and told."""
        head = {"quarantined_at": rfc3339(self._now().wall_ns), "reason": reason}
        with self._lock:
            lines = [_Line(json.dumps(head | entry) + "\n", _digest(entry)) for entry in entries]
            # by digest: the same may be there twice in one call, too
            new = {line.digest: line for line in lines if line.digest not in self._recent}
            for batch in _batches([*new.values()]):
                try:
                    self._append("".join(line.text for line in batch).encode())
                except OSError as error:
                    logger().error("quarantine.unwritable", reason=str(error), lost=len(batch))
                    self._failures.inc(len(batch))
                else:
                    self._remember(batch)
                    self._count.labels(reason).inc(len(batch))

    def _remember(self, lines: Sequence["_Line"]) -> None:
        """They are written: what the disk has refused is not a copy when it comes again."""
        for line in lines:
            if len(self._recent) >= RECENT_MAX:
                del self._recent[next(iter(self._recent))]
            self._recent[line.digest] = None

    def _append(self, lines: bytes) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        newest = self._folder / "newest.jsonl"
        if newest.exists() and newest.stat().st_size + len(lines) > FILE_BYTES_MAX:
            newest.replace(self._folder / "older.jsonl")
        fd = os.open(newest, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size_bytes = os.fstat(fd).st_size
            written = os.write(fd, lines)
            if written < len(lines):
                os.ftruncate(fd, size_bytes)  # no half of a line
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(fd)


class _Line(NamedTuple):
    text: str
    digest: bytes


def _digest(entry: Mapping[str, object]) -> bytes:
    """Of what is kept, without the time at which it was."""
    return blake2b(json.dumps(entry).encode(), digest_size=16).digest()


def _batches(lines: Sequence[_Line]) -> Iterator[Sequence[_Line]]:
    """The lines in batches, each of which fits into a file; a longer line is one of its own."""
    start = size_bytes = 0
    for index, (text, _) in enumerate(lines):  # it is ASCII: a character is a byte
        if index > start and size_bytes + len(text) > FILE_BYTES_MAX:
            yield lines[start:index]
            start, size_bytes = index, 0
        size_bytes += len(text)
    if start < len(lines):
        yield lines[start:]


def _plain(thing: Event | Datagram) -> object:
    """What JSON can say of it, also where a stage has made something that no store takes (text that
    is no Unicode, numbers of any size); bytes are in base64."""
    return msgspec.to_builtins(thing)
