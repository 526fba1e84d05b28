"""The data folder: what is made is for its owner only, what is there keeps its mode."""

from pathlib import Path

from trapgate.app.layout import Layout


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_made_is_closed_to_others(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "far" / "data")
    layout.create()
    layout.create()
    for folder in (layout.data, layout.run, layout.data / "spool", layout.events):
        assert mode(folder) == 0o700, folder


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    layout = Layout(tmp_path)
    layout.create()
    assert mode(tmp_path) == 0o755
    for folder in (layout.run, layout.data / "spool", layout.events):
        assert mode(folder) == 0o700, folder


def test_each_receive_process_has_lanes_of_its_own(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert (layout.raw_spool.name, layout.bulk_spool.name) == ("raw", "raw-bulk")
    assert (layout.raw_lane(1), layout.bulk_lane(1)) == (layout.raw_spool, layout.bulk_spool)
    assert (layout.raw_lane(2).name, layout.bulk_lane(2).name) == ("raw-2", "raw-2-bulk")


def test_lanes_of_more_receive_processes_are_found(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.create()
    assert layout.left_over(1) == ()
    for name in ("raw", "raw-bulk", "raw-2", "raw-2-bulk", "raw-10", "raw-03", "raw-x", "matches"):
        (layout.data / "spool" / name).mkdir()
    assert layout.left_over(1) == (2, 10)
    assert layout.left_over(2) == (10,)
    assert layout.left_over(16) == ()
