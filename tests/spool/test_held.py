"""What a reader keeps from being deleted."""

import os
from pathlib import Path

import pytest

from trapgate.spool import Held, SpoolWriter, held
from trapgate.spool.held import LOOK_BACK_S
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
    kept = held(folder, after)
    assert (kept.size_bytes, kept.before) == (segments * size_bytes, before)


@pytest.mark.parametrize(
    ("after", "apart_s", "segments"),
    [
        (1, 0, 0),
        (2, 10 * LOOK_BACK_S, 1),  # the last one before the place is as old as the place is
        (4, 0, 2),
        (4, LOOK_BACK_S, 2),
        (4, LOOK_BACK_S + 1, 1),
        (99, LOOK_BACK_S + 1, 1),
    ],
)
def test_with_what_the_reader_looks_back_to(
    folder: Path, after: int, apart_s: int, segments: int
) -> None:
    paths = [folder / segment_name(sequence) for sequence in segment_sequences(folder)]
    for number, path in enumerate(paths):
        os.utime(path, (number * apart_s, number * apart_s))
    assert held(folder, after).look_back_bytes == segments * paths[0].stat().st_size


def test_what_is_deleted_is_not_kept(folder: Path) -> None:
    (folder / segment_name(1)).unlink()
    assert held(folder, 0).before == 5


def test_without_a_spool_there_is_nothing(tmp_path: Path) -> None:
    assert held(tmp_path / "missing", 7) == Held(0, None, 0)
