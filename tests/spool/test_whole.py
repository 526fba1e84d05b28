"""A file is the old or the new one, never a part of it."""

import os
from pathlib import Path

import pytest

from trapgate.spool.whole import SCRATCH_SUFFIX, replace_file


def test_it_is_replaced_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.json"
    first = replace_file(path, b"one")
    second = replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert first.st_ino != second.st_ino
    assert second.st_ino == path.stat().st_ino
    assert os.stat(path).st_mode & 0o077 == 0
    assert os.stat(path.parent).st_mode & 0o077 == 0


def test_a_refusal_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    replace_file(path, b"one")
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(path, b"two")
    assert path.is_dir()
    assert list(tmp_path.glob(f"*{SCRATCH_SUFFIX}")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write into what is others'")
def test_root_takes_no_file_away_from_its_owner(tmp_path: Path) -> None:
    nobody = 65_534
    os.chown(tmp_path, nobody, nobody - 1)
    made = replace_file(tmp_path / "file.json", b"one")
    assert (made.st_uid, made.st_gid) == (nobody, nobody - 1)
    os.chown(tmp_path / "file.json", nobody - 2, nobody - 3)
    replaced = replace_file(tmp_path / "file.json", b"two")
    assert (replaced.st_uid, replaced.st_gid) == (nobody - 2, nobody - 3)
    assert replaced.st_mode & 0o077 == 0
