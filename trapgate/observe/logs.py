"""Structured logs on standard error: the event's name first, one line per failure, nothing per item
above debug."""

import io
import logging
import select
import sys
from typing import ClassVar, Literal, TextIO

import structlog

Level = Literal["debug", "info", "warning", "error", "critical"]
Format = Literal["logfmt", "json"]

READER_WAIT_MS = 1_000
"""How long the reader of the log may leave a full pipe as it is before a line is lost: no process
may wait for it. Behind a line that was lost none waits, until one can be written again."""

PIECE_CHARACTERS = select.PIPE_BUF // 4
"""What fits into a pipe of which `poll` says that it can be written, in UTF-8."""


def configure_logs(process: str, level: Level = "info", format: Format = "logfmt") -> None:
    """Set up the logs of this process; every line names it. May be called again."""
    renderer = (
        structlog.processors.JSONRenderer()
        if format == "json"
        else structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "event", "process"]
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _visible,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=lambda *_: _Lines(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process=process)


class _Lines:
    """Writes lines to a stream. What cannot be written is lost: a full disk, a dead reader of the
    log or one that has stopped to read must neither end nor hold up who tells of it. The next line
    that can be written is followed by one that says how many were lost."""

    lost: ClassVar[int] = 0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        if not self._written(line + "\n"):
            _Lines.lost += 1
        elif _Lines.lost:
            lines, _Lines.lost = _Lines.lost, 0
            logger().error("log.lost", lines=lines)
            _Lines.lost += lines if _Lines.lost else 0  # it was lost itself

    def _written(self, text: str) -> bool:
        try:
            for at in range(0, len(text), PIECE_CHARACTERS):
                if not self._has_room():
                    return False
                self._stream.write(text[at : at + PIECE_CHARACTERS])
                self._stream.flush()
        except (OSError, ValueError):
            return False
        return True

    def _has_room(self) -> bool:
        """Whether a piece can be written without waiting for long."""
        try:
            descriptor = self._stream.fileno()
        except io.UnsupportedOperation:  # it is in memory
            return True
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        return bool(poll.poll(0 if _Lines.lost else READER_WAIT_MS))

    debug = info = warning = error = critical = exception = msg


def logger() -> structlog.typing.FilteringBoundLogger:
    """The logger of whatever process this runs in."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return log


def _visible(
    _logger: object, _method: str, values: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Escape sequences and the like that a peer sent do not reach the terminal; line ends are the
    renderer's business."""
    return {
        key: "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in value)
        if isinstance(value, str)
        else value
        for key, value in values.items()
    }
