"""`trapgate init`."""

import sys
from pathlib import Path

from trapgate.app.files import DEFAULTS


def write_defaults(folder: Path) -> int:
    """Write the default files; none that is there is touched. 1 if one was, or cannot be made."""
    try:
        return _write(folder)
    except OSError as error:
        print(f"cannot write to {folder}: {error.strerror}", file=sys.stderr)
        return 1


def _write(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    kept = 0
    for source in sorted(DEFAULTS.glob("*.yml")):
        target = folder / source.name
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(source.read_text("utf-8"))
        except FileExistsError:
            print(f"{target} is there already and was not changed", file=sys.stderr)
            kept += 1
            continue
        print(f"wrote {target}")
    return 1 if kept else 0
