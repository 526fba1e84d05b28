"""What the kernel is told of a process: its name, and with whom it dies (Linux, prctl(2))."""

import ctypes
import os
import signal

from trapgate.app.flow import stage_of, worker_of

NAME_BYTES_MAX = 15
"""The kernel cuts longer names (TASK_COMM_LEN, which counts a NUL)."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

_SHORT = {"supervisor": "super", "receive": "recv", "decode": "dec"}


def kernel_name(name: str) -> str:
    """What `ps -o comm` and `top` show for a process: `trapgate-recv` and, of several,
    `trapgate-recv2` ..., `trapgate-ingest`, `trapgate-dec`, `trapgate-index`, `trapgate-core`,
    `trapgate-super`."""
    stage, worker = stage_of(name), worker_of(name)
    return f"trapgate-{_SHORT.get(stage, stage)}{worker if worker > 1 else ''}"


def take_name(name: str) -> None:
    """Give this process a name, its threads to come too; `NAME_BYTES_MAX` of it are seen."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent dies: a new start then finds the ports free.
    If the parent is gone already, this is the end."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
