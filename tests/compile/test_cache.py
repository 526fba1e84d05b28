from pathlib import Path

import pytest

from trapgate.compile import Cache, Finding, Outcome

KEY, OTHER = "0" * 32, "1" * 32
OUTCOME = Outcome(1, "A-MIB", None, (Finding("error", "bad", 3, "mend it"),))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "data/mibs", writable=True)


def test_what_is_kept_is_read(cache: Cache) -> None:
    assert cache.read(KEY) is None
    cache.write(KEY, OUTCOME)
    assert cache.read(KEY) == OUTCOME
    assert cache.path(KEY).stat().st_mode & 0o777 == 0o600
    assert cache.path(KEY).parent.stat().st_mode & 0o777 == 0o700
    assert list(cache.path(KEY).parent.iterdir()) == [cache.path(KEY)]


def test_one_that_is_not_writable_is_left_alone(tmp_path: Path) -> None:
    Cache(tmp_path / "mibs", writable=False).write(KEY, OUTCOME)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b"[]", b'{"schema": 2}'])
def test_what_is_damaged_is_not_there(cache: Cache, damage: bytes) -> None:
    cache.write(KEY, OUTCOME)
    cache.path(KEY).write_bytes(damage)
    assert cache.read(KEY) is None
    cache.write(KEY, OUTCOME)
    assert cache.read(KEY) == OUTCOME


def test_a_disk_that_refuses_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "mibs").write_text("a file where the folder should be")
    cache = Cache(tmp_path / "mibs", writable=True)
    cache.write(KEY, OUTCOME)
    assert cache.read(KEY) is None
    assert cache.forget_others([]) == 0


def test_what_is_not_used_is_forgotten_and_nothing_else(cache: Cache) -> None:
    cache.write(KEY, OUTCOME)
    cache.write(OTHER, OUTCOME)
    stranger = cache.path(KEY).parent / "notes.json"
    stranger.touch()
    assert cache.forget_others([KEY]) == 1
    assert cache.read(KEY) == OUTCOME
    assert cache.read(OTHER) is None
    assert stranger.exists()


def test_a_finding_is_a_warning_at_its_line() -> None:
    problem = OUTCOME.findings[0].problem("a.mib")
    assert (str(problem.span), problem.severity) == ("a.mib:3:1", "warning")
    assert (problem.summary, problem.help) == ("bad", "mend it")
    assert str(Finding("error", "bad").problem("a.mib", "error").span) == "a.mib"
