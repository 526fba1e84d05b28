"""How commands end whose output cannot be written, or that are interrupted: as whole processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.full import full_device
from cli.stored import DAY, sixty, stored

pytestmark = pytest.mark.real

COMMAND_S_MAX = 60.0
"""How long a command may take: it takes half a second."""

TRAPGATE = [sys.executable, "-m", "trapgate"]

FULL = "standard output cannot be written: No space left on device\n"

AT_IMPORT = """\
import os, signal, sys
from trapgate.cli import main

class AtImport:
    def find_spec(self, name, path=None, target=None):
        if name == "trapgate.cli.commands":
            os.kill(os.getpid(), signal.{name})

sys.meta_path.insert(0, AtImport())
sys.argv = ["trapgate", *sys.argv[1:]]
sys.exit(main())
"""
"""Calls trapgate, and gets a signal where its commands begin to be loaded."""


BENEATH = """\
import sys
from trapgate.cli.ending import guard_outputs
guard_outputs()
print(type(sys.stdout.buffer.raw).__name__)
"""
"""What writes to the descriptor."""


def run(
    folder: Path, command: list[str], stdout: Path | None = None, stderr: Path | None = None
) -> subprocess.CompletedProcess[str]:
    out, err = (None if path is None else os.open(path, os.O_WRONLY) for path in (stdout, stderr))
    try:
        return subprocess.run(
            command,
            cwd=folder,
            stdout=subprocess.PIPE if out is None else out,
            stderr=subprocess.PIPE if err is None else err,
            text=True,
            timeout=COMMAND_S_MAX,
            env={"PATH": os.environ["PATH"]},
            check=False,
        )
    finally:
        for descriptor in (out, err):
            if descriptor is not None:
                os.close(descriptor)


@pytest.mark.parametrize(
    "arguments",
    [
        ("events", "search", *DAY),
        ("events", "search", "--by", "host.name", *DAY),
        ("events", "show", sixty()[0].id),
        ("events", "export", *DAY),
        ("replay", *DAY),
        ("mib", "lookup", "linkDown"),
        ("--help",),
    ],
    ids=lambda arguments: "-".join(arguments[:2]),
)
def test_a_full_output(arguments: tuple[str, ...], tmp_path: Path) -> None:
    stored(tmp_path, sixty())
    full = full_device(tmp_path)
    done = run(tmp_path, [*TRAPGATE, *arguments], stdout=full)
    assert done.returncode == 74
    assert done.stderr.endswith(FULL)
    assert "Traceback" not in done.stderr


def test_when_even_that_cannot_be_said(tmp_path: Path) -> None:
    full = full_device(tmp_path)
    assert run(tmp_path, [*TRAPGATE, "mib", "list"], full, full).returncode == 74
    assert run(tmp_path, [*TRAPGATE, "nonsense"], None, full).returncode == 74


def test_an_export_to_a_device_that_is_full(tmp_path: Path) -> None:
    stored(tmp_path, sixty())
    full = full_device(tmp_path)
    done = run(tmp_path, [*TRAPGATE, "events", "export", *DAY, "-o", "full"])
    assert (done.returncode, done.stderr) == (74, "full: No space left on device\n")
    assert full.is_char_device()


def test_a_closed_output_takes_everything(tmp_path: Path) -> None:
    done = run(tmp_path, ["sh", "-c", '"$0" -m trapgate mib lookup linkDown >&-', sys.executable])
    assert (done.returncode, done.stderr) == (0, "")


def test_usage_and_its_code(tmp_path: Path) -> None:
    done = run(tmp_path, [*TRAPGATE, "mib", "list", "--nonsense"])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: python -m trapgate mib list ")


def test_ctrl_c(tmp_path: Path) -> None:
    script = AT_IMPORT.format(name="SIGINT")
    done = run(tmp_path, [sys.executable, "-c", script, "mib", "list"])
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")


def test_ctrl_c_in_the_middle_of_a_command(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*TRAPGATE, "decode", "syslog", "-"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"]},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"<13>one\n" * 1_000)
        process.stdin.flush()
        assert process.stdout.read(1) == b"{"
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=COMMAND_S_MAX)
    assert (process.returncode, error.strip()) == (130, b"")


def test_a_reload_while_run_starts_does_not_end_it(tmp_path: Path) -> None:
    (tmp_path / "trapgate.yml").write_text("colour: red\n")
    default = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # not as by nohup
    script = default + AT_IMPORT.format(name="SIGHUP")
    assert run(tmp_path, [sys.executable, "-c", script, "run"]).returncode == 78
    others = run(tmp_path, [sys.executable, "-c", script, "check"])
    assert others.returncode == -signal.SIGHUP, "a closed terminal ends what is no service"


def test_nothing_comes_between_a_write_and_its_buffer() -> None:
    """Ctrl-C there would let the buffer write the same again: it calls the file itself, in C."""
    command = [sys.executable, "-c", BENEATH]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_S_MAX)
    assert (done.returncode, done.stdout) == (0, "FileIO\n")
