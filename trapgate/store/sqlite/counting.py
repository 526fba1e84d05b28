"""How many events there are of each combination of values."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product

from trapgate.model import Event, FieldValue
from trapgate.query import read_field
from trapgate.query.sql import Condition
from trapgate.query.texts import texts_of
from trapgate.store.errors import TooManyGroups
from trapgate.store.sqlite.plan import facet_event
from trapgate.store.sqlite.reader import PartReader

GROUPS_MAX = 100_000
"""Groups of an aggregation: about 30 MB, and more than anybody reads."""


class Groups:
    """Counts by the values of some fields; an event without a field counts under "", one with
    several values under each of them. Raises `TooManyGroups` beyond `GROUPS_MAX`."""

    def __init__(self, by: Sequence[str]) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self._fields = [read_field(name) for name in by]

    def add(self, events: Iterable[Event]) -> None:
        """Count these events."""
        for event in events:
            self._count(event, 1)

    def add_facets(self, reader: PartReader, hot: Condition, start: int, end: int) -> None:
        """Count the events of a part that were received in [start, end) and meet a condition of hot
        fields, by their facets alone."""
        counted = reader.facet_counts(start, end)
        for number, facet in reader.facets(hot):
            if number in counted:
                self._count(facet_event(facet), counted[number])

    def _count(self, event: Event, times: int) -> None:
        for values in product(*(_texts(field(event)) for field in self._fields)):
            self.counts[values] += times
        if len(self.counts) > GROUPS_MAX:
            raise TooManyGroups(GROUPS_MAX)


def _texts(value: FieldValue | None) -> Sequence[str]:
    """The values of a field as an aggregation names them."""
    return tuple(dict.fromkeys(texts_of(value))) or ("",)
