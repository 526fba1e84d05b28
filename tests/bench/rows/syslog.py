"""`syslog-udp` and `syslog-tcp`: the whole path of lines of every vendor, wire → durable → read by
its dialect → rule-evaluated → queryable; beside rsyslog and syslog-ng, which write JSON.
`syslog-udp-field` and `syslog-tcp-field`: the same of lines that mostly meet no rule.

trapgate is offered a load over UDP at falling rates until it loses a thousandth of it at most; over
TCP as fast as it takes it, and none may be lost. Its rate is the number of stored lines divided by
the time from the first one sent to the moment when the last one is found in the store. The peers
get the same lines; theirs is the rate at which lines are written.
"""

import time
from collections.abc import Mapping
from functools import partial

from ports import free_port

from ..figures import Bench, Detail, Family, Mark, Measurement, Spec
from ..generator import LINE_RATE, Load
from ..lines import field, met_rules, mixed, send_over_tcp
from ..path import LOOK_S, QUIET_S, STORED_S, WARM_UP
from ..processes import TooSlow, kernel_drops, wait_until
from ..product import Product
from ..syslogds import Syslogd, Transport, present

COUNT = 80_000
"""Lines of one load."""

LOST_MAX = 0.001
"""Part of a load over UDP that may be lost."""

OFFERED = (60_000, 40_000, 30_000, 27_500, 25_000, 20_000, 15_000, 10_000, 5_000)
"""Lines a second over UDP, in the order in which they are tried."""

PEERS = ("rsyslog", "syslog-ng")


LINES_ASKED = 3_000
"""Lines of a load that are asked of the rules, to tell what part of it meets one."""


def _send(bench: Bench, transport: Transport, lines: list[bytes], port: int, rate: int) -> Load:
    if transport == "tcp":
        return send_over_tcp(lines, port)
    return bench.generator().replay(lines, port, rate)


def measure(transport: Transport, bench: Bench) -> Mapping[str, Measurement]:
    """One repeat: trapgate, then the peers that are here."""
    lines = mixed(bench.scale.of(COUNT), WARM_UP)
    rate, cpu, details = _without_loss(bench, transport, lines, mixed(WARM_UP))
    peers = {name: _peer(bench, transport, lines, name) for name in PEERS if present(name)}
    measured: dict[str, Measurement] = {}
    for name in PEERS:
        row = f"syslog-{transport}" + ("" if name == PEERS[0] else f"-{name}")
        found = peers.get(name)
        peer_rate, peer_cpu, lost = (None, None, 0) if found is None else found
        measured[row] = Measurement(rate, peer_rate, {**details, "peer_lost": lost})
        # a tryout may cost a peer less than a tick of the clock
        measured[f"{row}-cpu"] = Measurement(sum(cpu.values()), peer_cpu or None, {**cpu})
    return measured


def measure_field(transport: Transport, bench: Bench) -> Mapping[str, Measurement]:
    """One repeat with lines that mostly meet no rule; the peers do the same with all lines."""
    lines = field(bench.scale.of(COUNT), WARM_UP)
    rate, cpu, details = _without_loss(bench, transport, lines, field(WARM_UP))
    row = f"syslog-{transport}-field"
    return {
        row: Measurement(rate, None, details),
        f"{row}-cpu": Measurement(sum(cpu.values()), None, {**cpu}),
    }


def _without_loss(
    bench: Bench, transport: Transport, lines: list[bytes], warm_up: list[bytes]
) -> tuple[float, dict[str, float], dict[str, Detail]]:
    met = met_rules(lines[:LINES_ASKED])
    share = round(sum(met) / len(met), 3)
    for offered in OFFERED if transport == "udp" else (LINE_RATE,):
        rate, cpu, details, lost = _trapgate(bench, transport, lines, warm_up, offered)
        if lost <= (LOST_MAX * len(lines) if transport == "udp" else 0):
            return rate, cpu, {**details, "lost": lost, "met_a_rule": share}
    raise TooSlow(f"trapgate loses lines over {transport}")


