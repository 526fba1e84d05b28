"""Kill -9 of the writer: what it said it had stored is there, a batch is whole, a replay is
harmless."""

import subprocess
import sys
from pathlib import Path

from store.events import event
from trapgate.model import NEVER, Position
from trapgate.model.query import Everything
from trapgate.store import SqliteEventStore

BATCH = 20

WRITER = f"""
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from store.events import event
from trapgate.store import SqliteEventStore
store = SqliteEventStore.open(Path(sys.argv[1]))
first = 1
while True:
    store.write([event(n) for n in range(first, first + {BATCH})])
    first += {BATCH}
    print(first - 1, flush=True)
"""


def test_kill(tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[2])
    for round_ in range(1, 4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), tests], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(round_ * 5):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            rest = writer.stdout.read().split("\n")
        acknowledged = max(acknowledged, *(int(line) for line in rest[:-1]), 0)
        store = SqliteEventStore.open(tmp_path)
        stored = [e.position.sequence for e in store.since(Position("raw-1", 0), 100_000)]
        assert stored == list(range(1, len(stored) + 1))
        assert len(stored) >= acknowledged
        assert len(stored) % BATCH == 0
        store.write([event(n) for n in stored[-2 * BATCH :]])
        found = store.search(Everything(), start=0, end=NEVER, limit=100_000)
        assert len(found) == len(stored)
        store.close()
