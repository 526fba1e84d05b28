"""How every command ends that does not end by itself: its output cannot be written, or Ctrl-C.

It is imported before everything else, and imports nothing that takes long.
"""

import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

EX_OUTPUT = os.EX_IOERR
"""What a command has to say cannot be written: sysexits.h's code for it, 74. It is not 1, which
would be "nothing found"."""

EX_INTERRUPTED = 128 + signal.SIGINT
"""Ended by Ctrl-C: as the shell says it."""

EX_PIPE = 128 + signal.SIGPIPE
"""Who reads the output has closed it (`| head -1`): as the shell says it of grep and cat."""


class OutputFailed(Exception):
    """Standard output or standard error cannot be written, because of the error `number`. It is no
    `OSError`: nobody who handles those of files is to take it for one of them."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"{name} cannot be written: {os.strerror(number)}")
        self.number = number


class _Guarded(io.BufferedWriter):
    """What is written to a descriptor; what goes wrong there is an `OutputFailed`.

    It is the buffer that is guarded, not the file beneath it: if Ctrl-C came between a write and
    its return there, the buffer would not know of the write, and write the same again.
    """

    def __init__(self, descriptor: int, title: str) -> None:
        super().__init__(io.FileIO(descriptor, "w", closefd=False))
        self._title = title

    def write(self, data: "ReadableBuffer", /) -> int:
        with self._told():
            return super().write(data)

    def flush(self) -> None:
        with self._told():
            super().flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputFailed(self._title, error.errno or errno.EIO) from error


def guard_outputs() -> None:
    """Have standard output and standard error raise `OutputFailed` from now on. One that is closed
    (`>&-`) takes everything and keeps nothing."""
    sys.stdout = _guarded(sys.stdout, "standard output")
    sys.stderr = _guarded(sys.stderr, "standard error")


def ended(command: Callable[[], int]) -> int:
    """Run a command; returns the exit code of the process. What keeps it from being heard is said
    in one line on standard error, if that can be written."""
    try:
        try:
            code = _code(command)
        except KeyboardInterrupt:
            code = EX_INTERRUPTED
        _flush()
    except OutputFailed as failed:
        _forget(sys.stdout)
        if failed.number == errno.EPIPE:
            return EX_PIPE
        try:
            print(failed, file=sys.stderr)
        except OutputFailed:
            _forget(sys.stderr)
        return EX_OUTPUT
    return code


def _code(command: Callable[[], int]) -> int:
    try:
        return command()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError:  # of a `run`, whose outputs are not guarded: it has ended as it should
        _forget(sys.stdout)


def _guarded(stream: TextIO | None, title: str) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):  # `None` if the descriptor is closed
        return open(os.devnull, "w", encoding="utf-8")
    return io.TextIOWrapper(
        _Guarded(stream.fileno(), title),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering or stream.write_through,
    )


def _forget(stream: TextIO) -> None:
    """What is still in the buffer goes nowhere, instead of failing again at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
