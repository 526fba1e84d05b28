"""Syslog lines of every vendor in turn, and how they are sent over TCP.

The lines are the first of the golden files (`tests/decode/syslog/vendors`) of 23 systems. Lines
and systems that are added later, for tests of their own, do not change the load. Each is sent as by
another device at another time (see `variation`).
"""

import socket
import time
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from .generator import Load
from .samples import ARRIVED, configuration, datagram
from .variation import Variation

VENDORS = Path(__file__).parents[1] / "decode" / "syslog" / "vendors"

LINES: Mapping[str, int] = {
    **dict.fromkeys("check-point cisco-aireos".split(), 2),
    **dict.fromkeys("aruba-cx dell f5-bigip fortigate hp-procurve pan-os sonic".split(), 4),
    **dict.fromkeys("brocade cisco-ios-xr linux meraki nokia-sr-os".split(), 6),
    **dict.fromkeys("arista-eos cisco-asa cisco-nx-os generic h3c-comware mikrotik".split(), 8),
    "huawei-vrp": 9,
    "junos": 13,
    "cisco-ios": 20,
}
"""How many lines of a system's golden file, its first: more of what networks have more of."""

FIELD_LINES_OF_AN_ALARM = 20
"""One line of so many meets a rule in the load that stands for the field. The golden files were
written to test rules, so half of their lines do. What networks send is logins, configuration,
denied connections, sessions and leases; 5 % is our ruling and rather more than they alarm."""

CHUNK_LINES = 512
"""Lines of one write to a connection: some 64 KiB."""

SEND_TIMEOUT_S = 120.0
"""Longest time that a connection may take nothing."""


@cache
def corpus() -> tuple[bytes, ...]:
    """Each line once, the systems mixed: the first line of each, then the second of each."""
    files = [
        (VENDORS / f"{system}.txt").read_bytes().splitlines()[:count]
        for system, count in sorted(LINES.items())
    ]
    longest = max(map(len, files))
    return tuple(lines[n] for n in range(longest) for lines in files if n < len(lines))


@cache
def field_corpus() -> tuple[bytes, ...]:
    """Lines of the corpus, one in `FIELD_LINES_OF_AN_ALARM` of which meets a rule; each that meets
    one stands in it once, the others in turn."""
    lines = corpus()
    met = dict(zip(lines, met_rules(lines), strict=True))
    alarms = [line for line in lines if met[line]]
    others = cycle([line for line in lines if not met[line]])
    return tuple(
        line for alarm in alarms for line in (alarm, *islice(others, FIELD_LINES_OF_AN_ALARM - 1))
    )


def mixed(count: int, first: int = 0) -> list[bytes]:
    """So many lines of the corpus, again and again, from this place on; hardly two are the same."""
    return _varied(corpus(), count, first)


def field(count: int, first: int = 0) -> list[bytes]:
    """The same of lines that mostly meet no rule."""
    return _varied(field_corpus(), count, first)


def _varied(lines: Sequence[bytes], count: int, first: int) -> list[bytes]:
    variation = Variation()
    varied = (variation.of(line) for line in cycle(lines))
    return list(islice(varied, first, first + count))


def met_rules(lines: Sequence[bytes]) -> list[bool]:
    """Whether each line meets one of the bundled rules."""
    translator = configuration().translator(lambda *_: None)
    numbered = [(n, datagram(line, "syslog-udp")) for n, line in enumerate(lines, start=1)]
    memory = translator.memory()
    events = translator.batch(numbered, "bench", memory, ARRIVED).events
    met = {
        event.position.sequence
        for event in events
        if translator.matcher.matches(event) and event.code != "trapgate.sequence-gap"
    }
    return [n in met for n, _ in numbered]


def send_over_tcp(lines: Sequence[bytes], port: int) -> Load:
    """Send lines over one connection, each with a line feed, as fast as they are taken."""
    chunks = [
        b"".join([line + b"\n" for line in lines[at : at + CHUNK_LINES]])
        for at in range(0, len(lines), CHUNK_LINES)
    ]
    with socket.create_connection(("127.0.0.1", port), SEND_TIMEOUT_S) as connection:
        started_ns = time.monotonic_ns()
        for chunk in chunks:
            connection.sendall(chunk)
    return Load(len(lines), started_ns, time.monotonic_ns())
