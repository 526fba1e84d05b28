"""`trapgate init`: the defaults, commented, and nothing of the user's touched."""

from pathlib import Path

from cli.conftest import Trapgate
from trapgate.app.settings import Settings
from trapgate.config import load


def test_the_files_are_accepted_and_say_what_the_defaults_are(
    trapgate: Trapgate, folder: Path
) -> None:
    result = trapgate("init", "etc")
    assert result.exit_code == 0
    assert result.stdout == "wrote etc/alertmanager.yml\nwrote etc/trapgate.yml\n"
    assert trapgate("check", "--config", "etc/trapgate.yml").exit_code == 0
    written = load((folder / "etc/trapgate.yml").read_text(), "trapgate.yml", Settings).value
    assert written is not None
    assert written.alerting.config == "alertmanager.yml"
    assert written.listen == Settings().listen
    for name in ("data", "sources", "spool", "decode", "store", "rules", "notify", "web"):
        assert getattr(written, name) == getattr(Settings(), name), name


def test_what_is_there_is_kept(trapgate: Trapgate, folder: Path) -> None:
    (folder / "trapgate.yml").write_text("data: mine\n")
    result = trapgate("init")
    assert result.exit_code == 1
    assert result.stdout == "wrote alertmanager.yml\n"
    assert result.stderr == "trapgate.yml is there already and was not changed\n"
    assert (folder / "trapgate.yml").read_text() == "data: mine\n"


def test_where_nothing_can_be_written(trapgate: Trapgate, folder: Path) -> None:
    (folder / "file").write_text("")
    result = trapgate("init", "file/etc")
    assert result.exit_code == 1
    assert result.stderr == "cannot write to file/etc: Not a directory\n"
