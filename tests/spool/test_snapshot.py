"""A reader's memory on disk: whole or not at all."""

import os
from pathlib import Path

import msgspec
import pytest

from trapgate.spool import SCRATCH_SUFFIX
from trapgate.spool.snapshot import SNAPSHOT_SCHEMA, SnapshotFile

PLACES = {"raw-1": 7, "bulk-1": 3}


def test_what_is_saved_is_loaded_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "memory" / "rules.snapshot"
    SnapshotFile(path).save(PLACES, b"\0\xff")
    SnapshotFile(path).save({"raw-1": 8}, b"later")
    assert SnapshotFile(path).load() == ({"raw-1": 8}, b"later")


def test_without_a_file_there_is_no_memory(tmp_path: Path) -> None:
    assert SnapshotFile(tmp_path / "rules.snapshot").load() == ({}, b"")


def test_a_file_cut_anywhere_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "rules.snapshot"
    SnapshotFile(path).save(PLACES, b"memory")
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert SnapshotFile(path).load() == ({}, b"")


def test_another_version_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "rules.snapshot"
    SnapshotFile(path).save(PLACES, b"memory")
    saved = msgspec.msgpack.decode(path.read_bytes())
    path.write_bytes(msgspec.msgpack.encode({**saved, "schema": SNAPSHOT_SCHEMA + 1}))
    assert SnapshotFile(path).load() == ({}, b"")


def test_a_disk_that_refuses_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rules.snapshot"
    SnapshotFile(path).save(PLACES, b"memory")
    path.with_suffix(f".{os.getpid()}{SCRATCH_SUFFIX}").mkdir()
    with pytest.raises(OSError, match=r"directory|permitted"):
        SnapshotFile(path).save({"raw-1": 8}, b"later")
    assert SnapshotFile(path).load() == (PLACES, b"memory")


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "memory" / "rules.snapshot"
    SnapshotFile(path).save(PLACES, b"memory")
    assert os.stat(path).st_mode & 0o077 == 0
    assert os.stat(path.parent).st_mode & 0o077 == 0
