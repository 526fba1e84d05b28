"""What a reader keeps from being deleted."""

from pathlib import Path

import pytest

from trapgate.spool import Held, SpoolWriter, held
from trapgate.spool.segment import segment_name, segment_sequences


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three segments of two records each."""
    writer = SpoolWriter.open(tmp_path, segment_bytes=100)
    for _ in range(3):
        writer.append([bytes(50), bytes(50)])
    writer.close()
    assert segment_sequences(tmp_path) == [1, 3, 5]
    return tmp_path


@pytest.mark.parametrize(
    ("after", "segments", "before"),
    [(0, 3, 3), (1, 3, 3), (2, 2, 5), (3, 2, 5), (4, 1, None), (6, 1, None), (99, 1, None)],
)
def test_from_the_segment_of_the_next_record_on(
    folder: Path, after: int, segments: int, before: int | None
) -> None:
    size_bytes = (folder / segment_name(1)).stat().st_size
    assert held(folder, after) == Held(segments * size_bytes, before)


def test_what_is_deleted_is_not_kept(folder: Path) -> None:
    (folder / segment_name(1)).unlink()
    assert held(folder, 0).before == 5


def test_without_a_spool_there_is_nothing(tmp_path: Path) -> None:
    assert held(tmp_path / "missing", 7) == Held(0, None)
