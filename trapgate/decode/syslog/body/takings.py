"""What becomes of the named values of a line: the parts and fields that are made of some, and the
field that keeps each under the vendor's own name.

In: what a dialect file says under `take`. Out: a plan for lines that name the same values, which is
remembered: a device writes few kinds of lines, each with its keys in one order.
"""

from itertools import compress

import msgspec

from trapgate.decode.syslog.body.pairs import Pairs
from trapgate.decode.syslog.body.patterns import Parts

PAIRS_PREFIX = "syslog.pairs."
"""Where the named values of a body are kept, under the vendor's own names."""

PLANS_CACHED_MAX = 256
"""Plans of one dialect that are remembered, each for up to 128 keys: firewalls have some dozens of
kinds of lines. Beyond it the memory starts anew."""

Taking = tuple[str, str, tuple[str, ...] | None]
"""What becomes of a named value: the part or field, and the key that may hold it, or several that
are joined. Of those of one part the first counts that has a value."""


class Plan(msgspec.Struct, frozen=True):
    """For lines that name certain values: the field of each, in order, and those takings of which
    one at least may find something."""

    fields: tuple[str, ...]
    takings: tuple[Taking, ...]

    def taken(self, pairs: Pairs) -> Parts:
        """The parts that are made of named values."""
        taken: Parts = {}
        for part, key, several in self.takings:
            if part in taken:
                continue
            value = pairs[key] if several is None else _joined(pairs, several)
            if value:
                taken[part] = value
        return taken

    def keep(self, fields: Parts, pairs: Pairs) -> None:
        """Add each value that is not empty under its name."""
        values = pairs.values()
        kept = zip(compress(self.fields, values), filter(None, values), strict=True)
        fields.update(kept)


class Takings:
    """What a dialect takes of its named values."""

    def __init__(self, takings: tuple[Taking, ...] = ()) -> None:
        self._takings = takings
        self._plans: dict[tuple[str, ...], Plan] = {}

    def plan(self, pairs: Pairs) -> Plan:
        """The plan for lines with these keys."""
        keys = tuple(pairs)
        plan = self._plans.get(keys)
        if plan is None:
            if len(self._plans) >= PLANS_CACHED_MAX:
                self._plans.clear()
            plan = self._plans[keys] = Plan(
                tuple([PAIRS_PREFIX + key for key in keys]),
                tuple([taking for taking in self._takings if _may_find(taking, pairs)]),
            )
        return plan


def _may_find(taking: Taking, pairs: Pairs) -> bool:
    _, key, several = taking
    return key in pairs if several is None else any(one in pairs for one in several)


def _joined(pairs: Pairs, keys: tuple[str, ...]) -> str:
    return " ".join(pairs.get(key, "") for key in keys).strip()
