"""`page-p50`, `page-p99`: one trap on the wire → its webhook called, on an idle machine.

Each linkDown raises an alert of its own, in a group of its own with `group_wait: 0s`, and a linkUp
follows its page. The clears wait for `group_interval` and are not measured; they are told among
the pages, as they would be.
"""

import socket
import statistics
import time
from collections.abc import Mapping

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..product import Product
from ..traffic import LINK_DOWN, LINK_UP, interface_name, link_trap
from ..webhook import Webhook

COUNT = 200
WARM_UP = 10
PAUSE_S = 0.02
"""Between two traps: nothing of the last one is under way any more."""

CALLED_S = 10.0


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    total = WARM_UP + max(WARM_UP, bench.scale.of(COUNT))
    downs, ups = (
        [link_trap(trap, index, index, index) for index in range(1, 1 + total)]
        for trap in (LINK_DOWN, LINK_UP)
    )
    latencies_ms = []
    with (
        Webhook() as webhook,
        Product(bench.folder / "trapgate", webhook.url) as product,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
    ):
        sock.connect(("127.0.0.1", product.port))
        for index, (down, up) in enumerate(zip(downs, ups, strict=True), start=1):
            sent_ns = time.monotonic_ns()
            sock.send(down)
            called_ns = webhook.await_firing(interface_name(index), CALLED_S)
            latencies_ms.append((called_ns - sent_ns) / 1e6)
            sock.send(up)
            time.sleep(PAUSE_S)
    measured = latencies_ms[WARM_UP:]
    cuts = statistics.quantiles(measured, n=100, method="inclusive")
    details = {"traps": len(measured), "min_ms": min(measured), "max_ms": max(measured)}
    return {
        "page-p50": Measurement(cuts[49], details=details),
        "page-p99": Measurement(cuts[98], details=details),
    }


FAMILY = Family(
    "paging",
    (
        Spec(
            "page-p50",
            "ms",
            "trap on the wire to webhook called, group_wait 0, idle: median",
            mark=Mark("value", "<", 50.0),
        ),
        Spec("page-p99", "ms", "the same: 99 of 100 are faster"),
    ),
    measure,
    repeats=3,
    cheap=False,
)
