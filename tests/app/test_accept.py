"""What a reload takes over, and what is said about it."""

from pathlib import Path

from app.folders import built, written
from compile.acme import ACME, module
from trapgate.app.accept import read_again


def test_warnings_come_with_the_configuration(tmp_path: Path) -> None:
    main = written(tmp_path)
    current = built(main)
    (tmp_path / "mibs").mkdir()
    (tmp_path / "mibs/bad.mib").write_text(module("BAD-MIB", "bad ::= ::="))
    configuration, problems = read_again(str(main), current)
    assert configuration is not None
    assert [(p.severity, p.summary) for p in problems] == [
        ("warning", 'BAD-MIB does not follow SMI: "::=" does not belong here')
    ]


def test_errors_come_alone(tmp_path: Path) -> None:
    main = written(tmp_path)
    current = built(main)
    (tmp_path / "mibs").mkdir()
    (tmp_path / "mibs/bad.mib").write_text(module("BAD-MIB", "bad ::= ::="))
    main.write_text(main.read_text() + "data: elsewhere\n")
    configuration, (problem,) = read_again(str(main), current)
    assert configuration is None
    assert (problem.code, problem.severity) == ("restart-needed", "error")


def test_who_reloads_is_told_of_modules_that_are_compiled(tmp_path: Path) -> None:
    main = written(tmp_path)
    current = built(main)
    (tmp_path / "mibs").mkdir()
    (tmp_path / "mibs/acme").write_text(ACME)
    told: list[str] = []
    configuration, problems = read_again(str(main), current, lambda *each: told.append(each[2]))
    assert configuration is not None
    assert problems == []
    assert set(told) == {"ACME-MIB"}
