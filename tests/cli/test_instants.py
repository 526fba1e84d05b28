"""Times as they are written on a command line and shown in a table."""

import time
from collections.abc import Iterator
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.events import MIDNIGHT
from trapgate.cli.instants import read_instant, shown_instant
from trapgate.model import NEVER, NS_PER_S

HOUR = 3_600 * NS_PER_S


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine an hour before UTC, in winter."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", MIDNIGHT),
        ("0", MIDNIGHT),
        ("1h30m", MIDNIGHT - HOUR * 3 // 2),
        ("-1h", MIDNIGHT - HOUR),
        ("01:00", MIDNIGHT),
        ("0:30:15", MIDNIGHT - HOUR // 2 + 15 * NS_PER_S),
        ("7:30:15", MIDNIGHT - HOUR * 35 // 2 + 15 * NS_PER_S),
        ("500ms", MIDNIGHT - NS_PER_S // 2),
        ("2026-11-21T00:00:00Z", MIDNIGHT),
        ("2026-11-21T00:00:00.000000007Z", MIDNIGHT + 7),
        ("2026-11-21 02:00:00+01:00", MIDNIGHT + HOUR),
        ("2026-11-21", MIDNIGHT - HOUR),
        ("2026-11-21 01:00", MIDNIGHT),
        ("2026-11-21T01:00:00.5", MIDNIGHT + NS_PER_S // 2),
        ("2026-07-01", 1_782_856_800 * NS_PER_S),
    ],
)
def test_what_a_user_may_write(berlin: None, text: str, expected: int) -> None:
    assert read_instant(text, MIDNIGHT) == expected


def test_a_zone_that_is_asked_for(berlin: None) -> None:
    assert read_instant("2026-11-21", 0, UTC) == MIDNIGHT
    assert read_instant("23:00", MIDNIGHT - 1, UTC) == MIDNIGHT - HOUR
    assert shown_instant(MIDNIGHT, UTC, digits=3) == "2026-11-21 00:00:00.000Z"
    assert shown_instant(MIDNIGHT + 1_500_000) == "2026-11-21 01:00:00"
    assert shown_instant(MIDNIGHT + 1_500_000, digits=3) == "2026-11-21 01:00:00.001"


def clock(day: int, hour: float) -> int:
    return MIDNIGHT + (day - 21) * 24 * HOUR + int(hour * HOUR)


@pytest.mark.parametrize(
    ("asked_at", "since", "until"),
    [
        (clock(21, 19.4), clock(20, 22), clock(21, 6)),  # the day after
        (clock(21, 6), clock(20, 22), clock(21, 6)),
        (clock(21, 2), clock(20, 22), clock(21, 6)),  # in that night
        (clock(21, 22), clock(21, 22), clock(22, 6)),
        (clock(20, 23.5), clock(20, 22), clock(21, 6)),
    ],
)
def test_a_night_shift(asked_at: int, since: int, until: int) -> None:
    found = read_instant("22:00", asked_at, UTC)
    assert found == since
    assert read_instant("06:00", asked_at, UTC, after_ns=found) == until


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("23:00", None, clock(20, 23)),  # not to come
        ("19:23:59", None, clock(21, 19) + 1_439 * NS_PER_S),
        ("18:00", clock(21, 17), clock(21, 18)),
        ("06:00", clock(14, 0), clock(21, 6)),  # the last, not the first since then
        ("23:00", clock(14, 0), clock(20, 23)),
        ("06:00", clock(21, 6), clock(22, 6)),
    ],
)
def test_a_time_of_day_is_the_last_one(text: str, after: int | None, expected: int) -> None:
    assert read_instant(text, clock(21, 19.4), UTC, after) == expected


def test_a_night_in_which_the_clock_is_put_back(berlin: None) -> None:
    noon = 1_792_926_000 * NS_PER_S  # 2026-10-25 12:00 +01:00; at 3:00 +02:00 it was put back
    since = read_instant("22:00", noon)
    assert shown_instant(since) == "2026-10-24 22:00:00"
    until = read_instant("06:00", noon, after_ns=since)
    assert (shown_instant(until), until - since) == ("2026-10-25 06:00:00", 9 * HOUR)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1",
        "1hour",
        "--1h",
        "-now",
        "24:00",
        "2026-13-01",
        "2026-11-21T25:00",
        "20261121",
        "1h ",
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time: write 1h30m"):
        read_instant(text, MIDNIGHT)


@given(st.integers(-(10**18), NEVER))
def test_what_is_shown_can_be_written_again(instant: int) -> None:
    instant -= instant % 1_000_000
    assert read_instant(shown_instant(instant, UTC, digits=3), 0, UTC) == instant
