"""The state in memory: the contract without the disk, for tests and simulations."""

from collections import deque
from collections.abc import Iterator, Sequence

from trapgate.model import UNIT_PUTS_MAX, Entry, Unit, UnitOutcome
from trapgate.state.draft import Draft
from trapgate.state.errors import StateUnavailable


class MemoryStateStore:
    """Implements `ports.StateStore`; what it has dies with it.

    It can be told to fail, as a disk or a network does, to see what its caller makes of it. Its
    units are as small as those of any store, unless it is told otherwise.
    """

    def __init__(self, unit_puts_max: int = UNIT_PUTS_MAX) -> None:
        self.unit_puts_max = unit_puts_max
        self._entries: dict[str, Entry] = {}
        self._revision = 0
        self._failures: deque[tuple[StateUnavailable, bool]] = deque()

    def fail_next(
        self, reason: str = "told to fail", *, uncertain: bool = False, applied: bool = False
    ) -> None:
        """Let the next `commit` (once more for each call) raise `StateUnavailable`.

        With `uncertain` the exception leaves open whether the units were applied; with `applied`
        they were, as when only the answer is lost, which is always uncertain.
        """
        self._failures.append((StateUnavailable(reason, uncertain=uncertain or applied), applied))

    def load(self) -> tuple[Sequence[Entry], int]:
        """Every entry, and the revision as of which they were read."""
        return tuple(self._entries.values()), self._revision

    def commit(self, units: Sequence[Unit]) -> Sequence[UnitOutcome]:
        """Apply each unit whole or not at all, in order. Raises `ValueError` for units that no
        store takes (nothing is applied then), `StateUnavailable` as told."""
        draft = Draft(self._revision, self._revision_of, self._entries.get, self.unit_puts_max)
        outcomes = [draft.judge(unit) for unit in units]
        failure, applied = self._failures.popleft() if self._failures else (None, True)
        if applied:
            self._revision = draft.revision
            for key, entry in draft.changes.items():
                if entry is None:
                    self._entries.pop(key, None)
                else:
                    self._entries[key] = entry
        if failure is not None:
            raise failure
        return outcomes

    def watch(self, after: int) -> Iterator[Entry]:
        """Empty: there is one opener."""
        return iter(())

    def close(self) -> None:
        """Nothing to give up; safe twice."""

    def _revision_of(self, key: str) -> int:
        entry = self._entries.get(key)
        return 0 if entry is None else entry.revision
