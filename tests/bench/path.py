"""The whole path under a load, for the rows that measure it: trapgate without loss, and snmptrapd.

trapgate is offered a load of one size at falling rates until it takes one without loss, the first
at line rate. Its rate is the number of traps divided by the time from the first datagram to the
moment when the last one is found in the store; then all are counted there. `snmptrapd` gets the
same datagrams at a rate that is above what it can take: the lines that it writes a second are the
most that it does, so its rate without loss is lower.
"""

import time
from typing import Protocol

from .figures import Bench, Detail, Measurement
from .generator import LINE_RATE, Load
from .processes import TooSlow, kernel_drops, wait_until
from .product import Product
from .snmptrapd import OPEN_TO_ALL, PROGRAM, Snmptrapd

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


class Send(Protocol):
    """Sends traps from number `first` on to a port at a rate."""

    def __call__(self, port: int, first: int, count: int, rate: int) -> Load: ...


class Lost(Exception):
    """Datagrams of a load were dropped by the kernel."""


def rate_beside_peer(
    bench: Bench, send: Send, count: int, *, settings: str = "", peer_config: str = OPEN_TO_ALL
) -> tuple[Measurement, Measurement]:
    """One repeat: traps a second, and CPU µs a trap; trapgate, then the peer. `settings` and
    `peer_config` are what they are told about who sends. Raises `TooSlow`."""
    rate, cpu, details = _trapgate_without_loss(bench, send, count, settings)
    peer_rate = peer_cpu = None
    peer: dict[str, Detail] = {}
    if PROGRAM is not None:
        peer_rate, peer_cpu, peer = _snmptrapd(bench, send, count, peer_config)
    speed = Measurement(rate, peer_rate, {**details, **peer})
    return speed, Measurement(sum(cpu.values()), peer_cpu, {**cpu})


def warm_up(product: Product, send: Send) -> None:
    """Have the first `WARM_UP` traps stored."""
    send(product.port, 0, WARM_UP, LINE_RATE)
    wait_until(lambda: product.has_stored(WARM_UP), STORED_S, "the warm-up is stored")


def _trapgate_without_loss(
    bench: Bench, send: Send, count: int, settings: str
) -> tuple[float, dict[str, float], dict[str, Detail]]:
    for offered in OFFERED:
        try:
            return _trapgate(bench, send, offered, count, settings)
        except Lost:
            continue
    raise TooSlow(f"trapgate loses traps at {OFFERED[-1]} a second")


def _trapgate(
    bench: Bench, send: Send, offered: int, count: int, settings: str
) -> tuple[float, dict[str, float], dict[str, Detail]]:
    """Rate, CPU µs a trap by process, and how it was done. Raises `Lost`, `TooSlow`."""
    with Product(bench.folder / f"trapgate-{offered}", settings=settings) as product:
        warm_up(product, send)
        before = product.cpu()
        load = send(product.port, WARM_UP, count, offered)
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
        "generator": bench.generator().name,
        "offered": "line rate" if offered == LINE_RATE else f"{offered}/s",
        "sent_per_s": round(load.rate),
        "traps": count,
        "lost": 0,
    }
    return count / elapsed_s, cpu, details


def _snmptrapd(
    bench: Bench, send: Send, count: int, config: str
) -> tuple[float, float, dict[str, Detail]]:
    """Lines a second, CPU µs a line, and how it was done."""
    with Snmptrapd(bench.folder / "snmptrapd", config) as peer:
        before = peer.cpu()
        load = send(peer.port, WARM_UP, count, PEER_OFFERED)
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
