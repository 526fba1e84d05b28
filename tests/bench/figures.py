"""What a benchmark says: specifications of rows, measurements, and the rows of a report."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from .generator import Generator

Detail = str | int | float


class Mark(msgspec.Struct, frozen=True):
    """What a row must reach: a bound of its value, or of its ratio to the peer's."""

    of: Literal["value", "ratio"]
    relation: Literal[">=", "<", "<="]
    bound: float

    def holds(self, figure: float) -> bool:
        if self.relation == ">=":
            return figure >= self.bound
        return figure < self.bound or (self.relation == "<=" and figure == self.bound)

    def __str__(self) -> str:
        peer = " of the peer's" if self.of == "ratio" else ""
        return f"{self.relation} {self.bound:g}{peer}"


class Spec(msgspec.Struct, frozen=True):
    """A row: its name, unit, meaning, the peer that it is compared with ("" for none), its mark."""

    name: str
    unit: str
    meaning: str
    peer: str = ""
    mark: Mark | None = None


class Measurement(msgspec.Struct, frozen=True):
    """One repeat of one row: the value, the peer's in the same repeat (`None`: it is not on this
    machine), and whatever explains them."""

    value: float
    peer: float | None = None
    details: Mapping[str, Detail] = {}


class Scale(msgspec.Struct, frozen=True):
    """How much is measured. `quick` is a hundredth of the work: it shows that a benchmark runs,
    and its figures mean nothing."""

    quick: bool

    def of(self, count: int) -> int:
        """A full-size count at this scale."""
        return max(1, count // 100) if self.quick else count


class Bench(msgspec.Struct, frozen=True):
    """The surroundings of a measurement: a folder of its own, the scale, the load generator.

    `generator` compiles at the first call.
    """

    folder: Path
    scale: Scale
    generator: Callable[[], Generator]


class Family(msgspec.Struct, frozen=True):
    """Rows that are measured together. `measure` does one repeat and answers by row name;
    `repeats` is how often, `cheap` whether it needs no process of its own."""

    name: str
    rows: tuple[Spec, ...]
    measure: Callable[[Bench], Mapping[str, Measurement]]
    repeats: int = 5
    cheap: bool = True


class Row(msgspec.Struct, frozen=True):
    """A row of the report. `value` and `peer_value` are medians over the repeats, `ratio` the
    median of the repeats' own ratios, so that what disturbs one disturbs both of its sides.

    `passed` is `None` where there is no mark, where the peer that it needs was not there, and where
    only a tryout was run.
    """

    name: str
    unit: str
    meaning: str
    value: float
    values: tuple[float, ...]
    peer: str
    peer_value: float | None
    peer_values: tuple[float, ...]
    ratio: float | None
    mark: str
    passed: bool | None
    details: tuple[Mapping[str, Detail], ...]


def row_of(spec: Spec, measurements: Sequence[Measurement], *, judge: bool = True) -> Row:
    """The row of these repeats, at least one; without `judge` no mark is passed or missed."""
    values = tuple(measurement.value for measurement in measurements)
    pairs = [(m.value, m.peer) for m in measurements if m.peer is not None]
    value = statistics.median(values)
    ratio = statistics.median([v / peer for v, peer in pairs]) if pairs else None
    passed = None
    if spec.mark is not None and judge:
        figure = value if spec.mark.of == "value" else ratio
        passed = None if figure is None else spec.mark.holds(figure)
    return Row(
        name=spec.name,
        unit=spec.unit,
        meaning=spec.meaning,
        value=value,
        values=values,
        peer=spec.peer,
        peer_value=statistics.median([peer for _, peer in pairs]) if pairs else None,
        peer_values=tuple(peer for _, peer in pairs),
        ratio=ratio,
        mark="" if spec.mark is None else str(spec.mark),
        passed=passed,
        details=tuple(measurement.details for measurement in measurements),
    )
