"""What is SQLite's own: the file, its lock, its errors, and kill -9."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from trapgate.model import Applied, Put, Unit
from trapgate.state import NewerSchema, SqliteStateStore, StateLocked, StateUnavailable


def put(key: str, expected: int = 0, value: bytes | None = b"value") -> Unit:
    return Unit((Put(key, expected, value),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "state.sqlite"


def test_it_is_there_after_a_restart(path: Path) -> None:
    store = SqliteStateStore.open(path)
    store.commit([put("a"), put("b"), put("a", 1, None)])
    store.close()
    store.close()
    store = SqliteStateStore.open(path)
    entries, revision = store.load()
    assert [(entry.key, entry.value, entry.revision) for entry in entries] == [("b", b"value", 2)]
    assert revision == 3
    assert store.commit([put("a"), put("b", 2)]) == [Applied(4), Applied(5)]
    store.close()


def test_a_second_opener_is_refused(path: Path) -> None:
    store = SqliteStateStore.open(path)
    with pytest.raises(StateLocked, match="another process"):
        SqliteStateStore.open(path)
    store.close()
    SqliteStateStore.open(path).close()


def test_the_file_is_its_owners_only(path: Path) -> None:
    store = SqliteStateStore.open(path)
    store.commit([put("a")])
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    store.close()


def test_a_newer_file_is_refused_and_unlocked(path: Path) -> None:
    SqliteStateStore.open(path).close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 2")
    other.close()
    for _ in range(2):
        with pytest.raises(NewerSchema, match="schema version is 2") as caught:
            SqliteStateStore.open(path)
    assert (caught.value.path, caught.value.found, caught.value.known) == (path, 2, 1)


def test_a_file_whose_making_was_cut_short_is_made(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    store = SqliteStateStore.open(path)
    assert store.commit([put("a")]) == [Applied(1)]
    store.close()


def test_a_broken_file_is_reported(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 400)
    for _ in range(2):
        with pytest.raises(StateUnavailable, match="not a database"):
            SqliteStateStore.open(path)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateUnavailable):
        SqliteStateStore.open(tmp_path / "file" / "state.sqlite")


def refuse(path: Path, key: str) -> None:
    """Let the disk "fail" when this key is written."""
    with sqlite3.connect(path) as other:
        other.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON entries WHEN NEW.key = '{key}'"
            " BEGIN SELECT RAISE(ABORT, 'no space'); END"
        )
    other.close()


def test_a_commit_that_fails_leaves_nothing_anywhere(path: Path) -> None:
    store = SqliteStateStore.open(path)
    store.commit([put("old"), put("gone")])
    refuse(path, "poison")
    before = store.load()
    batch = [put("new"), put("old", 1), put("gone", 2, None), put("poison")]
    with pytest.raises(StateUnavailable, match="no space") as caught:
        store.commit(batch)
    assert (caught.value.reason, caught.value.uncertain) == ("no space", False)
    assert store.load() == before
    assert store.commit(batch[:3]) == [Applied(3), Applied(4), Applied(5)]
    store.close()
    store = SqliteStateStore.open(path)
    assert {entry.key: entry.revision for entry in store.load()[0]} == {"old": 4, "new": 3}
    store.close()


def test_a_locked_file_is_reported(path: Path) -> None:
    store = SqliteStateStore.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateUnavailable, match="locked"):
        store.commit([put("a")])
    other.execute("ROLLBACK")
    other.close()
    assert store.commit([put("a")]) == [Applied(1)]
    store.close()


def test_a_closed_store_is_unavailable(path: Path) -> None:
    store = SqliteStateStore.open(path)
    store.close()
    with pytest.raises(StateUnavailable, match="closed"):
        store.commit([put("a")])
    with pytest.raises(StateUnavailable, match="closed"):
        store.load()


COMMITTER = """
import sys
from pathlib import Path
from trapgate.model import Put, Unit
from trapgate.state import SqliteStateStore
store = SqliteStateStore.open(Path(sys.argv[1]))
revision = store.load()[1]
while True:
    number = revision + 1
    last = {entry.key: entry.revision for entry in store.load()[0]}.get("last", 0)
    value = str(number).encode()
    keys = (f"left/{number % 50}/{number}", f"right/{number % 50}/{number}")
    puts = (Put("last", last, value), *(Put(key, 0, value) for key in keys))
    revision = store.commit([Unit(puts)])[0].revision
    print(revision, flush=True)
"""


def test_kill(path: Path) -> None:
    """Nothing acknowledged is missing, and no unit is half there."""
    for round_ in range(1, 4):
        with subprocess.Popen(
            [sys.executable, "-c", COMMITTER, str(path)], stdout=subprocess.PIPE, text=True
        ) as committer:
            assert committer.stdout is not None
            for _ in range(round_ * 20):
                committer.stdout.readline()
            committer.kill()
            said = committer.stdout.read()
        acknowledged = max(map(int, re.findall(r"(\d+)\n", said)), default=0)
        store = SqliteStateStore.open(path)
        entries, revision = store.load()
        store.close()
        assert revision >= max(acknowledged, round_ * 20)
        found = {entry.key: (int(entry.value), entry.revision) for entry in entries}
        assert found.pop("last") == (revision, revision)
        assert found == {
            f"{side}/{number % 50}/{number}": (number, number)
            for number in range(1, revision + 1)
            for side in ("left", "right")
        }
