"""What is set aside is whole and readable, bounded, and never in the way."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from store.events import event
from trapgate.model import Datagram, Endpoint, Event, Now
from trapgate.observe import Metrics
from trapgate.pipeline.behind import WRITE_EVENTS_MAX
from trapgate.store import quarantine
from trapgate.store.quarantine import RECENT_MAX, Quarantine

NOW = Now(1_800_000_000_000_000_000, 0)


def opened(folder: Path, metrics: Metrics | None = None) -> Quarantine:
    return Quarantine(folder / "quarantine", metrics or Metrics(), lambda: NOW)


def lines(folder: Path, name: str = "newest") -> list[dict[str, Any]]:
    text = (folder / "quarantine" / f"{name}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def refused(*sequences: int) -> Sequence[tuple[Event, str]]:
    return [(event(sequence), "no number") for sequence in sequences]


def counted(metrics: Metrics, name: str, reason: str) -> float:
    return metrics.registry.get_sample_value(name, {"reason": reason}) or 0


def test_an_event_is_kept_whole_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    bad = event(7, severity=1 << 70, fields={"a": "\ud800", "b": 1.5, "c": ("x", "y")})
    bad = msgspec.structs.replace(bad, raw=b"\xff\0")
    opened(tmp_path).events([(bad, "surrogates not allowed")])
    (line,) = lines(tmp_path)
    assert line["quarantined_at"] == "2027-01-15T08:00:00.000Z"
    assert (line["reason"], line["detail"]) == ("refused-by-store", "surrogates not allowed")
    kept = line["event"]
    assert (kept["id"], kept["position"]["sequence"]) == (bad.id, 7)
    assert (kept["severity"], kept["fields"]["a"]) == (1 << 70, "\ud800")
    assert base64.b64decode(kept["raw"]) == b"\xff\0"


def test_a_datagram_is_kept_with_what_it_raised(tmp_path: Path) -> None:
    sent = Datagram(b"\x30\0", Endpoint("192.0.2.7", 1), Endpoint("192.0.2.1", 162), "snmp", 5)
    metrics = Metrics()
    opened(tmp_path, metrics).datagram(sent, "ZeroDivisionError: a bug")
    (line,) = lines(tmp_path)
    assert (line["reason"], line["detail"]) == ("internal-error", "ZeroDivisionError: a bug")
    assert base64.b64decode(line["datagram"]["data"]) == b"\x30\0"
    assert line["datagram"]["peer"]["address"] == "192.0.2.7"
    assert counted(metrics, "trapgate_ingest_quarantined_total", "internal-error") == 1


def test_the_same_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "RECENT_MAX", 2)
    kept = opened(tmp_path)
    for sequences in ((1, 2), (2, 1), (3,), (1,)):
        kept.events(refused(*sequences))
    assert [line["event"]["position"]["sequence"] for line in lines(tmp_path)] == [1, 2, 3, 1]


def test_what_the_disk_refused_is_kept_when_it_is_tried_again(tmp_path: Path) -> None:
    """It is no copy of anything that is there."""
    (tmp_path / "quarantine").write_text("in the way")
    metrics = Metrics()
    kept = opened(tmp_path, metrics)
    with capture_logs():
        kept.events(refused(1, 2))
    (tmp_path / "quarantine").unlink()
    for _ in range(2):
        kept.events(refused(1, 2))
    assert [line["event"]["position"]["sequence"] for line in lines(tmp_path)] == [1, 2]
    assert counted(metrics, "trapgate_ingest_quarantined_total", "refused-by-store") == 2


def test_the_same_is_kept_once_of_one_call(tmp_path: Path) -> None:
    opened(tmp_path).events(refused(1, 1))
    assert len(lines(tmp_path)) == 1


def test_an_event_that_was_not_matched_is_kept(tmp_path: Path) -> None:
    metrics = Metrics()
    opened(tmp_path, metrics).unmatched(event(7), "ZeroDivisionError: a bug")
    (line,) = lines(tmp_path)
    assert (line["reason"], line["detail"]) == ("unmatched", "ZeroDivisionError: a bug")
    assert line["event"]["id"] == event(7).id
    assert counted(metrics, "trapgate_ingest_quarantined_total", "unmatched") == 1


def test_a_batch_that_is_tried_again_as_a_whole_is_kept_once(tmp_path: Path) -> None:
    """The store has refused all of it, and takes no notes now: nothing of it is pushed out of what
    is remembered by the rest."""
    kept = opened(tmp_path)
    batch = refused(*range(1, WRITE_EVENTS_MAX + 1))
    for _ in range(2):
        kept.events(batch)
    assert len(lines(tmp_path)) == WRITE_EVENTS_MAX
    assert RECENT_MAX >= 4 * WRITE_EVENTS_MAX


@pytest.mark.parametrize(
    "batches",
    [[[number] for number in range(1, 101)], [range(1, 101)], [range(1, 3), range(3, 101)]],
    ids=["one by one", "at once", "some and then many"],
)
def test_the_newest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches: Sequence[Sequence[int]]
) -> None:
    """However many come at once, a file is within its bound."""
    monkeypatch.setattr(quarantine, "FILE_BYTES_MAX", 2_000)
    metrics = Metrics()
    kept = opened(tmp_path, metrics)
    for at_once in batches:
        kept.events(refused(*at_once))
    found = [*lines(tmp_path, "older"), *lines(tmp_path)]
    numbers = [line["event"]["position"]["sequence"] for line in found]
    assert len(numbers) > 2
    assert numbers == list(range(numbers[0], 101))
    files = list((tmp_path / "quarantine").iterdir())
    assert all(path.stat().st_size <= 2_000 for path in files)
    assert counted(metrics, "trapgate_ingest_quarantined_total", "refused-by-store") == 100


def test_it_is_for_the_owner_only(tmp_path: Path) -> None:
    opened(tmp_path).events(refused(1))
    folder = tmp_path / "quarantine"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "newest.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_disk_that_refuses_is_counted(tmp_path: Path) -> None:
    (tmp_path / "quarantine").write_text("in the way")
    metrics = Metrics()
    with capture_logs() as logs:
        opened(tmp_path, metrics).events(refused(1, 2))
    assert [line["event"] for line in logs] == ["quarantine.unwritable"]
    assert counted(metrics, "trapgate_ingest_failures_total", "unquarantined") == 2
    assert counted(metrics, "trapgate_ingest_quarantined_total", "refused-by-store") == 0
