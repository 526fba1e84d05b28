"""`memory`: a million traps from 10,000 devices, and what the processes have grown by meanwhile."""

from collections.abc import Mapping

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..path import STORED_S
from ..processes import kernel_drops, wait_until
from ..product import Product
from ..traffic import INTERFACES, link_downs

SOURCES = 209 * INTERFACES
"""10,032 addresses of 127.1.0.0/16: a multiple of the interfaces, so that each of them speaks of
one interface, whose alert is raised once and repeated a hundred times."""

STEPS = (100_000, 500_000, 1_000_000)
"""Traps after which memory is looked at; what counts is the growth between the last two."""

RATE = 8_000
"""Traps a second: of keys that are all different the core takes hardly more."""

GROWTH_MAX = 1.05
"""Above this it is not flat. What does not depend on the number of traps moves by some percent:
the identities of the last 10 seconds, what the allocator has not given back."""

DECIDED_S = 180.0
"""Longest time until the rules have seen a step."""

LOOK_S = 0.25

Bytes = Mapping[str, int]


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat."""
    templates, sender = link_downs(), bench.generator()
    seen: list[Bytes] = []
    sent = 0
    with Product(bench.folder / "trapgate") as product:
        for step in STEPS:
            count = bench.scale.of(step) - sent
            sender.send(templates, product.port, count, RATE, first=sent, sources=SOURCES)
            sent += count
            if kernel_drops(product.port):
                raise RuntimeError(f"the kernel dropped traps at {RATE} a second")
            _await(product, sent)
            seen.append(product.resident_bytes())
    _, before, after = (sum(step.values()) for step in seen)
    details = {
        f"{role}_mb_at_{step}": round(size / 1e6)
        for step, sizes in zip(STEPS, seen, strict=True)
        for role, size in sizes.items()
    }
    return {
        "memory-growth": Measurement(after / before, details=details),
        "memory": Measurement(after / 1e6),
    }


def _await(product: Product, sent: int) -> None:
    """Return when all traps so far are stored and decided about."""
    wait_until(lambda: product.has_stored(sent), STORED_S, "the traps are stored", LOOK_S)
    wait_until(
        lambda: product.counted("trapgate_rules_decisions_total") >= sent,
        DECIDED_S,
        "the rules have seen all traps",
        LOOK_S,
    )


FAMILY = Family(
    "memory",
    (
        Spec(
            "memory-growth",
            "times",
            "memory of all processes after 1,000,000 traps of 10,032 sources over that at 500,000",
            mark=Mark("value", "<", GROWTH_MAX),
        ),
        Spec("memory", "MB", "all processes after the million, without what they share"),
    ),
    measure,
    repeats=1,
    cheap=False,
)
