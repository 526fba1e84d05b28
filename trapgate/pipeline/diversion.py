"""Which datagrams go to the bulk lane: those of peers that send more than a fair share.

In: batches of spool records. Out: peers. While the rules reader keeps up there are none, and no
record is looked at. Without IO: the spools' backlogs are asked for.
"""

from collections import Counter
from collections.abc import Callable, Sequence, Set

from trapgate.listen import peer_address

BACKLOG_CALM = 2_048
"""Records of the first lane that may wait: about a batch of ingest, some 40 ms of its work. A
device's trap waits no longer than that for others'."""

PEER_SHARE = 1 / 8
"""What one peer may have of the latest arrivals; above it is more than its fair share ..."""

PEER_RECORDS_MIN = 16
"""... but never below so many: a quiet device's handful passes, a flood's thousands do not."""

WINDOW_RECORDS = 4_096
"""The latest arrivals: what came earlier counts half as much with each window."""


class FairShare:
    """Counts arrivals by peer, with a memory that fades. Bounded: peers without a record in the
    latest windows are forgotten."""

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._total = 0

    def __len__(self) -> int:
        """Peers that are remembered."""
        return len(self._counts)

    def over(self, peers: list[bytes]) -> set[bytes]:
        """Count these arrivals; who of them is over its share by now."""
        counts = self._counts
        counts.update(peers)
        self._total += len(peers)
        most = max(PEER_RECORDS_MIN, self._total * PEER_SHARE)
        found = {peer for peer in set(peers) if counts[peer] > most}
        if self._total > WINDOW_RECORDS:
            halves = {peer: count // 2 for peer, count in counts.items() if count > 1}
            self._counts = Counter(halves)
            self._total = sum(halves.values())
        return found

    def clear(self) -> None:
        self._counts.clear()
        self._total = 0


class Diversion:
    """Who is diverted. A peer stays so until the bulk lane has been read to its end, so that its
    records stay in order; on its way there the barrier (`pipeline.lanes`) keeps the order."""

    def __init__(
        self, first_backlog: Callable[[], int], bulk_backlog: Callable[[], int], peers: set[bytes]
    ) -> None:
        """The backlogs are what the rules reader has not read of the two lanes; `peers` have
        unread records in the bulk lane already."""
        self._first_backlog = first_backlog
        self._bulk_backlog = bulk_backlog
        self._peers = peers
        self._share = FairShare()
        self._waiting = BACKLOG_CALM  # not known: the first batch asks

    def judge(self, records: Sequence[bytes]) -> tuple[Set[bytes], bool]:
        """The peers whose records go to the bulk lane, from these on, and whether there are new
        ones among them, which need a barrier. Peers are as their addresses stand in records."""
        pressed = self._pressed(len(records))
        if self._peers and not self._bulk_backlog():
            self._peers.clear()
        if not pressed:
            self._share.clear()
            return self._peers, False
        before = len(self._peers)
        self._peers |= self._share.over([peer_address(record) for record in records])
        return self._peers, len(self._peers) > before

    def _pressed(self, more: int) -> bool:
        """Whether too much waits in the first lane with so many more. What waits is at most what
        waited when it was last asked for, and what came since."""
        if self._waiting + more > BACKLOG_CALM:
            self._waiting = self._first_backlog()
        self._waiting += more
        return self._waiting > BACKLOG_CALM
