"""The load generator: a C program, compiled when needed, or its slower stand-in in Python.

In: templates or datagrams, a place to send to, a rate. Out: when the first datagram left and when
the last one had. Instants are nanoseconds of CLOCK_MONOTONIC, which all processes share.
"""

import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from .traffic import Templates

LINE_RATE = 0
"""A rate for "as fast as the socket takes them"."""

SOURCE = Path(__file__).with_name("trapload.c")

IP_PKTINFO = 8
"""ip(7); Python 3.11 does not name it."""

FIRST_SOURCE = 0x7F010000
"""127.1.0.0: Linux takes all of 127.0.0.0/8 for its own."""

PYTHON_BATCH = 64
"""Datagrams between two looks at the clock, in Python."""

SEND_TIMEOUT_S = 120.0
"""Longest time of one load: the slowest rate of the longest load takes half of it."""


class Load(msgspec.Struct, frozen=True):
    """One load as it was sent."""

    count: int
    started_ns: int
    ended_ns: int

    @property
    def rate(self) -> float:
        """Datagrams a second."""
        return self.count * 1e9 / max(1, self.ended_ns - self.started_ns)


class Generator(Protocol):
    """What sends."""

    name: str

    def send(
        self,
        templates: Templates,
        port: int,
        count: int,
        rate: int,
        *,
        first: int = 0,
        sources: int = 0,
    ) -> Load:
        """Send `count` datagrams, numbered from `first`, to a port of 127.0.0.1, in turn from so
        many addresses of 127.1.0.0/16 (0: from that which the kernel takes); return when all are
        sent."""
        ...

    def replay(self, datagrams: Sequence[bytes], port: int, rate: int) -> Load:
        """Send these datagrams as they are, each once, in order; return when all are sent."""
        ...


class CompiledGenerator:
    """`trapload.c`."""

    name = "trapload (C, sendmmsg)"

    def __init__(self, program: Path) -> None:
        self._program = program

    def send(
        self,
        templates: Templates,
        port: int,
        count: int,
        rate: int,
        *,
        first: int = 0,
        sources: int = 0,
    ) -> Load:
        """See `Generator.send`. Raises `CalledProcessError`, `TimeoutExpired`."""
        file = self._program.with_name("templates")
        file.write_bytes(b"".join(templates.datagrams))
        places = (templates.size_bytes, templates.id_at, templates.uptime_at)
        return self._run(count, port, first, count, rate, sources, file, *places)

    def replay(self, datagrams: Sequence[bytes], port: int, rate: int) -> Load:
        """See `Generator.replay`. Raises `CalledProcessError`, `TimeoutExpired`."""
        file = self._program.with_name("datagrams")
        file.write_bytes(b"".join([len(data).to_bytes(2, "big") + data for data in datagrams]))
        return self._run(len(datagrams), port, 0, len(datagrams), rate, 0, file)

    def _run(self, count: int, *arguments: int | Path) -> Load:
        run = subprocess.run(
            [str(self._program), "127.0.0.1", *map(str, arguments)],
            check=True,
            capture_output=True,
            text=True,
            timeout=SEND_TIMEOUT_S,
        )
        started_ns, ended_ns = map(int, run.stdout.split())
        return Load(count, started_ns, ended_ns)


class PythonGenerator:
    """Where there is no compiler: some 100,000 datagrams a second at the most, and a core of
    its own that the measured programs lack."""

    name = "Python"

    def send(
        self,
        templates: Templates,
        port: int,
        count: int,
        rate: int,
        *,
        first: int = 0,
        sources: int = 0,
    ) -> Load:
        """See `Generator.send`."""
        numbers = range(first, first + count)
        numbered = (
            (templates.numbered(number), number % sources if sources else None)
            for number in numbers
        )
        return self._send(numbered, port, rate)

    def replay(self, datagrams: Sequence[bytes], port: int, rate: int) -> Load:
        """See `Generator.replay`."""
        return self._send(((data, None) for data in datagrams), port, rate)

    def _send(self, datagrams: Iterator[tuple[bytes, int | None]], port: int, rate: int) -> Load:
        """Send datagrams, each from the address of its number."""
        sent = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", port))
            started_ns = time.monotonic_ns()
            for sent, (data, source) in enumerate(datagrams, start=1):
                if rate and sent % PYTHON_BATCH == 0:
                    due_ns = started_ns + sent * 1_000_000_000 // rate
                    time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
                if source is None:
                    sock.send(data)
                else:
                    sock.sendmsg([data], [(socket.IPPROTO_IP, IP_PKTINFO, _packet_info(source))])
        return Load(sent, started_ns, time.monotonic_ns())


def _packet_info(source: int) -> bytes:
    """The `struct in_pktinfo` that has a datagram sent from this source."""
    return struct.pack("=I4s4x", 0, (FIRST_SOURCE + source).to_bytes(4, "big"))


def generator(folder: Path) -> Generator:
    """The fastest generator that this machine has; the program is put into `folder`."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        print("no C compiler: the load is sent by Python, which is slower", file=sys.stderr)
        return PythonGenerator()
    program = folder / "trapload"
    subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE)], check=True)
    return CompiledGenerator(program)
