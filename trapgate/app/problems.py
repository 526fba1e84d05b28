"""Problems as text: for a terminal with the line and a caret, for a log on one line."""

from collections.abc import Iterable, Mapping

from trapgate.app.source_line import shown_line
from trapgate.model import Problem

LINE_SHOWN_MAX = 120
"""Characters of a source line that are shown: the part around the column of a longer one, as of a
file that is one line."""

_CUT = "…"


def one_line(problem: Problem) -> str:
    """`rules/a.yml:3:5: unknown key "mach": did you mean "match"?`"""
    place = f"{problem.span}: " if problem.span else ""
    return f"{place}{problem.summary}" + (f" ({problem.help})" if problem.help else "")


def with_source(problem: Problem, texts: Mapping[str, str]) -> str:
    """The problem, the line that it is about, a caret under it, and what to do."""
    place = f"{problem.span}: " if problem.span else ""
    lines = [f"{place}{problem.severity}: {problem.summary} [{problem.code}]"]
    span = problem.span
    if span is not None and span.line:
        source = texts.get(span.file, "").splitlines()
        if span.line <= len(source):
            unknown = problem.code == "unknown-key"
            text, column = shown_line(source, span.line, span.column, unknown=unknown)
            text, column = _around(text, column)
            lines += [f"    {text}", "    " + " " * (column - 1) + "^"]
    if problem.help:
        lines.append(f"    {problem.help}")
    return "\n".join(lines)


def _around(text: str, column: int) -> tuple[str, int]:
    """The part of a line around a column (from 1), and where in it that column is."""
    if len(text) <= LINE_SHOWN_MAX:
        return text, column
    start = max(0, min(column - LINE_SHOWN_MAX // 2, len(text) - LINE_SHOWN_MAX))
    shown = text[start : start + LINE_SHOWN_MAX]
    after = _CUT if start + LINE_SHOWN_MAX < len(text) else ""
    if not start:
        return shown + after, column
    return _CUT + shown + after, min(column - start + 1, len(shown) + 2)


def report(problems: Iterable[Problem], texts: Mapping[str, str]) -> str:
    """All problems, in the order of their places."""
    ordered = sorted(
        problems, key=lambda p: (p.span.file, p.span.line, p.span.column) if p.span else ("", 0, 0)
    )
    return "\n".join(with_source(problem, texts) for problem in ordered)
