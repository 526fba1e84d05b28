"""`trapgate mib add | list | lint`: the files of MIBs."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from trapgate.app.files import bundled_mibs, read_settings
from trapgate.app.mibs import (
    OwnMibs,
    compile_mibs,
    mib_cache,
    mib_folders,
    standard_modules,
)
from trapgate.app.problems import report
from trapgate.app.settings import Settings
from trapgate.app.supervisor import EX_CONFIG
from trapgate.cli.progress import compiling
from trapgate.compile import Compiled, find_texts
from trapgate.mib.facts import Module
from trapgate.model import Problem, Span


class _Row(msgspec.Struct, frozen=True):
    """A module as a user sees it. `file` is empty for those that trapgate comes with."""

    module: str
    objects: int
    notifications: int
    status: str
    file: str = ""
    why: str = ""


def add_mibs(paths: Sequence[Path], config: Path | None) -> int:
    """Copy files into the first folder and compile; 1 if a module or a file of them is no good."""
    settings, folder = _settings(config)
    if settings is None:
        return EX_CONFIG
    if not settings.mib.folders:
        print("mib: folders is empty: name one to copy into", file=sys.stderr)
        return EX_CONFIG
    target = folder / settings.mib.folders[0]
    texts, problems = find_texts(paths)
    try:
        copied = {_copied(Path(file), paths, target) for file in {text.file for text in texts}}
    except OSError as error:
        print(f"{error.filename}: cannot be copied: {error.strerror}", file=sys.stderr)
        return 1
    own = _compiled(settings, folder)
    rows = [row for row in _own_rows(own) if Path(row.file).resolve() in copied]
    rows += [_Row("", 0, 0, "failed", *_said(problem)) for problem in problems]
    print(_table(rows))
    return 1 if any(row.status == "failed" for row in rows) else 0


def list_mibs(config: Path | None, *, as_json: bool) -> int:
    """Print all modules, those that trapgate comes with first."""
    settings, folder = _settings(config)
    if settings is None:
        return EX_CONFIG
    own = _compiled(settings, folder)
    taken = {module.text.module for module in own.compiled if module.outcome.facts is not None}
    standard = sorted(standard_modules(bundled_mibs()).items())
    rows = [_row(facts, "bundled") for name, facts in standard if name not in taken]
    rows += _own_rows(own)
    rows += [_Row("", 0, 0, "failed", *_said(problem)) for problem in own.problems]
    print(msgspec.json.encode(rows).decode() if as_json else _table(rows))
    return 0


def lint_mibs(paths: Sequence[Path], config: Path | None) -> int:
    """Say everything that is wrong with the modules in these files; 1 if something is."""
    settings, folder = _settings(config)
    if settings is None:
        return EX_CONFIG
    asked, problems = find_texts(paths)
    files = {text.file for text in asked}
    folders, _ = mib_folders(settings.mib, folder)
    with compiling() as progress:
        bundled = standard_modules(bundled_mibs())
        own = compile_mibs([*paths, *folders], bundled, None, progress)
    mine = [module for module in own.compiled if module.text.file in files]
    for module in mine:
        problems += [
            finding.problem(module.text.file, finding.severity)
            for finding in module.outcome.findings
        ]
    if problems:
        print(report(problems, _sources(problems)))
    good = sum(module.outcome.facts is not None for module in mine)
    unused = [text.module for text in own.standard if text.file in files]
    print(f"{good} of {len(mine)} modules compiled, {len(problems)} problems", file=sys.stderr)
    if unused:
        names = ", ".join(sorted(unused))
        print(f"not needed, trapgate has them: {names}", file=sys.stderr)
    return 1 if problems else 0


def _settings(config: Path | None) -> tuple[Settings | None, Path]:
    """The settings, or `None` when standard error says what is wrong with them."""
    settings, folder, problems = read_settings(config)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        print(report(errors, {}), file=sys.stderr)
        return None, folder
    return settings, folder


def _compiled(settings: Settings, folder: Path) -> OwnMibs:
    folders, problems = mib_folders(settings.mib, folder)
    if problems:
        print(report(problems, {}), file=sys.stderr)
    cache = mib_cache(folder / settings.data, "if-ours")
    with compiling() as progress:
        return compile_mibs(folders, standard_modules(bundled_mibs()), cache, progress)


def _copied(file: Path, paths: Sequence[Path], target: Path) -> Path:
    """Copy a file, with the folder that was named and what is below it; returns where it is now. A
    file that is there already is left, one of the same name replaced. Raises `OSError`."""
    source = file.resolve()
    if source.is_relative_to(target.resolve()):
        return source
    folder = next((p for p in paths if p.is_dir() and file.is_relative_to(p)), None)
    name = Path(folder.resolve().name, file.relative_to(folder)) if folder else Path(file.name)
    place = target / name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    return place.resolve()


def _own_rows(own: OwnMibs) -> list[_Row]:
    rows = [_compiled_row(module) for module in own.compiled]
    rows += [
        _Row(text.module, 0, 0, "not needed", text.file, "trapgate has it") for text in own.standard
    ]
    first = {module.text.module: module.text.file for module in own.compiled}
    rows += [
        _Row(text.module, 0, 0, "not used", text.file, f"{first[text.module]} has it")
        for text in own.repeated
    ]
    return sorted(rows, key=lambda row: (row.module, row.file))


def _compiled_row(module: Compiled) -> _Row:
    facts, findings = module.outcome.facts, module.outcome.findings
    why = ""
    if findings:
        first = findings[0]
        place = f"line {first.line}: " if first.line else ""
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        why = f"{place}{first.summary}{more}"
    if facts is None:
        return _Row(module.text.module, 0, 0, "failed", module.text.file, why)
    return _row(facts, "compiled", module.text.file, why)


def _row(facts: Module, status: str, file: str = "", why: str = "") -> _Row:
    counts = len(facts.objects), len(facts.notifications)
    return _Row(facts.module, *counts, status, file, why)


def _said(problem: Problem) -> tuple[str, str]:
    span = problem.span or Span("")
    return span.file, problem.summary


def _table(rows: Iterable[_Row]) -> str:
    """Columns as wide as their contents; what is long stands last."""
    head = ("MODULE", "OBJECTS", "NOTIFICATIONS", "STATUS", "FILE", "WHY")
    lines = [head]
    for row in rows:
        counts = (str(row.objects), str(row.notifications))
        lines.append((row.module, *counts, row.status, _short(row.file), row.why))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _short(file: str) -> str:
    """A path from here, if that is shorter."""
    return min(file, os.path.relpath(file), key=len) if file else ""


def _sources(problems: Iterable[Problem]) -> dict[str, str]:
    """The texts that problems point into."""
    files = {problem.span.file for problem in problems if problem.span and problem.span.line}
    return {file: Path(file).read_text("utf-8", "replace") for file in files}
