"""Logs: on standard error, the event's name first, and who said it."""

import contextlib
import json
import os
from collections.abc import Iterator

import pytest
import structlog

from trapgate.observe import configure_logs, logger, logs


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_names_the_process_and_goes_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("ingest")
    logger().info("store.deleted", file="2026-11-20.sqlite")
    printed = capsys.readouterr()
    assert printed.out == ""
    head, _, rest = printed.err.partition(" ")
    assert head.startswith("timestamp=")
    assert rest == "level=info event=store.deleted process=ingest file=2026-11-20.sqlite\n"


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("core", "info", "json")
    logger().warning("reload.refused", problems="a; b")
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "warning",
        "event": "reload.refused",
        "process": "core",
        "problems": "a; b",
    }


def test_the_level_and_the_process_can_be_set_again(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("supervisor", "debug")
    logger().debug("one")
    configure_logs("receive", "error")
    logger().warning("two")
    logger().error("three")
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("event=")[2] for line in lines] == [
        "one process=supervisor",
        "three process=receive",
    ]


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_what_a_device_sent_stays_on_one_line(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("ingest", "info", "json" if form == "json" else "logfmt")
    logger().info("odd", text='a\nlevel=error event=forged "x" \x1b[31m')
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "\x1b" not in printed


def test_an_exception_is_told_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("ingest", "info", "json")
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logger().exception("process.failed")
    line = json.loads(capsys.readouterr().err)
    assert "RuntimeError: boom" in line["exception"]


def test_a_log_that_nobody_can_write_to_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stderr", full)
        configure_logs("supervisor")
        logger().error("process.died")
        full.write("the disk is really full")
        with pytest.raises(OSError, match="No space left"):
            full.flush()
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()


def test_a_reader_that_has_stopped_to_read_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "READER_WAIT_MS", 1)
    monkeypatch.setattr(logs._Lines, "lost", 0)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writing, b"-" * 4_096):
            continue
    os.set_blocking(writing, True)
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb") as reader:
        monkeypatch.setattr("sys.stderr", stream)
        configure_logs("ingest")
        logger().error("first")
        logger().error("second", text="long " * 2_000)
        assert reader.read(10_000_000).strip(b"-") == b""
        logger().error("third", text="long " * 2_000)
        told = reader.read(10_000_000).decode().splitlines()
        assert len(told) == 2
        assert "event=third" in told[0]
        assert told[0].count("long") == 2_000
        assert told[1].endswith("event=log.lost process=ingest lines=2")
        logger().error("fourth")
        (line,) = reader.read(10_000_000).decode().splitlines()
        assert "event=fourth" in line
        monkeypatch.undo()
