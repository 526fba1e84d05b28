"""How many events there are of each combination of values: what both stores count alike."""

from collections import Counter
from collections.abc import Sequence
from itertools import product

from trapgate.model import Event, FieldValue
from trapgate.query import read_field
from trapgate.query.texts import texts_of
from trapgate.store.errors import TooManyGroups

GROUPS_MAX = 100_000
"""Groups of an aggregation: about 30 MB, and more than anybody reads."""

Key = tuple[str, ...]
"""The values of the fields that are counted by, "" for a missing one."""


class Groups:
    """Counts by the values of some fields; an event without a field counts under "", one with
    several values under each of them. Raises `TooManyGroups` beyond `groups_max`."""

    def __init__(self, by: Sequence[str], groups_max: int = GROUPS_MAX) -> None:
        self.counts: Counter[Key] = Counter()
        self._fields = [read_field(name) for name in by]
        self._groups_max = groups_max

    def add(self, event: Event, times: int = 1) -> None:
        """Count an event, or so many that have its values."""
        for key in product(*(_texts(field(event)) for field in self._fields)):
            self.counts[key] += times
        self._check()

    def add_group(self, key: Key, times: int) -> None:
        """Add what was counted already."""
        self.counts[key] += times
        self._check()

    def _check(self) -> None:
        if len(self.counts) > self._groups_max:
            raise TooManyGroups(self._groups_max)


def _texts(value: FieldValue | None) -> Sequence[str]:
    return tuple(dict.fromkeys(texts_of(value))) or ("",)
