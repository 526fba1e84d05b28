"""Events as lines of JSON, and back: what `events export` writes, `replay` reads."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from trapgate.model import Event
from trapgate.normalize.stored import event_of, stored_document

_GZIP_MAGIC = b"\x1f\x8b"

LINE_BYTES_MAX = 16 * 1024 * 1024
"""A longer line is no event: the largest has some 100 KB."""

_encode = msgspec.json.Encoder().encode


class UnreadableLine(ValueError):
    """A line that is no event; the message says which and why."""


def document_line(event: Event) -> bytes:
    """The event's whole document as one line."""
    return _encode(stored_document(event)) + b"\n"


def events_of(file: BinaryIO) -> Iterator[Event]:
    """The events of lines, in their order; blank lines are passed over. Raises `UnreadableLine`."""
    number = 0
    while line := _line(file, number + 1):
        number += 1
        if line.strip():
            try:
                event = event_of(msgspec.json.decode(line, type=dict[str, object]))
            except (ValueError, RecursionError) as error:
                what = "is no event as `trapgate events export` writes it"
                raise UnreadableLine(f"line {number} {what} ({error})") from None
            yield event


def _line(file: BinaryIO, number: int) -> bytes:
    try:
        return file.readline(LINE_BYTES_MAX)
    except (OSError, EOFError, zlib.error) as error:  # the last two: a .gz that is cut or damaged
        raise UnreadableLine(f"line {number} cannot be read: {error}") from None


@contextmanager
def opened_lines(name: str) -> Iterator[BinaryIO]:
    """A file of lines, `-` for standard input; compressed or not, its content tells. Raises
    `OSError`."""
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield unpacked  # type: ignore[misc]