def _trapgate(
    bench: Bench, transport: Transport, lines: list[bytes], warm_up: list[bytes], offered: int
) -> tuple[float, dict[str, float], dict[str, Detail], int]:
    """Stored lines a second, CPU µs a line by process, how it was done, and how many were lost."""
    port = free_port()
    listener = (
        f"- {{name: syslog, protocol: syslog, transport: {transport}, "
        f'address: "127.0.0.1:{port}"}}\n'
    )
    folder = bench.folder / f"trapgate-{transport}-{offered}"
    with Product(folder, listeners=listener) as product:
        _send(bench, transport, warm_up, port, LINE_RATE)
        wait_until(lambda: product.has_stored(WARM_UP), STORED_S, "the warm-up is stored")
        before = product.cpu()
        load = _send(bench, transport, lines, port, offered)
        dropped = kernel_drops(port) if transport == "udp" else 0
        last = WARM_UP + len(lines) - dropped
        wait_until(lambda: product.has_stored(last), STORED_S, "the load is stored", LOOK_S)
        elapsed_s = (time.monotonic_ns() - load.started_ns) / 1e9
        after = product.cpu()
        stored = product.stored_datagrams() - WARM_UP
    cpu = {role: (after[role] - before[role]) / stored for role in before}
    details: dict[str, Detail] = {
        "offered": "as fast as taken" if offered == LINE_RATE else f"{offered}/s",
        "sent_per_s": round(load.rate),
        "lines": len(lines),
    }
    return stored / elapsed_s, cpu, details, len(lines) - stored


def _peer(
    bench: Bench, transport: Transport, lines: list[bytes], name: str
) -> tuple[float, float, int]:
    """Lines a second, CPU µs a line, lost lines."""
    with Syslogd(name, bench.folder / f"{name}-{transport}", transport) as peer:
        before = peer.cpu()
        load = _send(bench, transport, lines, peer.port, OFFERED[0])
        written, last_ns = peer.written(), time.monotonic_ns()
        while written < len(lines) and time.monotonic_ns() - last_ns < QUIET_S * 1e9:
            time.sleep(LOOK_S)
            more = peer.written()
            if more != written:
                written, last_ns = more, time.monotonic_ns()
        cpu = (peer.cpu() - before) / max(1, written)
    rate = written * 1e9 / (max(last_ns, load.ended_ns) - load.started_ns)
    return rate, cpu, len(lines) - written


def _family(transport: Transport, meaning: str) -> Family:
    row = f"syslog-{transport}"
    mark = Mark("value", ">=", 25_000) if transport == "udp" else None
    return Family(
        row,
        (
            Spec(row, "lines/s", meaning, "rsyslog", mark),
            Spec(f"{row}-cpu", "µs CPU a line", "all processes together", "rsyslog"),
            Spec(f"{row}-syslog-ng", "lines/s", "the same", "syslog-ng"),
            Spec(f"{row}-syslog-ng-cpu", "µs CPU a line", "the same", "syslog-ng"),
        ),
        partial(measure, transport),
        repeats=3,
        cheap=False,
    )


def _field_family(transport: Transport) -> Family:
    row = f"syslog-{transport}-field"
    meaning = f"the same over {transport.upper()}, one line in 20 of which meets a rule"
    return Family(
        row,
        (
            Spec(row, "lines/s", meaning),
            Spec(f"{row}-cpu", "µs CPU a line", "all processes together"),
        ),
        partial(measure_field, transport),
        repeats=3,
        cheap=False,
    )


FAMILIES = (
    _family("udp", "lines of every vendor over UDP, at most 0.1 % lost"),
    _family("tcp", "lines of every vendor over TCP, none lost"),
    _field_family("udp"),
    _field_family("tcp"),
)
