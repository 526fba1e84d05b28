"""A data folder with events in it, as a running trapgate leaves it."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from store.events import MIDNIGHT, event
from trapgate.model import NS_PER_S, Event
from trapgate.store import SqliteEventStore

DAY = ("--since", "2026-11-21", "--until", "2026-11-22", "--utc")
"""The options for the day of `store.events`."""


def stored(folder: Path, events: Iterable[Event]) -> None:
    """Put events into the store of the default configuration in this folder."""
    with closing(SqliteEventStore.open(folder / "data" / "events")) as store:
        store.write(list(events))


def sixty() -> list[Event]:
    """One event a second, of three devices and eight severities."""
    return [
        event(n, device=f"router-{n % 3}", severity=n % 8, message=f"event {n}")
        for n in range(1, 61)
    ]


def second(count: float) -> int:
    return MIDNIGHT + int(count * NS_PER_S)
