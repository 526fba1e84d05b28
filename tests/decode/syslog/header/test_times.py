"""The year that is missing, the zone that is missing or named, clocks that are wrong."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decode.syslog.lines import message_of
from trapgate.decode.syslog.header.times import Civil, instant, is_uptime
from trapgate.decode.syslog.header.zones import is_zone, offset_s, written_offset_s
from trapgate.model import NS_PER_S, rfc3339


def heard(time: str, received: str, home: tzinfo = UTC) -> str | None:
    """When a device says that it was."""
    message = message_of(f"<13>{time} r1 app: hello", received=received, home=home)
    return None if message.timestamp is None else rfc3339(message.timestamp, digits=0)


@pytest.mark.parametrize(
    ("time", "received", "instant"),
    [
        ("Dec 31 23:59:58", "2027-01-01T00:00:03Z", "2026-12-31T23:59:58Z"),
        ("Jan  1 00:00:03", "2026-12-31T23:59:58Z", "2027-01-01T00:00:03Z"),
        ("Jan  1 00:00:03", "2027-01-01T00:00:03Z", "2027-01-01T00:00:03Z"),
        ("Jul 15 12:00:00", "2026-07-15T12:00:00Z", "2026-07-15T12:00:00Z"),
        ("Jan 20 00:00:00", "2026-07-15T12:00:00Z", "2026-01-20T00:00:00Z"),
        ("Jan 10 00:00:00", "2026-07-15T12:00:00Z", "2027-01-10T00:00:00Z"),
        ("Feb 29 23:59:59", "2028-03-01T00:00:01Z", "2028-02-29T23:59:59Z"),
        ("Feb 29 12:00:00", "2027-03-01T00:00:00Z", "2028-02-29T12:00:00Z"),
        ("Feb 29 12:00:00", "2025-06-01T00:00:00Z", "2024-02-29T12:00:00Z"),
        ("Feb 29 12:00:00", "2028-12-01T00:00:00Z", "2028-02-29T12:00:00Z"),
        ("Feb 29 12:00:00", "2102-03-01T00:00:00Z", "2104-02-29T12:00:00Z"),
        ("Feb 30 12:00:00", "2026-03-01T00:00:00Z", None),
        ("Jul 15 24:00:00", "2026-07-15T12:00:00Z", None),
        ("Jul 15 12:60:00", "2026-07-15T12:00:00Z", None),
        ("Jun 30 23:59:60", "2026-07-01T00:00:01Z", "2026-07-01T00:00:00Z"),
    ],
)
def test_the_year_is_the_nearest(time: str, received: str, instant: str | None) -> None:
    assert heard(time, received) == instant


FIRST = datetime(1972, 1, 1, tzinfo=UTC).replace(tzinfo=None)
LAST = datetime(2200, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@given(
    st.datetimes(FIRST, LAST),
    st.timedeltas(timedelta(days=-180), timedelta(days=180)),
)
def test_a_time_within_half_a_year_is_found_again(moment: datetime, late: timedelta) -> None:
    moment = moment.replace(microsecond=0)
    received = (moment + late).replace(microsecond=0)
    time = moment.strftime("%b %d %H:%M:%S")
    assert heard(time, f"{received.isoformat()}Z") == f"{moment.isoformat()}Z"


@pytest.mark.parametrize(
    ("zone", "offset_h"),
    [
        ("UTC", 0),
        ("GMT", 0),
        ("CET", 1),
        ("CEST", 2),
        ("MEST", 2),
        ("cest", 2),
        ("EEST", 3),
        ("MSK", 3),
        ("IST", 5.5),
        ("JST", 9),
        ("AEST", 10),
        ("NZDT", 13),
        ("EST", -5),
        ("EDT", -4),
        ("mdt", -6),
        ("PST", -8),
        ("NST", -3.5),
        ("UTC+07:30", 7.5),
        ("GMT-3", -3),
        ("TZ-6", -6),
        ("+0530", 5.5),
        ("METDST", 2),
    ],
)
def test_the_zone_table(zone: str, offset_h: float) -> None:
    assert is_zone(zone)
    assert offset_s(zone, UTC, 2026) == offset_h * 3_600
    # with a colon and with a blank behind it, as IOS and as RFC 3164 have it
    noon = datetime(2026, 7, 15, 12, tzinfo=UTC) - timedelta(hours=offset_h)
    text = f"{noon:%Y-%m-%dT%H:%M:%SZ}"
    assert heard(f"Jul 15 12:00:00 {zone}", "2026-07-15T12:00:00Z") == text
    message = message_of(f"<189>1: Jul 15 12:00:00 {zone}: %A-5-B: x")
    assert message.timestamp is not None
    assert rfc3339(message.timestamp, digits=0) == text


@pytest.mark.parametrize(
    ("home", "zone", "offset_h"),
    [
        ("Asia/Shanghai", "CST", 8),
        ("America/Chicago", "CST", -6),
        ("Asia/Jerusalem", "IST", 2),
        ("Europe/Dublin", "IST", 1),
        ("Europe/Berlin", "CEST", 2),
        ("UTC", "CST", -6),
    ],
)
def test_a_name_of_several_zones_is_the_sources_own(home: str, zone: str, offset_h: int) -> None:
    assert offset_s(zone, ZoneInfo(home), 2026) == offset_h * 3_600


@pytest.mark.parametrize("text", ["", "LAB", "+25", "r1", "UTC+99", "+1:99"])
def test_what_means_no_offset(text: str) -> None:
    assert written_offset_s(text) is None
    assert offset_s(text, UTC, 2026) is None


@pytest.mark.parametrize(
    ("home", "time", "received", "instant"),
    [
        ("Europe/Berlin", "Jul 15 14:00:00", "2026-07-15T12:00:01Z", "2026-07-15T12:00:00Z"),
        ("Europe/Berlin", "Jan 15 13:00:00", "2026-01-15T12:00:01Z", "2026-01-15T12:00:00Z"),
        # no summer time there, all year the same
        ("Asia/Kolkata", "Jul 15 17:30:00", "2026-07-15T12:00:01Z", "2026-07-15T12:00:00Z"),
        ("Asia/Kolkata", "Jan 15 17:30:00", "2026-01-15T12:00:01Z", "2026-01-15T12:00:00Z"),
        ("America/Phoenix", "Jul 15 05:00:00", "2026-07-15T12:00:01Z", "2026-07-15T12:00:00Z"),
        ("America/Phoenix", "Jan 15 05:00:00", "2026-01-15T12:00:01Z", "2026-01-15T12:00:00Z"),
        # the hour that autumn has twice: whichever is nearer
        ("Europe/Berlin", "Oct 25 02:30:00", "2026-10-25T00:30:05Z", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "Oct 25 02:30:00", "2026-10-25T01:30:05Z", "2026-10-25T01:30:00Z"),
        # New Year at home is not New Year in UTC
        ("Pacific/Auckland", "Jan  1 00:30:00", "2026-12-31T11:30:05Z", "2026-12-31T11:30:00Z"),
        ("America/New_York", "Dec 31 23:30:00", "2027-01-01T04:30:05Z", "2027-01-01T04:30:00Z"),
    ],
)
def test_without_a_zone_it_is_the_sources(
    home: str, time: str, received: str, instant: str
) -> None:
    assert heard(time, received, ZoneInfo(home)) == instant


def test_a_written_zone_wins_over_the_sources() -> None:
    home = ZoneInfo("Europe/Berlin")
    assert heard("Jul 15 12:00:00 UTC", "2026-07-15T12:00:00Z", home) == "2026-07-15T12:00:00Z"
    assert heard("2026-07-15T12:00:00Z", "2026-07-15T12:00:00Z", home) == "2026-07-15T12:00:00Z"
    assert heard("2026-07-15T12:00:00", "2026-07-15T12:00:00Z", home) == "2026-07-15T10:00:00Z"


@pytest.mark.parametrize(
    ("time", "trusted"),
    [
        ("2026-07-15T12:00:00Z", True),
        ("2026-07-16T12:00:00Z", True),
        ("2026-07-16T12:00:01Z", False),
        ("2001-01-01T00:00:00Z", True),
        ("2000-12-31T23:59:59Z", False),
        ("1970-01-01T00:00:00Z", False),
        ("1700-01-01T00:00:00Z", False),
        ("2261-12-31T23:59:59Z", False),
    ],
)
def test_an_impossible_clock_is_not_trusted_but_told(time: str, trusted: bool) -> None:
    message = message_of(f"<13>{time} r1 app: hello")
    assert message.timestamp is not None
    assert rfc3339(message.timestamp, digits=0) == time
    assert message.clock_trusted is trusted


@pytest.mark.parametrize("year", ["0001", "1699", "2262", "9999", "0000"])
def test_a_year_that_no_store_can_hold_is_no_time(year: str) -> None:
    message = message_of(f"<13>{year}-07-15T12:00:00Z r1 app: hello")
    assert (message.timestamp, message.clock_trusted) == (None, False)
    assert [problem.code for problem in message.problems] == ["bad-time"]


def test_fractions_are_kept_to_the_nanosecond() -> None:
    message = message_of("<13>2026-07-15T12:00:00.1234567899Z r1 app: hello")
    assert message.timestamp is not None
    assert message.timestamp % NS_PER_S == 123_456_789


@pytest.mark.parametrize(
    ("word", "uptime"),
    [("00:01:01", True), ("2y10w", True), ("3d04h", True), ("3d", False), ("r1", False)],
)
def test_uptimes(word: str, uptime: bool) -> None:
    assert is_uptime(word) is uptime


@given(
    st.integers(978_307_200, 4_070_908_800).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.integers(1, 12),
    st.integers(1, 31),
    st.integers(0, 23),
)
def test_the_year_is_the_nearest_of_all(now: datetime, month: int, day: int, hour: int) -> None:
    received_at = int(now.timestamp()) * NS_PER_S
    found, _ = instant(Civil(None, month, day, hour, 0, 0), None, UTC, received_at)
    possible = []
    for year in range(now.year - 9, now.year + 10):
        try:
            moment = datetime(year, month, day, hour, tzinfo=UTC)
        except ValueError:
            continue
        possible.append(abs(int(moment.timestamp()) * NS_PER_S - received_at))
    assert (found is None) == (not possible)
    if found is not None:
        assert abs(found - received_at) == min(possible)
