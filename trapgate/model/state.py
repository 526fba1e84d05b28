"""Persisted state as the store sees it: keys, values, revisions."""

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """A stored value. `revision` is that of the commit that last wrote this key, from 1."""

    key: str
    value: bytes
    revision: int


class Put(msgspec.Struct, frozen=True):
    """Write `key` if it still has `expected` as its revision (0: it must not exist). A `value` of
    `None` deletes it."""

    key: str
    expected: int
    value: bytes | None


class Unit(msgspec.Struct, frozen=True):
    """Writes that win or lose together: each key once, and at most as many as the store takes
    (`StateStore.unit_puts_max`)."""

    puts: tuple[Put, ...]


UNIT_PUTS_MAX = 120
"""Every store takes a unit of so many puts. etcd takes 127 nested operations in a transaction at
most; some room is left for a guard."""


class Applied(msgspec.Struct, frozen=True):
    """The unit won: its keys now have `revision`."""

    revision: int


class Conflict(msgspec.Struct, frozen=True):
    """The unit lost and changed nothing; `current` are the entries that were not as expected
    (a key that does not exist is left out)."""

    current: tuple[Entry, ...]


UnitOutcome = Applied | Conflict
