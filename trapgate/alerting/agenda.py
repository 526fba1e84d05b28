"""What is to be done when: instants of elapsed time, so that a jump of the wall clock moves none.

Instants from the wall clock are turned into elapsed ones once, when they are put down.
"""

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

from trapgate.model import NEVER, Now

K = TypeVar("K")


def elapsed_of(wall_ns: int, now: Now) -> int:
    """The elapsed instant of a wall instant, as both clocks stand now."""
    return NEVER if wall_ns >= NEVER else now.elapsed_ns + (wall_ns - now.wall_ns)


class Agenda(Generic[K]):
    """One instant for each key; the soonest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, K]] = []
        self._instants: dict[K, int] = {}
        self._order = 0

    def put(self, key: K, elapsed_ns: int) -> None:
        """Set a key's instant, in place of the one before; `NEVER` removes it."""
        if elapsed_ns >= NEVER:
            self.drop(key)
            return
        if self._instants.get(key) != elapsed_ns:
            self._instants[key] = elapsed_ns
            self._order += 1
            heapq.heappush(self._heap, (elapsed_ns, self._order, key))

    def drop(self, key: K) -> None:
        """Forget a key."""
        self._instants.pop(key, None)

    def holds(self, key: K) -> bool:
        """Whether a key has an instant."""
        return key in self._instants

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
        self._instants.clear()

    def due(self, now: Now) -> Iterator[K]:
        """Take out the keys whose instant has come."""
        while self._heap and self._heap[0][0] <= now.elapsed_ns:
            instant, _, key = heapq.heappop(self._heap)
            if self._instants.get(key) == instant:
                del self._instants[key]
                yield key

    def next_ns(self) -> int:
        """The soonest instant, or `NEVER`."""
        while self._heap and self._instants.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER
