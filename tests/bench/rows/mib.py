"""`mib-load`, `mib-lookup`: an index of 100,000 OIDs from the cache's files, and lookups in it."""

from collections.abc import Mapping
from pathlib import Path

from trapgate.app.mibs import load_index
from trapgate.compile import Cache, Outcome
from trapgate.mib.facts import Module, Notification, Object, Row

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..stopwatch import fastest_us

MODULES = 1_000
"""As many as Cisco publishes."""

ROWS, COLUMNS = 4, 25
"""100 objects a module, as vendors' modules have on average."""

ENTERPRISE = "1.3.6.1.4.1.99999"
LOAD_MS_MAX = 1_000.0
ROUNDS = 1
"""A load is long enough to be measured once."""


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    count = bench.scale.of(MODULES)
    files = _files(bench.folder, count)
    load_us = fastest_us(lambda: load_index({}, files), 1, ROUNDS)
    index = load_index({}, files)
    variables = [
        f"{ENTERPRISE}.{number}.{row}.1.{column}.7"
        for number in range(count)
        for row in range(1, ROWS + 1)
        for column in range(1, COLUMNS + 1)
    ]

    def look_up() -> None:
        for variable in variables:
            index.resolve(variable)

    lookup_us = fastest_us(look_up, len(variables), ROUNDS)  # the first time: none is remembered
    details = {"objects": count * ROWS * COLUMNS}
    return {
        "mib-load": Measurement(load_us / 1_000, details=details),
        "mib-lookup": Measurement(lookup_us, details=details),
    }


def _files(folder: Path, count: int) -> list[str]:
    cache = Cache(folder, writable=True)
    files = []
    for number in range(count):
        key = f"{number:032x}"
        module = _module(number)
        cache.write(key, Outcome(1, module.module, module))
        files.append(str(cache.path(key)))
    return files


def _module(number: int) -> Module:
    """Tables whose columns are numbers, every fourth an enumeration, and their notifications."""
    root = f"{ENTERPRISE}.{number}"
    name = f"acme{number}"
    states = {1: "up", 2: "down", 3: "testing"}
    rows = range(1, ROWS + 1)
    return Module(
        schema=2,
        module=f"ACME-{number}-MIB",
        source="made up",
        objects=tuple(
            Object(
                f"{name}Column{row}x{column}",
                f"{root}.{row}.1.{column}",
                "integer",
                None if column % 4 else states,
            )
            for row in rows
            for column in range(1, COLUMNS + 1)
        ),
        rows=tuple(
            Row(f"{name}Entry{row}", f"{root}.{row}.1", (f"{name}Column{row}x1",)) for row in rows
        ),
        notifications=tuple(
            Notification(f"{name}Trap{row}", f"{root}.0.{row}", (f"{name}Column{row}x2",))
            for row in rows
        ),
    )


FAMILY = Family(
    "mib",
    (
        Spec(
            "mib-load",
            "ms",
            "an index of 100,000 OIDs from its files",
            mark=Mark("value", "<", LOAD_MS_MAX),
        ),
        Spec("mib-lookup", "µs a variable", "the name and index of a variable seen the first time"),
    ),
    measure,
    repeats=3,
)
