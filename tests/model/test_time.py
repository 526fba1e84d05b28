"""Instants: what is written is read back, and nothing that names no instant is read."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trapgate.model import NEVER, NS_PER_S, parse_rfc3339, rfc3339

INSTANTS = st.integers(min_value=-NEVER + NS_PER_S, max_value=NEVER)


@pytest.mark.parametrize(
    ("instant_ns", "digits", "text"),
    [
        (0, 3, "1970-01-01T00:00:00.000Z"),
        (0, 0, "1970-01-01T00:00:00Z"),
        (1_999_999_999, 3, "1970-01-01T00:00:01.999Z"),
        (1_999_999_999, 0, "1970-01-01T00:00:01Z"),
        (1_234_567_891, 9, "1970-01-01T00:00:01.234567891Z"),
        (-1, 9, "1969-12-31T23:59:59.999999999Z"),
        (1_795_255_200 * NS_PER_S, 6, "2026-11-21T10:00:00.000000Z"),
        (-30_641_760_000 * NS_PER_S, 0, "0999-01-01T00:00:00Z"),
        (NEVER, 3, "2262-04-11T23:47:16.854Z"),
    ],
)
def test_an_instant_is_written_in_utc_and_cut(instant_ns: int, digits: int, text: str) -> None:
    assert rfc3339(instant_ns, digits=digits) == text


@given(INSTANTS)
def test_nine_digits_keep_everything(instant_ns: int) -> None:
    assert parse_rfc3339(rfc3339(instant_ns, digits=9)) == instant_ns


@given(INSTANTS, st.integers(min_value=0, max_value=9))
def test_fewer_digits_cut(instant_ns: int, digits: int) -> None:
    step = 10 ** (9 - digits)
    assert parse_rfc3339(rfc3339(instant_ns, digits=digits)) == instant_ns // step * step


@given(st.lists(INSTANTS, min_size=2, max_size=2))
def test_texts_sort_as_instants_do(pair: list[int]) -> None:
    one, other = pair
    assert (rfc3339(one, digits=9) < rfc3339(other, digits=9)) == (one < other)


@given(INSTANTS)
def test_python_agrees(instant_ns: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant_ns // 1000)
    text = moment.isoformat(timespec="microseconds")
    assert rfc3339(instant_ns, digits=6) == text.replace("+00:00", "Z")
    assert parse_rfc3339(text) == instant_ns // 1000 * 1000


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-21T11:30:00+01:30", "2026-11-21T10:00:00Z"),
        ("2026-11-21T05:00:00.5-05:00", "2026-11-21T10:00:00.5Z"),
        ("2026-11-21T10:00:00.123456789+00:00", "2026-11-21T10:00:00.123456789Z"),
        ("1969-12-31T23:59:59.25+00:00", "1969-12-31T23:59:59.25Z"),
        ("2026-11-21t10:00:00z", "2026-11-21T10:00:00Z"),
        ("2026-11-21 10:00:00Z", "2026-11-21T10:00:00Z"),
        ("2026-11-21T10:00:00.1234567899Z", "2026-11-21T10:00:00.123456789Z"),
    ],
)
def test_offsets_and_fractions(text: str, same: str) -> None:
    assert parse_rfc3339(text) == parse_rfc3339(same)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-21",
        "10:00:00Z",
        "2026-11-21T10:00:00",
        "2026-11-21T10Z",
        "2026-W47-6T10:00:00Z",
        "20261121T100000Z",
        "2026-13-21T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-21T10:00:00,5Z",
        "2026-11-21T10:00:00+01:00:00.5",
        "2026-11-21T10:00:00Z\n",
        "２０２６-11-21T10:00:00Z",
    ],
)
def test_what_names_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    ("text", "instant_ns"),
    [
        ("9999-12-31T23:59:59Z", NEVER),
        ("9999-12-31T23:59:59-23:59", NEVER),
        ("0001-01-01T00:00:00Z", -NEVER),
        ("0001-01-01T00:00:00+23:59", -NEVER),
    ],
)
def test_what_an_int64_cannot_hold_is_the_nearest_that_it_can(text: str, instant_ns: int) -> None:
    assert parse_rfc3339(text) == instant_ns
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(instant_ns)) == instant_ns
    assert rfc3339(instant_ns)
