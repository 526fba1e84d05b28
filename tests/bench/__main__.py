"""`python -m tests.bench`: measure, print a table, keep the figures in build/bench.json.

Exit code 1 if a mark is missed, 2 if one could not be measured or the arguments are wrong.
"""

import argparse
import sys
from pathlib import Path

from .report import report, table, write_json
from .rows import FAMILIES
from .runner import UnknownName, chosen, run

JSON = Path("build/bench.json")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure trapgate.")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="row or family")
    parser.add_argument("--quick", action="store_true", help="run through; figures mean nothing")
    parser.add_argument("--repeats", type=int, metavar="N", help="instead of each family's own")
    parser.add_argument("--json", type=Path, default=JSON, metavar="FILE", help=f"default: {JSON}")
    parser.add_argument("--list", action="store_true", help="print the rows and end")
    given = parser.parse_args(arguments)
    if given.list:
        for family in FAMILIES:
            for spec in family.rows:
                print(f"{family.name:12} {spec.name:18} {spec.meaning}")
        return 0
    try:
        families = chosen(FAMILIES, given.only)
    except UnknownName as error:
        print(error, file=sys.stderr)
        return 2
    rows = run(families, quick=given.quick, repeats=given.repeats, say=_say)
    write_json(given.json, report(rows, quick=given.quick))
    print(table(rows))
    print(f"\nkept in {given.json}")
    if given.quick:
        print("--quick: the figures mean nothing, no mark was judged")
        return 0
    if any(row.passed is False for row in rows):
        return 1
    return 2 if any(row.mark and row.passed is None for row in rows) else 0


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
