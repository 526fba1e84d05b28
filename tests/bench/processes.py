"""Processes as the benchmarks need them: started, waited for, measured from outside, ended.

Sources: proc(5) for `stat`, `smaps_rollup`, `fd` and `net/udp`.
"""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

POLL_S = 0.002
"""How often a condition is looked at."""

END_S = 40.0
"""How long a process may take to end: trapgate drains its spool first."""

_TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")


class TooSlow(Exception):
    """What was waited for did not happen in time."""


def wait_until(
    condition: Callable[[], bool], within_s: float, what: str, poll_s: float = POLL_S
) -> None:
    """Return when the condition holds. Raises `TooSlow`."""
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            raise TooSlow(f"{what}: not within {within_s} s")
        time.sleep(poll_s)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a child to end, insist if it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


class Running(ABC):
    """A program that runs in a folder of its own for as long as the context: it is ready inside and
    has ended behind it."""

    _process: "subprocess.Popen[bytes]"

    def __init__(self, name: str, ready_s: float) -> None:
        self._name = name
        self._ready_s = ready_s

    def __enter__(self) -> Self:
        self._process = self._started()
        try:
            wait_until(self._is_ready, self._ready_s, f"{self._name} is ready")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end(self._process)

    @abstractmethod
    def _started(self) -> "subprocess.Popen[bytes]":
        """Write what it needs into its folder and start it."""

    @abstractmethod
    def _is_ready(self) -> bool: ...


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_us(pid: int) -> float:
    """CPU time of a process so far, in user and kernel mode, in steps of 10 ms."""
    columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) * _TICK_US


def private_bytes(pid: int) -> int:
    """Memory that only this process has (`Private_Clean` and `Private_Dirty` of its mappings)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def open_files(pid: int) -> set[str]:
    """Names of the files that a process holds open, without their folders."""
    names = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.add(link.readlink().name)
        except OSError:
            continue  # closed in the meantime
    return names


def kernel_drops(port: int) -> int:
    """Datagrams that the kernel dropped at the UDP sockets of a port, over both families."""
    drops = 0
    for table in ("udp", "udp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            columns = line.split()
            if int(columns[1].rpartition(":")[2], 16) == port:
                drops += int(columns[-1])
    return drops
