"""`trapgate events export`: every event, oldest first, in a file that is whole or not there."""

import gzip
import json
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.conftest import Trapgate
from cli.stored import DAY, sixty, stored
from store.events import event
from trapgate.app import records
from trapgate.app.records import NotAnswered, Span, StoredEvents
from trapgate.model import Event
from trapgate.model.query import Query
from trapgate.normalize.stored import event_of


@pytest.fixture
def filled(folder: Path) -> None:
    stored(folder, sixty())


def events_in(text: str) -> list[Event]:
    return [event_of(json.loads(line)) for line in text.splitlines()]


def test_to_standard_output(trapgate: Trapgate, filled: None) -> None:
    result = trapgate("events", "export", *DAY)
    assert (result.exit_code, result.stderr) == (0, "60 events\n")
    assert events_in(result.stdout) == sixty()
    some = trapgate("events", "export", "host.name:router-1", *DAY, "-o", "-")
    assert events_in(some.stdout) == [each for each in sixty() if each.device == "router-1"]


def test_to_a_file(trapgate: Trapgate, folder: Path, filled: None) -> None:
    result = trapgate("events", "export", *DAY, "-o", "out.jsonl")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "60 events\n")
    file = folder / "out.jsonl"
    assert events_in(file.read_text()) == sixty()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["data", "out.jsonl"]


def test_a_compressed_file_is_the_same_each_time(
    trapgate: Trapgate, folder: Path, filled: None
) -> None:
    written = []
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        assert trapgate("events", "export", *DAY, "-o", name).exit_code == 0
        written.append((folder / name).read_bytes())
    assert written[0] == written[1]
    assert written[0][4:8] == bytes(4), "the header of gzip has a time in it"
    assert events_in(gzip.decompress(written[0]).decode()) == sixty()


def test_more_events_than_are_held_at_once(
    trapgate: Trapgate, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trapgate.app.chronicle.WINDOW_EVENTS_MAX", 7)
    many = [event(n, message=f"event {n}") for n in range(1, 500)]
    stored(folder, many)
    assert events_in(trapgate("events", "export", *DAY).stdout) == many


def test_nothing_to_export(trapgate: Trapgate, folder: Path, filled: None) -> None:
    result = trapgate("events", "export", "host.name:nobody", *DAY, "-o", "none.jsonl")
    assert (result.exit_code, result.stderr) == (1, "0 events: none.jsonl has none now\n")
    assert (folder / "none.jsonl").read_bytes() == b""
    to_output = trapgate("events", "export", "host.name:nobody", *DAY)
    assert (to_output.exit_code, to_output.stdout, to_output.stderr) == (1, "", "0 events\n")


def test_an_export_that_breaks_off_leaves_what_was_there(
    trapgate: Trapgate, folder: Path, filled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaking(StoredEvents):
        def newest_first(
            self, query: Query, span: Span, limit: int | None = None
        ) -> Iterator[Event]:
            yield event(1)
            raise NotAnswered("the disk is gone")

    monkeypatch.setattr(records, "StoredEvents", Breaking)
    (folder / "out.jsonl").write_text("what was there\n")
    result = trapgate("events", "export", *DAY, "-o", "out.jsonl")
    assert (result.exit_code, result.stderr) == (4, "no answer: the disk is gone\n")
    assert (folder / "out.jsonl").read_text() == "what was there\n"
    assert sorted(path.name for path in folder.iterdir()) == ["data", "out.jsonl"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_export_that_is_ended_leaves_nothing(
    number: signal.Signals,
    trapgate: Trapgate,
    folder: Path,
    filled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ended(StoredEvents):
        def newest_first(
            self, query: Query, span: Span, limit: int | None = None
        ) -> Iterator[Event]:
            assert list(folder.glob(".out.jsonl.*.part"))
            signal.raise_signal(number)
            yield event(1)

    def not_reached(*_: object) -> None:
        raise AssertionError("the export has not taken the signal")

    monkeypatch.setattr(records, "StoredEvents", Ended)
    before = signal.signal(number, not_reached)
    try:
        result = trapgate("events", "export", *DAY, "-o", "out.jsonl")
        assert signal.getsignal(number) is not_reached
    finally:
        signal.signal(number, before)
    assert (result.exit_code, result.stderr) == (128 + number, "")
    assert [path.name for path in folder.iterdir()] == ["data"]


def test_an_export_with_a_damaged_day(trapgate: Trapgate, folder: Path, filled: None) -> None:
    (folder / "data" / "events" / "events-2026-11-20.sqlite").write_bytes(b"junk" * 4_000)
    since = ("--since", "2026-11-20", "--until", "2026-11-22", "--utc")
    result = trapgate("events", "export", *since, "-o", "out.jsonl")
    assert result.exit_code == 3
    incomplete = "incomplete: events-2026-11-20.sqlite is damaged or set aside: events of it may be"
    assert result.stderr == f"{incomplete} missing\n60 events\n"
    assert len(events_in((folder / "out.jsonl").read_text())) == 60


@pytest.mark.parametrize(
    ("target", "why"),
    [("nowhere/out.jsonl", "No such file or directory"), ("data", "Is a directory")],
)
def test_a_file_that_cannot_be_written(
    target: str, why: str, trapgate: Trapgate, filled: None
) -> None:
    result = trapgate("events", "export", *DAY, "-o", target)
    assert (result.exit_code, result.stderr) == (74, f"{target}: {why}\n")


def test_a_progress_bar_where_there_is_a_terminal(
    trapgate: Trapgate, filled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trapgate.cli.progress.SHOWN_AFTER_S", 0.0)
    monkeypatch.setattr("trapgate.cli.events.export.stderr_is_a_terminal", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = trapgate("events", "export", *DAY, "-o", "out.jsonl")
    assert "exporting" in result.stderr
    assert "60 events" in result.stderr
