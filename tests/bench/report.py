"""Rows → a table of plain text, and a JSON file whose schema has a version."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from .figures import Row

REPORT_SCHEMA = 1
"""Version of the JSON file. A new field does not change it; another meaning of one does."""

_HEADINGS = ("row", "unit", "trapgate", "peer", "", "ratio", "mark", "")


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    cores: int
    system: str
    python: str


class Report(msgspec.Struct, frozen=True):
    """The JSON file."""

    schema: int
    measured_at: str
    quick: bool
    machine: Machine
    rows: tuple[Row, ...]


def report(rows: Sequence[Row], *, quick: bool) -> Report:
    """A report of these rows, on this machine, now."""
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.system()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = Machine(len(os.sched_getaffinity(0)), system, python)
    measured_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Report(REPORT_SCHEMA, measured_at, quick, machine, tuple(rows))


def write_json(path: Path, written: Report) -> None:
    """Keep a report; the file changes whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n")
    scratch.replace(path)


def table(rows: Sequence[Row]) -> str:
    """The rows as text: names to the left, figures to the right."""
    lines = [_HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in (2, 3, 5) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    verdict = {True: "passed", False: "MISSED", None: "not measured" if row.mark else ""}
    return (
        row.name,
        row.unit,
        number(row.value),
        "-" if row.peer_value is None else number(row.peer_value),
        row.peer,
        "-" if row.ratio is None else f"{row.ratio:.2f}",
        row.mark,
        verdict[row.passed],
    )


def number(value: float) -> str:
    """Three digits that count, thousands in groups."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
