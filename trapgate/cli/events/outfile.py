"""The file that an export writes: whole or not there, and whatever else has that name is kept."""

import gzip
import os
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO

STANDARD_OUTPUT = "-"

COMPRESSED = ".gz"
COMPRESSION_LEVEL = 6
"""gzip's own default: an eighth of the size, and a third of the time of 9."""


class NotOurs(Exception):
    """The file that would be replaced cannot be left to its owner; the message says so."""


@contextmanager
def written(target: str) -> Iterator[BinaryIO]:
    """Where to write, compressed if the name says so; `-` is standard output.

    A file appears under its name when all of it is on the disk, until then it has another name
    beside it; if anything goes wrong, nothing is left of it. A new one is its owner's alone, as
    the store is; one that is replaced leaves its owner, group and mode to the new one. A symbolic
    link stays, what it leads to is written. A device or a FIFO is written to as it is.

    Raises `OSError`, and `NotOurs` for a file of somebody else that cannot be given back to them.
    """
    if target == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    there = _there(path)
    packed = path.suffix == COMPRESSED
    if there is not None and not stat.S_ISREG(there.st_mode):
        with open(os.open(path, os.O_WRONLY), "wb") as device, _packed(device, packed) as taking:
            yield taking
        return
    # not earlier: behind the links of /proc, to which /dev/stdout leads, there may be no path
    place = Path(os.path.realpath(path))
    with _ended_by_signals(), _beside(place, there) as file, _packed(file, packed) as taking:
        yield taking


def _there(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


@contextmanager
def _packed(file: BinaryIO, packed: bool) -> Iterator[BinaryIO]:
    if not packed:
        yield file
        return
    # the name and time in the header would make equal events unequal files
    with gzip.GzipFile("", "wb", COMPRESSION_LEVEL, file, mtime=0) as packing:
        yield packing  # type: ignore[misc]


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """What would end the process at once ends it as Ctrl-C does: what was begun is cleared away.
    A signal that is ignored (nohup) stays ignored."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    before = {n: handler for n, handler in handlers.items() if handler is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _beside(path: Path, there: os.stat_result | None) -> Iterator[BinaryIO]:
    """The file under its other name, which is its own at the end; `there` is what it replaces."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            if there is not None:
                _leave_to(descriptor, path, there)
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _leave_to(descriptor: int, path: Path, there: os.stat_result) -> None:
    """Give the new file the owner, group and mode of the one that was there: its mode alone would
    let the wrong people in."""
    os.close(os.open(path, os.O_WRONLY))  # who may not write it may not replace it
    made = os.fstat(descriptor)
    if (made.st_uid, made.st_gid) != (there.st_uid, there.st_gid):
        try:
            os.fchown(descriptor, there.st_uid, there.st_gid)
        except PermissionError:
            raise NotOurs(
                f"{path} is a file of somebody else, and would become yours: write another one"
            ) from None
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))
