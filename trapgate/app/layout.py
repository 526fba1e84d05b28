"""Where things are in the data folder."""

import re
from pathlib import Path

import msgspec

_LANE = re.compile(r"raw-([1-9][0-9]*)")
"""A folder of the raw spool of another receive process than the first."""

FORGOTTEN_NAME = "engines-forgotten.json"


class Layout(msgspec.Struct, frozen=True):
    """Paths below `data`: `run` may be lost at any time, the rest must survive."""

    data: Path

    @property
    def raw_spool(self) -> Path:
        """The first lane of the first receive process."""
        return self.raw_lane(1)

    @property
    def bulk_spool(self) -> Path:
        """Its lane of those that send more than their share."""
        return self.bulk_lane(1)

    def raw_lane(self, worker: int) -> Path:
        """The first lane of a receive process; they are counted from 1."""
        return self.data / "spool" / ("raw" if worker == 1 else f"raw-{worker}")

    def bulk_lane(self, worker: int) -> Path:
        """The bulk lane of a receive process."""
        return self.data / "spool" / f"{self.raw_lane(worker).name}-bulk"

    def left_over(self, workers: int) -> tuple[int, ...]:
        """The receive processes beyond so many that have left lanes here when there were more.
        Raises `OSError`."""
        names = (_LANE.fullmatch(path.name) for path in (self.data / "spool").iterdir())
        return tuple(sorted(int(found[1]) for found in names if found and int(found[1]) > workers))

    @property
    def matches_spool(self) -> Path:
        return self.data / "spool" / "matches"

    @property
    def events(self) -> Path:
        return self.data / "events"

    @property
    def quarantine(self) -> Path:
        """What could not be processed as it was, for a person."""
        return self.data / "quarantine"

    @property
    def state(self) -> Path:
        return self.data / "state.sqlite"

    @property
    def history(self) -> Path:
        return self.data / "history.sqlite"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def bundle(self) -> Path:
        return self.run / "configuration.json"

    def memory(self, reader: str) -> Path:
        """What the ingest legs of this name remember of their spools."""
        return self.data / "memory" / f"{reader}.snapshot"

    @property
    def engine(self) -> Path:
        """Our own SNMPv3 engine: its ID and how often it was started."""
        return self.data / "engine.json"

    @property
    def revoked_engines(self) -> Path:
        """SNMPv3 engines from which nothing is taken."""
        return self.data / "engines-revoked.json"

    @property
    def forgotten_engines(self) -> Path:
        """SNMPv3 engines that are to be met as if for the first time."""
        return self.data / FORGOTTEN_NAME

    @property
    def lock(self) -> Path:
        return self.data / "lock"

    def metrics(self, process: str) -> Path:
        """The file in which a process publishes its metrics."""
        return self.run / f"{process}.prom"

    def create(self) -> None:
        """Make the folders that are missing, for their owner only: raw datagrams may hold secrets.

        A `data` that is there already keeps its mode, it may be a folder with other things in it;
        all that is put into it is closed to others. Raises `OSError`.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.run, self.raw_spool.parent, self.events):
            folder.mkdir(mode=0o700, exist_ok=True)


STORE_READER = "store"
RULES_READER = "rules"
CORE_READER = "core"
"""Names of the spools' readers; each has a cursor file of its own."""
