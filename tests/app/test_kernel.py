"""Names of processes as the kernel has them."""

import subprocess
import sys
from pathlib import Path

import pytest

from trapgate.app.flow import Census
from trapgate.app.kernel import NAME_BYTES_MAX, kernel_name
from trapgate.app.settings import DECODERS_MAX, WORKERS_MAX


def test_names_are_told_apart_within_what_the_kernel_keeps() -> None:
    processes = Census(WORKERS_MAX, DECODERS_MAX).names()
    names = {kernel_name(name) for name in ("supervisor", *processes)}
    assert len({name.encode()[:NAME_BYTES_MAX] for name in names}) == len(processes) + 1
    assert max(map(len, names)) <= NAME_BYTES_MAX


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("supervisor", "trapgate-super"),
        ("receive", "trapgate-recv"),
        ("receive-16", "trapgate-recv16"),
        ("ingest", "trapgate-ingest"),
        ("index", "trapgate-index"),
        ("core", "trapgate-core"),
    ],
)
def test_the_kernel_shows_the_name(name: str, expected: str) -> None:
    code = """
import sys
from trapgate.app.kernel import kernel_name, take_name
take_name(kernel_name(sys.argv[1]))
print("named", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", code, name]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "named\n"
        assert Path(f"/proc/{process.pid}/comm").read_text() == f"{expected}\n"
        process.stdin.close()
