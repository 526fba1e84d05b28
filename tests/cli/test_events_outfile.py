"""The file of an export: what has its name already, and what kind of file that is."""

import gzip
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.full import full_device
from trapgate.cli.events.outfile import NotOurs, written

NOBODY = 65_534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


def put(target: Path, data: bytes = b"new\n") -> None:
    with written(str(target)) as file:
        file.write(data)


def named(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    put(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"new\n"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old\n")
    out.chmod(0o640)
    before = out.stat().st_ino
    put(out)
    assert out.read_bytes() == b"new\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert out.stat().st_ino != before, "who reads the old one would see it change"


@as_root
def test_a_file_that_is_replaced_keeps_its_owner_and_group(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old\n")
    os.chown(out, NOBODY, NOBODY - 1)
    out.chmod(0o640)
    put(out)
    found = out.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (NOBODY, NOBODY - 1, 0o640)


@as_root
def test_a_file_of_somebody_else_does_not_become_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    out = tmp_path / "out"
    out.write_bytes(b"old\n")
    os.chown(out, NOBODY, NOBODY)
    monkeypatch.setattr(os, "fchown", refused)
    with pytest.raises(NotOurs, match="a file of somebody else"):
        put(out)
    assert out.read_bytes() == b"old\n"
    assert named(tmp_path) == ["out"]


@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_stays(there: bool, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    real, link = tmp_path / "folder" / "real", tmp_path / "link"
    if there:
        real.write_bytes(b"old\n")
    link.symlink_to("folder/real")
    put(link)
    assert link.is_symlink()
    assert real.read_bytes() == b"new\n"
    assert (named(tmp_path), named(tmp_path / "folder")) == (["folder", "link"], ["real"])


@pytest.mark.parametrize("name", ["fifo", "fifo.gz"])
def test_a_fifo_is_written_to(name: str, tmp_path: Path) -> None:
    fifo = tmp_path / name
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    put(fifo)
    reader.join()
    assert gzip.decompress(read[0]) if fifo.suffix else read[0] == b"new\n"
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert named(tmp_path) == [name]


def test_a_device_is_written_to(tmp_path: Path) -> None:
    device = full_device(tmp_path)
    with pytest.raises(OSError, match="No space left on device"):
        put(device)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert named(tmp_path) == ["full"]


def test_what_standard_output_is_called(tmp_path: Path) -> None:
    script = (
        "from trapgate.cli.events.outfile import written\n"
        "with written('/dev/stdout') as file: file.write(b'new')"
    )
    piped = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert piped.stdout == b"new"
