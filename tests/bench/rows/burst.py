"""`burst`: 200,000 traps at line rate. What the kernel delivered is stored, all of it.

The receive buffer holds less than half of them, so that the kernel may drop some; each drop is
counted at the socket. What was sent and neither stored nor dropped there would be lost by us.
"""

import time
from collections.abc import Mapping

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..generator import LINE_RATE, Load
from ..path import LOOK_S, STORED_S, WARM_UP, warm_up
from ..processes import kernel_drops, wait_until
from ..product import Product
from ..traffic import link_downs

COUNT = 200_000


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    templates, sender, count = link_downs(), bench.generator(), bench.scale.of(COUNT)

    def send(port: int, first: int, count: int, rate: int) -> Load:
        return sender.send(templates, port, count, rate, first=first)

    with Product(bench.folder / "trapgate") as product:
        warm_up(product, send)
        load = send(product.port, WARM_UP, count, LINE_RATE)
        dropped = kernel_drops(product.port)
        last = WARM_UP + count - dropped
        wait_until(lambda: product.has_stored(last), STORED_S, "the burst is stored", LOOK_S)
        elapsed_s = (time.monotonic_ns() - load.started_ns) / 1e9
        stored = product.stored() - WARM_UP
    details = {"sent_per_s": round(load.rate), "stored": stored, "kernel_dropped": dropped}
    return {
        "burst-lost": Measurement(count - stored - dropped, details=details),
        "burst": Measurement(stored / elapsed_s),
    }


FAMILY = Family(
    "burst",
    (
        Spec(
            "burst-lost",
            "traps",
            "200,000 at line rate: sent, and neither stored nor counted as dropped by the kernel",
            mark=Mark("value", "<", 1),
        ),
        Spec("burst", "traps/s", "stored of these, until the last one is"),
    ),
    measure,
    repeats=3,
    cheap=False,
)
