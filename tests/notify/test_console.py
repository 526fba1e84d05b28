"""Standard output against real pipes: read, full, closed."""

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from trapgate.model.exchange import Printed, Response, Unreachable
from trapgate.notify.console import Console

Pipe = tuple[int, int]
TIMEOUT_S = 0.1
"""Of the writes that are to hang."""


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)


def fill(writer: int) -> int:
    """Write until the pipe takes no more; returns how much that was."""
    os.set_blocking(writer, False)
    count = 0
    try:
        while True:
            count += os.write(writer, b"x")
    except BlockingIOError:
        os.set_blocking(writer, True)
        return count


def test_lines_come_out_in_order(pipe: Pipe) -> None:
    async def write() -> list[Response]:
        console = Console(pipe[1])
        return await asyncio.gather(*(console.write(f"line {n} ä \ud800") for n in range(20)))

    assert asyncio.run(write()) == [Printed()] * 20
    shown = "".join(f"line {n} ä \\ud800\n" for n in range(20))
    assert os.read(pipe[0], 65_536).decode() == shown
    os.close(pipe[0])


def test_a_pipe_that_is_not_read_stops_nothing_and_goes_on_when_it_is(pipe: Pipe) -> None:
    reader, writer = pipe
    filled = fill(writer)

    async def write() -> list[Response]:
        console = Console(writer, TIMEOUT_S)
        found = [*await asyncio.gather(console.write("first"), console.write("second"))]
        left = filled + len("first\n")
        while left:
            left -= len(await asyncio.to_thread(os.read, reader, left))
        for thread in threading.enumerate():
            if thread.name == "standard output":
                await asyncio.to_thread(thread.join)
        return [*found, await console.write("third")]

    not_read = "standard output is not read"
    assert asyncio.run(write()) == [
        Unreachable(not_read, sent=True),
        Unreachable(not_read, sent=False),
        Printed(),
    ]
    assert os.read(reader, 65_536) == b"third\n"
    os.close(reader)


def test_a_pipe_that_is_closed(pipe: Pipe) -> None:
    os.close(pipe[0])
    assert asyncio.run(Console(pipe[1]).write("a line")) == Unreachable(
        "standard output: Broken pipe", sent=False
    )
