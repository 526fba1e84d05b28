"""One commit before it is durable: which units win, and what is to be written if they do."""

from collections.abc import Callable, Mapping

from trapgate.model import UNIT_PUTS_MAX, Applied, Conflict, Entry, Unit, UnitOutcome


class Draft:
    """Judges units in order against a store's keys; a later unit sees what earlier ones wrote.

    `revision_of` gives the stored revision of a key (0: there is none), `read` its entry; nothing
    is changed but the draft. `revision` is that of the last unit that won.
    """

    def __init__(
        self,
        revision: int,
        revision_of: Callable[[str], int],
        read: Callable[[str], Entry | None],
        unit_puts_max: int = UNIT_PUTS_MAX,
    ) -> None:
        self.revision = revision
        self._revision_of = revision_of
        self._read = read
        self._unit_puts_max = unit_puts_max
        self._changes: dict[str, Entry | None] = {}

    @property
    def changes(self) -> Mapping[str, Entry | None]:
        """What each written key has in the end; `None` is deleted."""
        return self._changes

    def judge(self, unit: Unit) -> UnitOutcome:
        """Whether the unit wins: every key has the revision that it expects. Raises `ValueError`
        for a unit that no store takes, which is a bug of the caller."""
        check_unit(unit, self._unit_puts_max)
        stale = [put.key for put in unit.puts if self._revision(put.key) != put.expected]
        if stale:
            entries = (self._entry(key) for key in stale)
            return Conflict(tuple(entry for entry in entries if entry is not None))
        self.revision += 1
        for put in unit.puts:
            self._changes[put.key] = (
                None if put.value is None else Entry(put.key, put.value, self.revision)
            )
        return Applied(self.revision)

    def _revision(self, key: str) -> int:
        if key not in self._changes:
            return self._revision_of(key)
        entry = self._changes[key]
        return 0 if entry is None else entry.revision

    def _entry(self, key: str) -> Entry | None:
        return self._changes[key] if key in self._changes else self._read(key)


def check_unit(unit: Unit, puts_max: int) -> None:
    """Raise `ValueError` if a unit has too many puts or a key twice."""
    if len(unit.puts) > puts_max:
        raise ValueError(f"a unit of {len(unit.puts)} puts: at most {puts_max} fit")
    keys = {put.key for put in unit.puts}
    if len(keys) < len(unit.puts):
        raise ValueError(f"a unit puts a key twice: {sorted(put.key for put in unit.puts)}")
