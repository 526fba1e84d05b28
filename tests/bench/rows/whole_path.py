"""`traps`: the whole path, wire → durable → named → rule-evaluated → queryable, none lost.

trapgate is offered loads of one size at falling rates until it takes one without loss, the first
at line rate. The rate is the number of traps divided by the time from the first datagram to the
moment when the last one is found in the store; then all are counted there. `snmptrapd` gets the
same datagrams at a rate that is above what it can take: the lines that it writes a second are the
most that it does, so its rate without loss is lower. All traps match a bundled rule.
"""

import time
from collections.abc import Mapping

from ..figures import Bench, Detail, Family, Mark, Measurement, Spec
from ..generator import LINE_RATE, Generator
from ..processes import TooSlow, kernel_drops, wait_until
from ..product import Product
from ..snmptrapd import PROGRAM, Snmptrapd
from ..traffic import link_downs

COUNT = 80_000
"""Traps of one load: they fit the receive buffer of the default configuration at line rate."""

OFFERED = (LINE_RATE, 60_000, 40_000, 30_000, 20_000, 15_000, 10_000, 5_000)
"""Traps a second, in the order in which they are tried."""

PEER_OFFERED = 30_000
"""Half again what snmptrapd takes on a fast machine."""

WARM_UP = 200
"""Traps before the measured ones: caches, the day's file, the first pages of everything."""

STORED_S = 60.0
"""Longest time until a load is stored."""

LOOK_S = 0.02
"""How often it is looked for the last event of a load: a hundredth of the time that is measured,
and a look costs half a millisecond that the measured processes lack."""

QUIET_S = 0.5
"""A peer that has written nothing for so long is done."""


class Lost(Exception):
    """Datagrams of a load were dropped by the kernel."""


def measure(bench: Bench) -> Mapping[str, Measurement]:
    """One repeat: trapgate, then the peer."""
    sender = bench.generator()
    count = bench.scale.of(COUNT)
    for offered in OFFERED:
        try:
            rate, cpu, details = _trapgate(bench, sender, offered, count)
            break
        except Lost:
            continue
    else:
        raise TooSlow(f"trapgate loses traps at {OFFERED[-1]} a second")
    peer_rate = peer_cpu = None
    peer: dict[str, Detail] = {}
    if PROGRAM is not None:
        peer_rate, peer_cpu, peer = _snmptrapd(bench, sender, count)
    return {
        "traps": Measurement(rate, peer_rate, {**details, **peer}),
        "traps-cpu": Measurement(sum(cpu.values()), peer_cpu, {**cpu}),
    }


def _trapgate(
    bench: Bench, sender: Generator, offered: int, count: int
) -> tuple[float, dict[str, float], dict[str, Detail]]:
    """Rate, CPU µs a trap by process, and how it was done. Raises `Lost`, `TooSlow`."""
    templates = link_downs()
    with Product(bench.folder / f"trapgate-{offered}") as product:
        sender.send(templates, product.port, WARM_UP, LINE_RATE)
        wait_until(lambda: product.has_stored(WARM_UP), STORED_S, "the warm-up is stored")
        before = product.cpu()
        load = sender.send(templates, product.port, count, offered, first=WARM_UP)
        dropped = kernel_drops(product.port)
        if dropped:
            raise Lost(dropped)
        last = WARM_UP + count
        wait_until(lambda: product.has_stored(last), STORED_S, "the load is stored", LOOK_S)
        elapsed_s = (time.monotonic_ns() - load.started_ns) / 1e9
        after = product.cpu()
        stored = product.stored() - WARM_UP
        if stored != count:
            raise Lost(count - stored)
    cpu = {role: (after[role] - before[role]) / count for role in before}
    details: dict[str, Detail] = {
        "generator": sender.name,
        "offered": "line rate" if offered == LINE_RATE else f"{offered}/s",
        "sent_per_s": round(load.rate),
        "traps": count,
        "lost": 0,
    }
    return count / elapsed_s, cpu, details


def _snmptrapd(
    bench: Bench, sender: Generator, count: int
) -> tuple[float, float, dict[str, Detail]]:
    """Lines a second, CPU µs a line, and how it was done."""
    with Snmptrapd(bench.folder / "snmptrapd") as peer:
        before = peer.cpu()
        load = sender.send(link_downs(), peer.port, count, PEER_OFFERED)
        written, last_ns = peer.written(), time.monotonic_ns()
        while time.monotonic_ns() - last_ns < QUIET_S * 1e9:
            time.sleep(0.002)
            more = peer.written()
            if more != written:
                written, last_ns = more, time.monotonic_ns()
        cpu = (peer.cpu() - before) / max(1, written)
        lost = count - written
    rate = written * 1e9 / (max(last_ns, load.ended_ns) - load.started_ns)
    return rate, cpu, {"peer_offered": f"{PEER_OFFERED}/s", "peer_lost": lost}


FAMILY = Family(
    "whole-path",
    (
        Spec(
            "traps",
            "traps/s",
            "v2c traps: wire, durable, named, rule-evaluated, queryable; none lost",
            "snmptrapd",
            Mark("ratio", ">=", 1.0),
        ),
        Spec("traps-cpu", "µs CPU a trap", "all processes together, same load", "snmptrapd"),
    ),
    measure,
    repeats=3,
    cheap=False,
)
