import pytest

from trapgate.cli import progress
from trapgate.cli.progress import compiling, through


def test_what_is_quick_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with compiling() as told:
        for number in range(3):
            told(number, 3, "A-MIB")
    assert capsys.readouterr() == ("", "")


def test_what_takes_long_is_one_line_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    with compiling() as told:
        for number in range(3):
            told(number, 3, "A-MIB")
    assert capsys.readouterr() == ("", "compiling 3 MIB modules\n")


def test_on_a_terminal_it_is_a_bar_that_goes_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with compiling() as told:
        told(0, 3, "A-MIB")
        told(1, 3, "B-MIB")
    out, err = capsys.readouterr()
    assert out == ""
    assert "compiling MIBs" in err


@pytest.mark.parametrize(("visible", "expected"), [(True, True), (False, False)])
def test_a_bar_of_fractions(
    visible: bool,
    expected: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with through("exporting", visible=visible) as told:
        told(0.5, "7 events")
    out, err = capsys.readouterr()
    assert out == ""
    assert ("7 events" in err, "50%" in err) == (expected, expected)


def test_what_is_quick_has_no_bar_of_fractions(capsys: pytest.CaptureFixture[str]) -> None:
    with through("exporting", visible=True) as told:
        told(1.0, "7 events")
    assert capsys.readouterr() == ("", "")
