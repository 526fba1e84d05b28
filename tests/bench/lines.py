"""Syslog lines of every vendor in turn, and how they are sent over TCP.

The lines are those of the golden files (`tests/decode/syslog/vendors`): 23 systems, every dialect
that trapgate knows.
"""

import socket
import time
from collections.abc import Sequence
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from .generator import Load

VENDORS = Path(__file__).parents[1] / "decode" / "syslog" / "vendors"

CHUNK_LINES = 512
"""Lines of one write to a connection: some 64 KiB."""

SEND_TIMEOUT_S = 120.0
"""Longest time that a connection may take nothing."""


@cache
def corpus() -> tuple[bytes, ...]:
    """Each line once, the systems mixed: the first line of each, then the second of each."""
    files = [path.read_bytes().splitlines() for path in sorted(VENDORS.glob("*.txt"))]
    longest = max(map(len, files))
    return tuple(lines[n] for n in range(longest) for lines in files if n < len(lines))


def mixed(count: int, first: int = 0) -> list[bytes]:
    """So many lines of the corpus, again and again, from this place on."""
    return list(islice(cycle(corpus()), first, first + count))


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
