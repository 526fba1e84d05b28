"""Which parts go: those that are older than events are kept, and those beyond the room there is.

In: the parts that are held, a moment, bounds. Out: the parts to delete. The newest day is never
too old, and the newest part never too much: a network may be silent for longer than events are
kept.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from trapgate.model import NS_PER_S, Now
from trapgate.store.errors import NewerSchema, OlderSchema
from trapgate.store.sqlite.folder import BUCKET_NS, DAY_NS, Part, part_path
from trapgate.store.sqlite.schema import open_to_read

GRACE_S: Final = 3_600
"""For so long a part must have been too old before it goes, at each look. A clock that was set
wrong (a time server that answers nonsense, a machine that wakes up with an empty battery) is
mostly put right within minutes: until then nothing may go that is not too old."""


class Expiry:
    """What is too old, and since when: by a clock that is never set, so that a wall clock which
    jumps ahead ages nothing before `GRACE_S`."""

    def __init__(self) -> None:
        self._since: dict[Part, int] = {}

    def due(self, held: Sequence[Part], now: Now, days: int) -> list[Part]:
        """Of these parts, oldest first, those of days that ended more than this many days ago, by
        this look and by all of the last `GRACE_S`; none of the newest day. To be asked again and
        again; it begins anew with the process."""
        before = now.wall_ns - days * DAY_NS
        old = [part for part in held if (part.day + 1) * DAY_NS <= before]
        self._since = {
            part: self._since.get(part, now.elapsed_ns) for part in old if part.day < held[-1].day
        }
        long_ago = now.elapsed_ns - GRACE_S * NS_PER_S
        return [part for part, since in self._since.items() if since <= long_ago]


_EXTENT: Final = "SELECT (SELECT min(bucket) FROM buckets), (SELECT max(bucket) FROM buckets)"


def extent(folder: Path, part: Part) -> tuple[int, int]:
    """From and until when a part's events were received, to 10 s; those of its whole day if it
    cannot be read."""
    with suppress(sqlite3.Error, OlderSchema, NewerSchema):
        connection = open_to_read(part_path(folder, part))
        if connection is not None:
            with closing(connection):
                ((first, last),) = connection.execute(_EXTENT)
                if first is not None:
                    return first * BUCKET_NS, (last + 1) * BUCKET_NS
    return part.day * DAY_NS, (part.day + 1) * DAY_NS


def surplus(sizes: Mapping[Part, int], bytes_max: int) -> list[Part]:
    """Of parts and what they take, oldest first, the oldest without which the rest fits, or the
    newest is left."""
    excess = sum(sizes.values()) - bytes_max
    found: list[Part] = []
    for part in list(sizes)[:-1]:
        if excess <= 0:
            break
        excess -= sizes[part]
        found.append(part)
    return found
