"""The load generator: a C program, compiled when needed, or its slower stand-in in Python.

In: templates, a place to send to, a rate. Out: when the first datagram left and when the last one
had. Instants are nanoseconds of CLOCK_MONOTONIC, which all processes share.
"""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

import msgspec

from .traffic import Templates

LINE_RATE = 0
"""A rate for "as fast as the socket takes them"."""

SOURCE = Path(__file__).with_name("trapload.c")

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
        self, templates: Templates, port: int, count: int, rate: int, *, first: int = 0
    ) -> Load:
        """Send `count` datagrams, numbered from `first`, to a port of 127.0.0.1; return when all
        are sent."""
        ...


class CompiledGenerator:
    """`trapload.c`."""

    name = "trapload (C, sendmmsg)"

    def __init__(self, program: Path) -> None:
        self._program = program

    def send(
        self, templates: Templates, port: int, count: int, rate: int, *, first: int = 0
    ) -> Load:
        """See `Generator.send`. Raises `CalledProcessError`, `TimeoutExpired`."""
        file = self._program.with_name("templates")
        file.write_bytes(b"".join(templates.datagrams))
        places = (templates.size_bytes, templates.id_at, templates.uptime_at)
        arguments = map(str, (port, first, count, rate, file, *places))
        run = subprocess.run(
            [str(self._program), "127.0.0.1", *arguments],
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
        self, templates: Templates, port: int, count: int, rate: int, *, first: int = 0
    ) -> Load:
        """See `Generator.send`."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(("127.0.0.1", port))
            started_ns = time.monotonic_ns()
            for sent in range(0, count, PYTHON_BATCH):
                datagrams = [
                    templates.numbered(first + number)
                    for number in range(sent, min(sent + PYTHON_BATCH, count))
                ]
                if rate:
                    due_ns = started_ns + sent * 1_000_000_000 // rate
                    time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
                for datagram in datagrams:
                    sock.send(datagram)
        return Load(count, started_ns, time.monotonic_ns())


def generator(folder: Path) -> Generator:
    """The fastest generator that this machine has; the program is put into `folder`."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        print("no C compiler: the load is sent by Python, which is slower", file=sys.stderr)
        return PythonGenerator()
    program = folder / "trapload"
    subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE)], check=True)
    return CompiledGenerator(program)
