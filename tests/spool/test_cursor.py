"""Cursors: two slots, one of which is always sound."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.spool.cursor import (
    LEDGER_BYTES_MAX,
    SLOT_BYTES,
    Cursor,
    cursor_path,
    cursor_sequence,
    sync_cursor,
)


def test_starts_before_the_first_record(tmp_path: Path) -> None:
    path = cursor_path(tmp_path / "new", "store")
    assert cursor_sequence(path) == 0
    cursor = Cursor(path)
    assert (cursor.sequence, cursor.ledger) == (0, b"")
    assert path.stat().st_mode & 0o777 == 0o600
    cursor.close()


def test_place_and_ledger_are_found_again(tmp_path: Path) -> None:
    path = cursor_path(tmp_path, "store")
    cursor = Cursor(path)
    for sequence in (5, 9, 7):  # what was said last counts, not what is largest
        cursor.move(sequence, b"ledger %d" % sequence)
    sync_cursor(path)
    cursor.close()
    again = Cursor(path)
    assert (again.sequence, again.ledger) == (7, b"ledger 7")
    assert cursor_sequence(path) == 7
    again.close()


def test_a_ledger_over_the_limit_changes_nothing(tmp_path: Path) -> None:
    cursor = Cursor(cursor_path(tmp_path, "store"))
    cursor.move(1, bytes(LEDGER_BYTES_MAX))
    with pytest.raises(ValueError, match="is over"):
        cursor.move(2, bytes(LEDGER_BYTES_MAX + 1))
    assert cursor_sequence(cursor_path(tmp_path, "store")) == 1
    cursor.close()


def test_a_write_cut_anywhere_leaves_the_one_before(tmp_path: Path) -> None:
    path = cursor_path(tmp_path, "store")
    cursor = Cursor(path)
    cursor.move(1, b"one")  # slot 1
    before = path.read_bytes()
    cursor.move(2, b"two")  # slot 0
    after = path.read_bytes()
    cursor.close()
    size_bytes = len(after[:SLOT_BYTES].rstrip(b"\0"))
    for cut in range(size_bytes):
        path.write_bytes(after[:cut] + before[cut:])
        torn = Cursor(path)
        assert (torn.sequence, torn.ledger) == (1, b"one"), cut
        torn.close()


@given(data=st.binary(max_size=2 * SLOT_BYTES))
def test_any_bytes_are_some_cursor(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("cursor") / "any.cursor"
    path.write_bytes(data)
    cursor = Cursor(path)
    assert (cursor.sequence, cursor.ledger) == (0, b"")
    cursor.move(3, b"x")
    assert cursor_sequence(path) == 3
    cursor.close()
