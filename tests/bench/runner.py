"""Runs families, repeat by repeat, and makes their rows."""

import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from .figures import Bench, Family, Measurement, Row, Scale, row_of
from .generator import Generator, generator

QUICK_REPEATS = 1


class UnknownName(Exception):
    """No family and no row has this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f'there is no benchmark "{name}"; there are: {", ".join(known)}')
        self.name = name


def chosen(families: Sequence[Family], names: Sequence[str]) -> list[Family]:
    """The families of these names, or of rows of these names; all if none is given.

    Raises `UnknownName`.
    """
    known = {name for family in families for name in (family.name, *_rows(family))}
    for name in names:
        if name not in known:
            raise UnknownName(name, [family.name for family in families])
    wanted = set(names) or known
    return [family for family in families if wanted & {family.name, *_rows(family)}]


def run(
    families: Sequence[Family],
    *,
    quick: bool,
    repeats: int | None = None,
    say: Callable[[str], None] = print,
) -> list[Row]:
    """Measure these families one after the other, each repeat in an empty folder."""
    with tempfile.TemporaryDirectory(prefix="trapgate-bench-") as name:
        root = Path(name)

        @cache
        def load_generator() -> Generator:
            return generator(root)

        rows: list[Row] = []
        for family in families:
            count = QUICK_REPEATS if quick else repeats or family.repeats
            found: dict[str, list[Measurement]] = {}
            for repeat in range(1, count + 1):
                say(f"{family.name}: {repeat} of {count}")
                folder = root / family.name / str(repeat)
                folder.mkdir(parents=True)
                for row, measurement in family.measure(
                    Bench(folder, Scale(quick), load_generator)
                ).items():
                    found.setdefault(row, []).append(measurement)
            rows += [row_of(spec, found[spec.name], judge=not quick) for spec in family.rows]
        return rows


def _rows(family: Family) -> list[str]:
    return [spec.name for spec in family.rows]
