"""`trapgate run` where it cannot start: exit code 78, and a message that says what to do."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from golden import Golden

pytestmark = pytest.mark.real

RUN_S_MAX = 60.0
"""How long a start that fails may take: it takes a second."""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trapgate", "run"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )


def configure(folder: Path, *, udp: int = 0, http: int = 0) -> None:
    (folder / "trapgate.yml").write_text(
        f"""\
listen:
- {{name: traps, protocol: snmp, address: "127.0.0.1:{udp}"}}
web: {{listen: "127.0.0.1:{http}"}}
"""
    )


def without_ports(text: str) -> str:
    return re.sub(r":\d{4,5}\b", ":PORT", text)


@pytest.mark.parametrize(
    ("name", "kind"), [("udp", socket.SOCK_DGRAM), ("http", socket.SOCK_STREAM)]
)
def test_a_port_in_use(name: str, kind: socket.SocketKind, tmp_path: Path, golden: Golden) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        configure(tmp_path, **{name: taken.getsockname()[1]})
        done = run(tmp_path)
    assert (done.returncode, done.stdout) == (78, "")
    golden.check(f"run-port-in-use-{name}.txt", without_ports(done.stderr))


def test_an_unknown_key(tmp_path: Path) -> None:
    (tmp_path / "trapgate.yml").write_text("colour: red\n")
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == (
        'trapgate.yml:1:1: error: unknown key "colour" in the file [unknown-key]\n'
        "    colour: red\n    ^\n"
    )
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_another_trapgate_uses(tmp_path: Path) -> None:
    import fcntl

    configure(tmp_path)
    (tmp_path / "data").mkdir()
    with (tmp_path / "data/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run(tmp_path)
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == (
        f"trapgate cannot start: another trapgate uses the data folder {tmp_path}/data; stop it, "
        "or set another `data`\n"
    )
