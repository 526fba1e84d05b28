"""Which events may be in the store already, so that it must be asked before they are written.

`create` refuses an id that its index has; but a data stream's ids are unique within one of its
indices only, and an event that is written again after a roll-over would be there twice. So what may
have been written before (after a start, or an attempt of which nobody knows how it ended) is looked
for in all of them first. No IO.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from trapgate.model import Event

ASKED_EVENTS = 65_536
"""Of a stream, so many in a row must not be there until it is believed that what follows is new:
more than any writer has under way at a time, which is what an interrupted one may write again."""


class Replays:
    """What is doubtful, by stream: at first every one is."""

    def __init__(self, asked_events: int = ASKED_EVENTS) -> None:
        self._asked_events = asked_events
        self._left: dict[str, int] = {}

    def doubt(self) -> None:
        """Something was written of which it is not known whether it is there."""
        self._left.clear()

    def doubtful(self, events: Sequence[Event]) -> list[Event]:
        """Those of the events to ask for."""
        left, all_left = self._left, self._asked_events
        return [event for event in events if left.get(event.position.stream, all_left) > 0]

    def settled(self, asked: Sequence[Event], there: Collection[str]) -> None:
        """The events that were asked for are written now; `there` are the ids of those that had
        been before."""
        for stream, count in Counter(event.position.stream for event in asked).items():
            self._left[stream] = self._left.get(stream, self._asked_events) - count
        for event in asked:
            if event.id in there:
                self._left[event.position.stream] = self._asked_events
