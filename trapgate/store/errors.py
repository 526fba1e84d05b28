"""What can go wrong in an event store, for its callers to tell apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from trapgate.model import Event, Place, Position


class StoreUnavailable(Exception):
    """The store cannot do its work now: the disk is full or failing, a file is locked or broken.

    Nothing of a batch that met it is visible in the file that it met; writing the batch again is
    harmless. `reason` has the words of SQLite or of the system.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StoreLocked(Exception):
    """Another process writes into this folder: there is one writer."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder}: another process writes events into this folder")
        self.folder = folder


class NewerSchema(Exception):
    """A file was written by a newer trapgate and is left as it is."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path}: its schema version is {found}, this trapgate knows {known}: "
            "run the newer version again or move the file away"
        )
        self.path = path
        self.found = found
        self.known = known


class OlderSchema(StoreUnavailable):
    """A file was written by an older trapgate: it is set aside as it is, and not read."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path}: its schema version is {found}, this trapgate reads {known} only: "
            "the trapgate that wrote it can read it, under its old name in another data folder"
        )
        self.path = path
        self.found = found
        self.known = known


class Rejected(ValueError):
    """The store refuses these events of a batch for good: each by its position and why.

    Set these aside. `rest_written` says whether the others are stored; if not, they are to be
    written again.
    """

    rest_written: ClassVar[bool] = True

    def __init__(self, events: Sequence[tuple[Position, str]]) -> None:
        (first, reason), more = events[0], len(events) - 1
        others = f" and {more} more" if more else ""
        super().__init__(
            f"event {first.stream}/{first.sequence}{others} cannot be stored: {reason}"
        )
        self.events = tuple(events)


class Unstorable(Rejected):
    """One event of a batch cannot be written in any form (text that is not Unicode, say); nothing
    of the batch's day was. It is a bug of an earlier stage."""

    rest_written = False

    def __init__(self, position: Position, reason: str) -> None:
        super().__init__([(position, reason)])
        self.position = position
        self.reason = reason


class TooWide(ValueError):
    """A question whose answer would take more work than one question may: it can be asked more
    narrowly. Never a part of the answer instead."""


class TooManyGroups(TooWide):
    """An aggregation by fields with more combinations of values than are counted."""

    def __init__(self, groups_max: int) -> None:
        super().__init__(f"more than {groups_max} groups: narrow the query or the time")
        self.groups_max = groups_max


class TooManyWords(TooWide):
    """A phrase that ends in the beginning of a word, and more words begin so than are looked for
    (Elasticsearch's `maxClauseCount`)."""

    def __init__(self) -> None:
        super().__init__(
            "too many words begin like the last one of the phrase: write more of that word, or at "
            "most four characters"
        )


class TooManyRows(TooWide):
    """A search that examined as many events as one may, before it found what was asked for.

    `events` are those that were found until then, `reached` is the place of the last event that
    was examined: a search that continues behind it (`before`) finds the rest. `None` where the
    store cannot say.
    """

    def __init__(
        self,
        rows_max: int,
        found: int,
        events: Sequence[Event] = (),
        reached: Place | None = None,
    ) -> None:
        super().__init__(
            f"{rows_max} events were examined and {found} of them met the query: "
            "narrow the query or the time"
        )
        self.rows_max = rows_max
        self.found = found
        self.events = events
        self.reached = reached
