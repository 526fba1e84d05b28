"""Structured logs on standard error: the event's name first, one line per failure, nothing per item
above debug."""

import logging
import sys
from typing import Literal, TextIO

import structlog

Level = Literal["debug", "info", "warning", "error", "critical"]
Format = Literal["logfmt", "json"]


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
    """Writes lines to a stream. What cannot be written is lost: a full disk or a dead reader of the
    log must not end who tells of it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass

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
