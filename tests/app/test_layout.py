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
