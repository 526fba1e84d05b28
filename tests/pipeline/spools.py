"""A durable stream without files: a crash leaves what is here, not what is in its readers."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from trapgate.model import Position


class MemorySpool:
    """Records in order, and the acknowledged place of each reader.

    Sequences count from `first`: a spool whose oldest segments are deleted starts later than at 1.
    """

    def __init__(self, stream: str = "raw-1", first: int = 1) -> None:
        self.stream = stream
        self.first = first
        self.payloads: list[bytes] = []
        self.places: dict[str, tuple[int, bytes]] = {}
        self.synced: dict[str, tuple[int, bytes]] = {}
        self.snapshots: dict[str, MemorySnapshot] = {}

    @property
    def last(self) -> int:
        return self.first + len(self.payloads) - 1

    def append(self, payloads: Sequence[bytes]) -> Position:
        self.payloads += payloads
        return Position(self.stream, self.last)

    def delete(self, to: int) -> None:
        """The oldest records are deleted, up to this one."""
        del self.payloads[: to + 1 - self.first]
        self.first = to + 1

    def cut_power(self) -> None:
        """Of the acknowledged places those are left that were synced."""
        self.places = dict(self.synced)

    def reader(self, name: str) -> "MemoryReader":
        """The reader of this name as it is after a start."""
        return MemoryReader(self, name)

    def snapshot(self, name: str) -> "MemorySnapshot":
        """What the reader of this name has saved."""
        return self.snapshots.setdefault(name, MemorySnapshot())


class MemorySnapshot:
    """Implements `trapgate.ports.Snapshot`."""

    def __init__(self) -> None:
        self.saved: tuple[Mapping[str, int], bytes] = ({}, b"")

    def load(self) -> tuple[Mapping[str, int], bytes]:
        return self.saved

    def save(self, places: Mapping[str, int], memory: bytes) -> None:
        self.saved = (places, memory)


class MemoryReader:
    """Implements `trapgate.ports.SpoolReader`. With `broken` set, `ack` is where the process
    dies."""

    def __init__(self, spool: MemorySpool, name: str) -> None:
        self.spool = spool
        self.name = name
        self.broken = False

    @property
    def stream(self) -> str:
        return self.spool.stream

    def read(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        sequences = range(self.spool.first, self.spool.last + 1)
        start = bisect_right(sequences, after)
        return [
            (sequence, self.spool.payloads[sequence - self.spool.first])
            for sequence in sequences[start : start + limit]
        ]

    def ack(self, sequence: int, ledger: bytes = b"") -> None:
        if self.broken:
            raise Died(self.name)
        self.spool.places[self.name] = (sequence, ledger)

    def acked(self) -> tuple[int, bytes]:
        return self.spool.places.get(self.name, (0, b""))

    def sync(self) -> None:
        self.spool.synced[self.name] = self.acked()


class Died(Exception):
    """The process is gone between what a sink has taken and its acknowledgement."""
