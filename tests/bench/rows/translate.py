"""`translate`: a datagram from the spool → an event: decoded, identified, named."""

from collections.abc import Mapping

from ..figures import Bench, Family, Measurement, Spec
from ..samples import ARRIVED, STREAM, configuration, trap_datagrams
from ..stopwatch import fastest_us

COUNT = 10_000


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    count = bench.scale.of(COUNT)
    translator = configuration().translator(lambda *_: None)
    records = list(enumerate(trap_datagrams(count), start=1))

    def work() -> None:
        translator.batch(records, STREAM, translator.memory(), ARRIVED)

    return {"translate-trap": Measurement(fastest_us(work, count))}


FAMILY = Family(
    "translate",
    (Spec("translate-trap", "µs a trap", "decode, identity, names: a datagram to its event"),),
    measure,
    repeats=3,
)
