"""Texts for other processes: whole or not at all, and without a need for room."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.observe.notice import BYTES_STEP, Unreadable, show, shown

BLOCK_BYTES = 512
"""The unit of `st_blocks`."""


def test_the_last_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "notice"
    for text in (b"first", b"", b"a longer one\nwith lines\n" * 50, b"short"):
        show(path, text)
        assert shown(path) == text


def test_its_room_is_taken_at_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notice"
    show(path, b"small")
    first = path.stat()
    assert first.st_blocks * BLOCK_BYTES >= BYTES_STEP
    show(path, b"x" * (BYTES_STEP - 100))
    after = path.stat()
    assert (after.st_ino, after.st_size, after.st_blocks) == (
        first.st_ino,
        first.st_size,
        first.st_blocks,
    )


def test_a_text_may_be_larger_than_a_step(tmp_path: Path) -> None:
    show(tmp_path / "notice", b"x" * BYTES_STEP)
    assert shown(tmp_path / "notice") == b"x" * BYTES_STEP
    assert (tmp_path / "notice").stat().st_size == 2 * BYTES_STEP


def test_there_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        shown(tmp_path / "notice")


@given(st.binary(max_size=200))
def test_anything_else_is_unreadable(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "other"
    path.write_bytes(data)
    with pytest.raises(Unreadable):
        shown(path)


def test_a_text_that_is_half_written_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "notice"
    show(path, b"the one before, which was longer")
    before = path.read_bytes()
    show(path, b"the new one")
    torn = path.read_bytes()[:20] + before[20:]
    path.write_bytes(torn)
    with pytest.raises(Unreadable):
        shown(path)
