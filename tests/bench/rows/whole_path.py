"""`traps`: the whole path, wire → durable → named → rule-evaluated → queryable, none lost.

All traps match a bundled rule. How it is measured: `tests/bench/path.py`.
"""

from collections.abc import Mapping

from ..figures import Bench, Family, Mark, Measurement, Spec
from ..generator import Load
from ..path import rate_beside_peer
from ..traffic import link_downs

COUNT = 80_000
"""Traps of one load: they fit the receive buffer of the default configuration at line rate."""


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat: trapgate, then the peer."""
    templates, sender = link_downs(), bench.generator()

    def send(port: int, first: int, count: int, rate: int) -> Load:
        return sender.send(templates, port, count, rate, first=first)

    speed, cpu = rate_beside_peer(bench, send, bench.scale.of(COUNT))
    return {"traps": speed, "traps-cpu": cpu}


FAMILY = Family(
    "whole-path",
    (
        Spec(
            "traps",
            "traps/s",
            "v2c traps: wire, durable, named, rule-evaluated, queryable; none lost",
            "snmptrapd",
            Mark("ratio", ">=", 2.0),
        ),
        Spec("traps-cpu", "µs CPU a trap", "all processes together, same load", "snmptrapd"),
    ),
    measure,
    repeats=3,
    cheap=False,
)
